"""What a host says of itself without being asked. Hints only: they may be lost, late, repeated or wrong, and prove nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """One event of one host. ``at`` is the host's own time (ISO 8601), ``who`` the requestor that LXD names, "" where it names none."""

    action: str
    """LXD's word, such as ``instance-started``; ``instance-stopping`` is of one whose first process has just ended."""
    instance: str
    """Its name; "" where the event is about something else."""
    at: str = ""
    who: str = ""
    location: str = ""
    """The member of a cluster that it comes from; "" of a host that stands alone."""
