"""Calls about images, each between its intent and its outcome, under the lease of its host."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.bringing import bring
from reconciler.app.clock import stamp
from reconciler.errors import HostError, LeaseHeld, Refused, Unreachable
from reconciler.lxd.write import perform
from reconciler.model.names import Kind, Ref
from reconciler.model.plan import ImportImage, SetPower
from reconciler.model.records import Intent, Outcome

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import Call
    from reconciler.store.journal import Journal


class Writes:
    """For one image, by whatever name it has. Safe for threads, as the journal is."""

    def __init__(self, settings: Settings, journal: Journal, image: str, commit: str) -> None:
        self._settings = settings
        self._journal = journal
        self._ref = Ref(Kind.IMAGE, image)
        self._commit = commit

    def make(self, door: Door, call: Call, *, uuid: str = "", source: Door | None = None) -> str:
        """Make ``call``; what it gave back. ``source``: the host that an image is copied from. Raises a ``HostError`` or ``StateError``."""
        intent = self._intent(door, call, uuid)
        self._journal.intend(intent)
        try:
            gave = bring(door, call, self._settings.root, source) if isinstance(call, ImportImage) else perform(door, call)
        except (HostError, LeaseHeld, Refused) as error:
            # A time-out is not a no: LXD may have done it.
            outcome = Outcome.UNKNOWN if isinstance(error, Unreachable) else Outcome.FAILED
            self._journal.record(intent.id, outcome, detail=f"{error.code}: {error.message}", at=stamp())
            raise
        self._journal.record(intent.id, Outcome.DONE, detail="", at=stamp())
        return gave

    def _intent(self, door: Door, call: Call, uuid: str) -> Intent:
        return Intent(
            id=uuid4().hex,
            plan="",
            host=door.host.name,
            ref=str(self._ref),
            instance=getattr(call, "name", "") or f"image {getattr(call, 'fingerprint', '')[:12]}",
            call=f"{type(call).__name__}:{call.verb}" if isinstance(call, SetPower) else type(call).__name__,
            at=stamp(),
            uuid=uuid,
            commit=self._commit,
            actor=self._settings.actor,
            term=door.term,
        )
