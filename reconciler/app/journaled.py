"""One call outside a plan, with the same lease and journal around it as a planned one has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clock import stamp
from reconciler.app.writer import leased
from reconciler.errors import Forgotten, HostError, LeaseHeld, Refused, Unreachable
from reconciler.lxd.write import perform
from reconciler.model.names import instance_name
from reconciler.model.plan import SetPower
from reconciler.model.records import Intent, Outcome
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.names import Ref
    from reconciler.model.plan import UpdateInstance


def journaled(settings: Settings, door: Door, call: UpdateInstance | SetPower, *, ref: Ref, uuid: str, commit: str) -> None:
    """Make ``call`` with its intent before it and its outcome after it. Only under ``only_writer``.

    Raises ``LeaseHeld``, ``StateError`` or a ``HostError``.
    """
    with leased(settings, door) as opened, Journal(settings.state_dir / FILE_NAME) as journal:
        intent = Intent(
            id=uuid4().hex,
            plan="",
            host=door.host.name,
            ref=str(ref),
            instance=call.name or instance_name(ref),
            call=f"{type(call).__name__}:{call.verb}" if isinstance(call, SetPower) else type(call).__name__,
            at=stamp(),
            uuid=uuid,
            commit=commit,
            actor=settings.actor,
            term=opened.term,
        )
        journal.intend(intent)
        try:
            perform(opened, call)
        except (HostError, LeaseHeld) as error:
            journal.record(intent.id, outcome_of(error), detail=f"{error.code}: {error.message}", at=stamp())
            raise
        journal.record(intent.id, Outcome.DONE, detail="", at=stamp())


def outcome_of(error: HostError | LeaseHeld | Refused) -> Outcome:
    """How a call that gave ``error`` ended. Neither a time-out nor what LXD forgot is a no: it may have done it, and the next look decides.

    What the lease or the permit kept from being sent is no failure of the object that it was about.
    """
    if isinstance(error, LeaseHeld | Refused):
        return Outcome.SKIPPED
    return Outcome.UNKNOWN if isinstance(error, Unreachable | Forgotten) else Outcome.FAILED
