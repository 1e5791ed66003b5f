"""What a control plane that stands by may remember of another's doing: so that it knows as much when it leads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.engine.diff import BEFORE_LXD
from reconciler.engine.power import POWER_OF
from reconciler.model.changes import Action
from reconciler.model.marks import EXPIRES
from reconciler.model.names import Kind
from reconciler.model.records import PowerRecord, Writer
from reconciler.model.resources import Power, PowerOwner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.changes import Change
    from reconciler.model.records import Ledger


def powers(changes: Iterable[Change], ledger: Ledger) -> Iterator[tuple[str, PowerRecord]]:
    """(uuid, power) of each object that is exactly as declared, where another power or none is remembered.

    At rest as declared: the manifest may wake it again, whoever put it there. Running as declared: what was remembered of its rest is over.
    """
    for change in changes:
        if change.action is not Action.KEEP or change.found is None or change.wanted is None:
            continue
        wanted, found = change.wanted, change.found
        if wanted.power_owner is not PowerOwner.DECLARED or POWER_OF.get(found.status) != wanted.power.value:
            continue
        before = ledger.powers.get(found.uuid)
        record = PowerRecord(wanted.power.value, Writer.GIT)
        if before != record and (before is not None or wanted.power is not Power.RUNNING):
            yield found.uuid, record


def ends(changes: Iterable[Change]) -> dict[str, tuple[str, datetime]]:
    """Sessions: uid -> (``Kind/name``, when its ttl is over). One whose time cannot be read is left out."""
    found: dict[str, tuple[str, datetime]] = {}
    for change in changes:
        if change.ref.kind is Kind.SESSION:
            found |= _end(change)
    return found


def _end(change: Change) -> dict[str, tuple[str, datetime]]:
    if change.found is None or change.wanted is None or not change.wanted.ttl:
        return {}
    if change.found.config.get(EXPIRES) != str(change.wanted.ttl):
        return {}
    try:
        end = datetime.fromisoformat(change.found.created_at) + timedelta(seconds=change.wanted.ttl)
    except (ValueError, OverflowError):
        return {}
    return {change.wanted.uid: (str(change.ref), end)} if end.tzinfo and end > BEFORE_LXD else {}
