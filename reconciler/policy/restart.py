"""How often one that fails is started again: a back-off that doubles, and a cap within a window. Counted from the journal's deeds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from reconciler.model.health import Restart
    from reconciler.model.records import Deed

LONGEST = 300
"""Seconds of the longest back-off, unless the first is longer already."""
_RESTS = frozenset({"hibernate", "update"})
_BEGINS = frozenset({"start", "update", "restart"})


def tries(restart: Restart, deeds: Iterable[Deed], uuid: str, at: datetime) -> tuple[Deed, ...]:
    """The restarts of one instance within the window, oldest first. A start after a rest that we gave it is none."""
    since, resting, found = at - timedelta(seconds=restart.window), False, []
    for deed in deeds:
        if deed.uuid != uuid:
            continue
        if deed.call == "SetPower:stop" and deed.done and deed.action in _RESTS:
            resting = True
        elif _tried(deed):
            if not resting and deed.at >= since:
                found.append(deed)
            resting = False
    return tuple(found)


def _tried(deed: Deed) -> bool:
    """A failed start is counted among the failures; a restart whose stop failed was one all the same, for it may have come late."""
    if deed.call == "SetPower:start":
        return deed.done and deed.action in _BEGINS
    return deed.call == "SetPower:stop" and not deed.done and deed.action == "restart"


def pause(restart: Restart, count: int) -> int:
    """Seconds between the restart number ``count`` and the next. Before the first there is none."""
    if count == 0:
        return 0
    return int(min(restart.backoff * 2 ** min(count - 1, 30), max(LONGEST, restart.backoff)))


def not_before(restart: Restart, tried: Sequence[Deed], at: datetime) -> datetime | None:
    """When the next may be made; None where it may be made at once."""
    if not tried:
        return None
    last = max(deed.at for deed in tried)
    until = last + timedelta(seconds=pause(restart, len(tried)))
    # A clock that was set back would make this wait as long; the cap counts on.
    return until if last <= at < until else None


def window_ends(restart: Restart, tried: Sequence[Deed]) -> datetime:
    """When so many of ``tried`` are past that one more may be made under the cap. Raises ``ValueError`` without any."""
    times = sorted(deed.at for deed in tried)
    if not times:
        raise ValueError("nothing was tried")
    return times[max(0, len(times) - restart.cap)] + timedelta(seconds=restart.window)
