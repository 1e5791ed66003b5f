"""The one place that reads the clock. Everything inside takes the time as a value."""

from __future__ import annotations

import time
from datetime import UTC, datetime

TRIES = 5
"""Readings of two clocks of which the two that came closest together are taken."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is that one place


def stamp() -> str:
    """The time as the journal and plans write it: ISO 8601, UTC, milliseconds."""
    return now().isoformat(timespec="milliseconds")


class Steady:
    """Our clock, held against the time that passed since this was made, the time in which the machine slept among it.

    That time cannot be set. A clock that is slewed takes it along; one that is set does not.
    """

    def __init__(self) -> None:
        self._gap = max(_gap(now()) for _ in range(TRIES))

    def jumped(self, at: datetime) -> float:
        """Seconds by which the clock, which said ``at`` a moment ago, moved beside the time that passed; negative where it was set back."""
        return _gap(at) - self._gap


def _gap(at: datetime) -> float:
    return at.timestamp() - time.clock_gettime(time.CLOCK_BOOTTIME)
