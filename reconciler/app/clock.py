"""The one place that reads the clock. Everything inside takes the time as a value."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is that one place


def stamp() -> str:
    """The time as the journal and plans write it: ISO 8601, UTC, milliseconds."""
    return now().isoformat(timespec="milliseconds")
