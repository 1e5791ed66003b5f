"""Processes that hold a lease, to be killed and paused."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reconciler.app.clock import now
from reconciler.engine.foundation import foundation
from reconciler.errors import LeaseHeld
from reconciler.lxd.connect import Door
from reconciler.lxd.lease import Claim, take, watch
from reconciler.model.resources import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from reconciler.lxd.lease import Lease
    from reconciler.model.resources import Host

PATIENCE = 30


def claim(host: Host, holder: str = "anna@desk", ttl: float = 2.0, mine: frozenset[str] = frozenset(), *, env: str = "default") -> Claim:
    """A claim that makes the project, of environment ``env``, where there is none."""
    return Claim(holder, uuid4().hex, now, ttl, mine, foundation(host, Policy(environment=env)).objects[0])


def acquire(door: Door, wanted: Claim, heard: list[str] | None = None) -> Lease:
    """Watch, then take; what is told while waiting goes to ``heard``."""
    return take(door, wanted, watch(door, wanted, (heard if heard is not None else []).append))


class Holder:
    """Another process with a lease. ``ask`` has it write, under its lease, on a profile of that name."""

    def __init__(self, process: Any, pipe: Connection) -> None:
        self._process = process
        self._pipe = pipe
        self.term, self.nonce = self._heard()

    def ask(self, profile: str) -> None:
        """Without waiting for it."""
        self._pipe.send(profile)

    def answer(self) -> str:
        """What came of it: "" or the error."""
        return str(self._heard())

    def signal(self, number: signal.Signals) -> None:
        """To the process itself."""
        os.kill(self._process.pid, number)
        if number is signal.SIGKILL:
            self._process.join(PATIENCE)

    def _heard(self) -> Any:
        assert self._pipe.poll(PATIENCE), "the holder says nothing"
        return self._pipe.recv()


@contextmanager
def holding(host: Host, ttl: float = 2.0, env: str = "default") -> Iterator[Holder]:
    """Another process that holds the lease of ``host``; gone at the end."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_hold, args=(host, ttl, env, there), daemon=True)
    process.start()
    try:
        yield Holder(process, here)
    finally:
        process.kill()
        process.join(PATIENCE)


def _hold(host: Host, ttl: float, env: str, pipe: Connection) -> None:
    with Door.open(host, None) as door:
        wanted = claim(host, "berta@farm", ttl, env=env)
        lease = acquire(door, wanted)
        pipe.send((lease.term, wanted.nonce))
        writing = door.under(lease)
        while True:
            name = pipe.recv()
            try:
                writing.send("POST", writing.path("profiles"), {"name": name})
            except LeaseHeld as error:
                pipe.send(str(error))
            else:
                pipe.send("")
