"""Who has which cell. Times are seconds since the epoch, spans are seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.names import Ref, pool_of

LONGEST_RUN = 900
"""Seconds that a run may be allowed at most."""


class Reuse(StrEnum):
    """Whether a cell is used again: ``never``, or by the ``owner`` it served, in a fresh sandbox each time. By another owner never."""

    NEVER = "never"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a cell serves its owner. Times are seconds."""

    reuse: Reuse = Reuse.OWNER
    runs: int = 100
    """Runs after which it is destroyed."""
    idle: int = 60
    """Time without a run after which it is destroyed."""
    lease: int = 900
    """Time from its claim in which it may be used again."""


USUAL_TERMS = Terms()


class ClaimState(StrEnum):
    """``running``: a run is under way. ``kept``: between two runs of its owner.

    ``stray``: a mark without a row, whose run may go on elsewhere. ``spent``: nobody runs in it any more, it is to be destroyed.
    """

    RUNNING = "running"
    KEPT = "kept"
    STRAY = "stray"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as one instance on one host: ``uuid`` is the instance's, so that the next one in its slot is another cell."""

    uuid: str
    ref: Ref
    host: str
    instance: str
    """Its name in LXD."""

    @property
    def pool(self) -> str:
        """Name of its pool."""
        return pool_of(self.ref)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has a cell, until when. A cell is claimed once in its life: from there it goes on to its end, never back."""

    cell: Cell
    fence: int
    """Grows with every claim in the file."""
    owner: str
    """Digest of the key it serves; "" where it serves none because it is only to be destroyed."""
    state: ClaimState
    holder: str
    """The process that took it last."""
    at: float
    """When it was claimed."""
    until: float
    """When a run must have ended, or the lease of one that is kept is over."""
    turn: int = 1
    """Number of the run that is under way or came last, from 1."""
    marked: bool = False
    """Whether the mark is known to stand on the instance."""
    why: str = ""
    """Of one that is spent: why."""

    @property
    def mark(self) -> str:
        """What ``user.unsandbox.claim`` says of it."""
        return f"{SPENT}{self.fence}" if self.state is ClaimState.SPENT else f"{self.fence}:{self.owner}"


SPENT = "spent:"
_RUN = re.compile(r"^([1-9][0-9]{0,17}):([0-9a-f]{8,64})\Z", re.ASCII)
_SPENT = re.compile(r"^spent:[1-9][0-9]{0,17}\Z", re.ASCII)


def is_spent(mark: str) -> bool:
    """Whether the mark says that the cell serves nobody any more."""
    return _SPENT.match(mark) is not None


def run_mark(mark: str) -> tuple[int, str] | None:
    """Fence and owner of a mark that a run's claim left; None for any other text."""
    found = _RUN.match(mark)
    return (int(found[1]), found[2]) if found else None


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody asked for a cell of a pool. ``hit``: a warm one was there. ``wait``: until it had one, or gave up."""

    pool: str
    at: float
    hit: bool
    wait: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went on in one pool lately."""

    asks: int = 0
    hits: int = 0
    span: float = 60.0
    """Seconds that were counted over."""
    held: float = 0.0
    """Seconds from a claim to the cell's end, on the average; 0 where none came to its end yet."""
    refill: float = 0.0
    """Seconds from a cell's end to the next one in its slot, on the average; 0 where not known."""


@dataclass(frozen=True, slots=True)
class Target:
    """How many cells a pool should have, and why. ``since``: when it was last moved; ``low``: since when fewer would do, 0 where not."""

    cells: int
    why: str
    since: float = 0.0
    low: float = 0.0


class JobState(StrEnum):
    """``lost``: the process that had it ended without telling how it came out."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    LOST = "lost"


ENDED = frozenset({JobState.DONE, JobState.CANCELLED, JobState.LOST})


@dataclass(frozen=True, slots=True)
class Job:
    """A stored run. ``request`` and ``result`` are JSON that only its owner is given."""

    id: str
    owner: str
    state: JobState
    holder: str
    at: float
    language: str = ""
    request: str = ""
    result: str = ""
    ended_at: float = 0.0
    cancel: bool = False
    """Whether somebody asked to end it."""

    def __repr__(self) -> str:
        """Without what its owner wrote."""
        return f"Job({self.id}, {self.state})"
