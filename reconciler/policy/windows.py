"""Maintenance windows: is one open, when does the next one open, when does that change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from reconciler.model.modes import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.modes import Window

WEEK = 7


def is_open(windows: Iterable[Window], at: datetime) -> bool:
    """Whether any is open. Raises ``ValueError`` for a zone that this machine does not know, or a time without one."""
    return any(opening <= at < closing for window in windows for opening, closing in _spans(window, at))


def next_opening(windows: Iterable[Window], at: datetime) -> datetime | None:
    """The first moment after ``at`` at which one opens, in its own zone; None where there is no window. Raises as ``is_open``."""
    found = ((opening, window) for window in windows for opening, _closing in _spans(window, at) if opening > at)
    first = min(found, key=lambda pair: pair[0], default=None)
    return first[0].astimezone(zone_of(first[1].zone)) if first else None


def edges(windows: Iterable[Window], at: datetime) -> Iterator[datetime]:
    """Moments after ``at``, within a week or so, at which one opens or closes, in no order. Raises as ``is_open``."""
    for window in windows:
        for span in _spans(window, at):
            yield from (edge for edge in span if edge > at)


def _spans(window: Window, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing, in UTC, of each time that may touch the week on either side of ``at``.

    Where the clocks jump over the opening it opens as much later as they jumped; where they show it twice it opens the first time.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    zone, length = zone_of(window.zone), timedelta(seconds=window.length)
    before = WEEK + 1 + length.days
    today = at.astimezone(zone).date()
    for offset in range(-before, WEEK + 2):
        day = today + timedelta(days=offset)
        if day.weekday() in window.days:
            opening = datetime.combine(day, time(*divmod(window.opens, 60)), zone).astimezone(UTC)
            yield opening, opening + length
