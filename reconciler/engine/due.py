"""When time alone changes what is decided about a host: so that whoever waits knows for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.engine.leaving import grace_of
from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.names import Kind
from reconciler.policy.modes import next_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.changes import Change
    from reconciler.model.resources import Desired


def next_due(changes: Iterable[Change], desired: Desired, host: str, at: datetime) -> datetime | None:
    """The first moment after ``at`` at which a session on ``host`` or a quarantine there is over, or what is allowed changes.

    None where no such moment is known. What cannot be read comes to no moment: the rules refuse for it.
    """
    moments = [moment for change in changes if change.host == host for moment in _ends(change, desired)]
    allowed = next_change(desired, at)
    return min((moment for moment in (*moments, *([allowed] if allowed else [])) if moment > at), default=None)


def _ends(change: Change, desired: Desired) -> Iterator[datetime]:
    found, wanted = change.found, change.wanted
    if found is None or change.action is not Action.KEEP:
        return
    try:
        if change.reason is Reason.IN_QUARANTINE:
            since = datetime.fromisoformat(found.config.get(marks.QUARANTINE, ""))
            yield _zoned(since) + timedelta(seconds=grace_of(change.ref.kind, desired.policy.grace))
        elif change.ref.kind is Kind.SESSION and wanted is not None and wanted.ttl:
            yield _zoned(datetime.fromisoformat(found.created_at)) + timedelta(seconds=wanted.ttl)
    except (ValueError, OverflowError):
        return


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
