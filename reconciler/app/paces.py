"""How many calls each host is given at once. Kept as long as the process: what a host taught holds for the next pass too."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import HostBusy, HostError
from reconciler.model.plan import CreateInstance, SetPower
from reconciler.policy.pace import CREATES, STATES, after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import Call
    from reconciler.policy.pace import Pace


class _Gate:
    """One kind of call on one host."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.inside = 0
        self._usual: dict[str, tuple[float, tuple[float, ...]]] = {}
        """By verb: a start takes fifty times as long as a freeze, and neither groans."""
        self._free = threading.Condition()

    @contextmanager
    def turn(self, verb: str) -> Iterator[None]:
        """Hold one place while the block runs; how it ended teaches the pace. A call that was refused for what it asks teaches nothing."""
        with self._free:
            self._free.wait_for(lambda: self.inside < self.pace.places)
            self.inside += 1
            beside = self.inside
        began, busy, tells = time.monotonic(), False, True
        try:
            yield
        except HostError as error:
            busy, tells = isinstance(error, HostBusy), isinstance(error, HostBusy)
            raise
        finally:
            with self._free:
                self.inside -= 1
                if tells:
                    usual, lately = self._usual.get(verb, (0.0, ()))
                    self.pace = after(replace(self.pace, usual=usual, lately=lately), busy, time.monotonic() - began, beside)
                    self._usual[verb] = self.pace.usual, self.pace.lately
                self._free.notify_all()


class Paces:
    """Safe for threads. A host begins with ``parallel`` state changes at once, and with half as many creates; it may grow to ``most``."""

    def __init__(self, parallel: int, most: int = 0) -> None:
        ceiling = max(most, parallel)
        self._creates = replace(CREATES, limit=min(CREATES.limit, parallel), ceiling=min(CREATES.ceiling, ceiling))
        self._states = replace(STATES, limit=float(parallel), ceiling=ceiling)
        self._gates: dict[str, tuple[_Gate, _Gate]] = {}
        self._guard = threading.Lock()

    def places(self, host: str) -> int:
        """Objects that may be worked on at once."""
        return self._of(host)[1].pace.places

    def limits(self, host: str) -> tuple[float, float]:
        """Creates and state changes at once, at this moment."""
        creates, states = self._of(host)
        return creates.pace.limit, states.pace.limit

    @contextmanager
    def turn(self, host: str, call: Call) -> Iterator[None]:
        """Make ``call`` inside the block, when its turn has come."""
        creates, states = self._of(host)
        verb = call.verb if isinstance(call, SetPower) else type(call).__name__
        with (creates if isinstance(call, CreateInstance) else states).turn(verb):
            yield

    def _of(self, host: str) -> tuple[_Gate, _Gate]:
        with self._guard:
            return self._gates.setdefault(host, (_Gate(self._creates), _Gate(self._states)))
