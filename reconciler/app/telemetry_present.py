"""What the loop told last: from it come the gauges, the verdict on its health, and what is news."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.model.changes import Refusal
    from reconciler.model.resources import Commit

CONNECTED = frozenset({"connected", "events-open", "reconnected"})
DISCONNECTED = frozenset({"event-gap", "disconnected", "unreachable"})
"""Kinds of note that tell of a host's stream of events."""
DRAINING = "draining"

Key = tuple[str, str, str]
"""Code, reference and action of a refusal."""


@dataclass(slots=True)
class Now:
    """One host. Times are of the monotonic clock; None where there is none."""

    grade: str = ""
    complete: float | None = None
    """When it was last seen in full."""
    lease: str = ""
    waiting: int = 0
    running: int = 0
    acting: set[int] = field(default_factory=set)
    """Numbers of the actions of the pass under way that began and did not end."""
    creates: float = 0.0
    changes: float = 0.0
    differing: int = 0
    refusals: dict[Key, str] = field(default_factory=dict)
    """-> cause."""
    drift: tuple[str, ...] = ()
    connected: bool | None = None
    began: float | None = None
    """When the pass under way began."""
    moved: float = 0.0
    """When an action began or ended last."""
    pass_id: str = ""
    why: str = ""

    def codes(self) -> Counter[str]:
        """How many refusals there are of each code."""
        return Counter(code for code, _, _ in self.refusals)


@dataclass(slots=True)
class TextNow:
    """What was read last. ``since`` is when reading began to fail, on the monotonic clock; ``read`` when it last succeeded."""

    commit: Commit | None = None
    error: str = ""
    read: float | None = None
    since: float | None = None


class Present:
    """Safe for threads, which take ``lock``. ``started`` and every ``at`` are of the monotonic clock."""

    def __init__(self, started: float) -> None:
        self.lock = threading.Lock()
        self.started = started
        self.beat = started
        self.hosts: dict[str, Now] = {}
        self.text = TextNow()
        self.journal = ""
        """Why the journal cannot be used; "" where it can."""
        self.broken = ""
        """Why the loop cannot go on; "" while it can."""
        self.passed = False
        """Whether any pass came to an end."""
        self.draining = False

    def host(self, name: str) -> Now:
        """Of one host. Under the lock."""
        return self.hosts.setdefault(name, Now())

    def only(self, names: Collection[str]) -> None:
        """Forget every other host."""
        with self.lock:
            self.hosts = {name: now for name, now in self.hosts.items() if name in names}

    def began(self, name: str, pass_id: str, why: str, at: float) -> None:
        """A pass is under way."""
        with self.lock:
            now = self.host(name)
            now.began, now.pass_id, now.why = at, pass_id, why

    def ended(self, name: str, journal: str = "") -> str:
        """No pass is under way; ``journal`` is why it could not be used. Gives back what had woken it."""
        with self.lock:
            now = self.host(name)
            now.began, self.passed, self.journal = None, True, journal
            now.acting.clear()
            return now.why

    def found(self, name: str, differing: int, refusals: Sequence[Refusal]) -> tuple[list[Refusal], list[tuple[Key, str]]]:
        """What came of a pass. Gives back the refusals that were not there before, and those that are gone, with their cause."""
        with self.lock:
            now = self.host(name)
            now.differing = differing
            before, now.refusals = now.refusals, {(one.code, one.ref, one.action): one.cause for one in refusals}
            came = [one for one in refusals if (one.code, one.ref, one.action) not in before]
            return came, [(key, cause) for key, cause in before.items() if key not in now.refusals]

    def graded(self, name: str, grade: str, at: float, *, complete: bool) -> str:
        """A host was seen. Gives back its grade of before."""
        with self.lock:
            now = self.host(name)
            before, now.grade = now.grade, grade
            if complete:
                now.complete = at
            return before

    def queued(self, name: str, waiting: int, running: int, limits: tuple[float, float]) -> None:
        """How much there is to do, and the limits of creates and of state changes."""
        with self.lock:
            now = self.host(name)
            now.waiting, now.running = waiting, running
            now.creates, now.changes = limits

    def acted(self, name: str, index: int, at: float, *, began: bool) -> None:
        """An action began, or ended."""
        with self.lock:
            now = self.host(name)
            now.moved = at
            (now.acting.add if began else now.acting.discard)(index)

    def leased(self, name: str, state: str) -> bool:
        """Whether that is news."""
        with self.lock:
            now = self.host(name)
            before, now.lease = now.lease, state
            return before != state

    def drifted(self, name: str, lines: tuple[str, ...]) -> tuple[str, ...] | None:
        """Lines of before, or None where they are the same."""
        with self.lock:
            now = self.host(name)
            before, now.drift = now.drift, lines
            return None if before == lines else before

    def noted(self, kind: str, name: str) -> None:
        """What a note says of the stream of events and of the end."""
        with self.lock:
            self.draining = self.draining or kind == DRAINING
            if name and kind in CONNECTED | DISCONNECTED:
                self.host(name).connected = kind in CONNECTED

    def read(self, commit: Commit | None, error: str, at: float) -> bool:
        """Whether that is another text, or another error, than before."""
        with self.lock:
            before = self.text
            failing = bool(error) or commit is None
            self.text = TextNow(
                commit if commit is not None else before.commit,
                error or ("it could not be read" if failing else ""),
                before.read if failing else at,
                (before.since if before.since is not None else at) if failing else None,
            )
            return (before.commit, before.error) != (self.text.commit, self.text.error)
