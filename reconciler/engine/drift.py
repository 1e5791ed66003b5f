"""What differs though nobody wrote so: fields, power and whole instances that are not as they were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.changes import Action
from reconciler.model.modes import Drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.changes import Change, Changes
    from reconciler.model.modes import Touch
    from reconciler.model.records import Known, Ledger

    Touches = Mapping[tuple[str, str], Touch]

GONE = "instance"
"""Path of a drift that is about the whole instance."""


def drifts(changes: Changes, ledger: Ledger, touches: Touches | None = None) -> tuple[Drift, ...]:
    """Every field that differs from a manifest which is as it was when it was applied last, in order of host and reference.

    ``touches``: (host, instance) -> the last thing that LXD told of it which was not ours.
    """
    seen = touches or {}
    by_ref = {known.ref: known for known in ledger.known.values()}
    return tuple(item for change in changes.items for item in _of(change, ledger, by_ref, seen))


def _of(change: Change, ledger: Ledger, by_ref: Mapping[str, Known], touches: Touches) -> Iterator[Drift]:
    wanted, found = change.wanted, change.found
    if wanted is None or change.action is Action.KEEP:
        return
    known = ledger.known.get(found.uuid) if found is not None else by_ref.get(str(change.ref))
    if known is None or not wanted.document or known.document != wanted.document:
        return
    touch = touches.get((known.host, known.instance) if found is None else (change.host, change.instance))
    who, when = (touch.who, touch.at.isoformat()) if touch else ("", "")
    if found is None:
        yield Drift(change.ref, known.host, GONE, "present", "absent", who, when)
    for diff in change.fields:
        yield Drift(change.ref, change.host, diff.path, diff.new or "absent", diff.old or "absent", who, when)
