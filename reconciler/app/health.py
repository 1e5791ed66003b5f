"""Asking services whether they are well, beside the loop. One thread knows whose turn it is, a few ask; nobody waits for one that hangs."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.probed import Subject, subjects_of
from reconciler.model.health import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.app.doors import Doors
    from reconciler.model.health import Health
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed

    Wake = Callable[[str, str], None]
    """(host, why): a verdict changed there."""
    Tell = Callable[[str, str, Verdict, str], None]
    """(host, reference, verdict, why)."""

THREADS = 8
PER_HOST = 4
"""Of the threads at most so many are at one host: one that answers slowly does not keep the others from being asked."""


class Prober:
    """What is followed is asked in turn. ``wake`` and ``tell`` are called from its threads. Safe for threads; ``close`` ends it."""

    def __init__(self, doors: Doors, wake: Wake, tell: Tell) -> None:
        self._doors = doors
        self._wake = wake
        self._tell = tell
        self._changed = threading.Condition()
        self._subjects: dict[str, Subject] = {}
        self._due: list[tuple[float, int, Subject]] = []
        self._ready: dict[str, deque[Subject]] = {}
        self._asking: Counter[str] = Counter()
        self._numbers = count()
        self._ending = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="probe")
        self.thread = threading.Thread(target=self._go_round, name="prober", daemon=True)
        self.thread.start()

    def follow(self, desired: Desired, observed: Observed, host: str = "") -> None:
        """From here on those are asked that ``desired`` wants asked and ``observed`` shows running. ``host``: only what is there is new."""
        wanted = subjects_of(desired, observed, host, now())
        lost: list[Subject] = []
        with self._changed:
            for uuid, subject in list(self._subjects.items()):
                if host in {"", subject.host.name} and uuid not in wanted:
                    del self._subjects[uuid]
            for uuid, subject in wanted.items():
                known = self._subjects.get(uuid)
                was_known = known is not None and known.is_known
                if known is None or not known.same(subject):
                    self._subjects[uuid] = subject
                    self._plan(subject, 0.0)
                else:
                    known.seen(subject)
                if was_known and not self._subjects[uuid].is_known:
                    lost.append(subject)
            self._changed.notify_all()
        for subject in lost:
            self._tell(subject.host.name, subject.ref, Verdict.UNKNOWN, "it does not run, or began anew")

    def verdicts(self) -> Mapping[str, Health]:
        """Uuid -> what is known, of all that is followed."""
        with self._changed:
            return {uuid: subject.health() for uuid, subject in self._subjects.items()}

    def close(self) -> None:
        """Ask nobody any more. What is being asked comes to its end within seconds."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self.thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _plan(self, subject: Subject, after: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + after, next(self._numbers), subject))

    def _go_round(self) -> None:
        with self._changed:
            while not self._ending:
                at = time.monotonic()
                while self._due and self._due[0][0] <= at:
                    _, _, subject = heapq.heappop(self._due)
                    if self._subjects.get(subject.uuid) is subject:
                        self._ready.setdefault(subject.host.name, deque()).append(subject)
                self._hand_out()
                self._changed.wait(max(0.0, self._due[0][0] - time.monotonic()) if self._due else None)

    def _hand_out(self) -> None:
        for host, waiting in list(self._ready.items()):
            while waiting and self._asking[host] < PER_HOST and self._asking.total() < THREADS:
                self._asking[host] += 1
                self._pool.submit(self._ask, waiting.popleft())
            if not waiting:
                del self._ready[host]

    def _ask(self, subject: Subject) -> None:
        told, known = "", None
        try:
            answer, after = subject.ask(self._doors)
            with self._changed:
                if answer is not None and self._subjects.get(subject.uuid) is subject:
                    told, known = subject.learn(answer, now()), subject.health()
                self._plan(subject, after)
        finally:
            with self._changed:
                self._asking[subject.host.name] -= 1
                self._changed.notify_all()
        if told and known:
            self._tell(subject.host.name, subject.ref, known.verdict, known.why)
            self._wake(subject.host.name, told)
