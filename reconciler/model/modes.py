"""What may be done about an object, and when: modes, suspensions, windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Mode(StrEnum):
    """``enforce`` makes it as declared; ``detect`` tells what differs and changes nothing."""

    ENFORCE = "enforce"
    DETECT = "detect"


@dataclass(frozen=True, slots=True)
class Suspension:
    """Nothing is changed before ``until``, a moment in ISO 8601 with its zone."""

    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Stance:
    """What one manifest says may be done. Of several that speak about one object the strictest counts."""

    mode: Mode = Mode.ENFORCE
    suspension: Suspension | None = None
    said_by: str = ""
    """What set the mode where that is not the manifest, such as an option of the command line."""


FREE = Stance()
"""Of what no manifest says anything else."""


@dataclass(frozen=True, slots=True)
class Window:
    """When what is there may be ended. It opens on ``days`` (0 is Monday) at ``opens`` by the clocks of ``zone``."""

    days: tuple[int, ...]
    opens: int
    """Minutes after midnight."""
    length: int
    """Seconds that it stays open, whatever the clocks do meanwhile."""
    zone: str


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone, from the time zones of the system. Raises ``ValueError`` where they hold none of that name."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no zone that this machine knows") from error
