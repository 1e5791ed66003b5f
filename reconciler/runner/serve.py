"""The runner's loop: what the host says, what a run says, and the clock, one after another in one thread."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from reconciler.runner import cgroup, frames, mounts, privileges, wipe
from reconciler.runner import syscalls as sc
from reconciler.runner.channel import IN, OUT, Channel
from reconciler.runner.flight import Flight
from reconciler.runner.machine import Cancel, Feed, Machine, Pong, Start
from reconciler.runner.sandbox import Failed, Ground
from reconciler.runner.seccomp import Filter
from reconciler.runner.zygote import Zygote

if TYPE_CHECKING:
    from reconciler.runner.cgroup import Cgroup
    from reconciler.runner.machine import Order

NOBODY_READS = 60.0
"""Seconds between two looks at the channel while nothing happens."""
TOGETHER = 0.01
"""Seconds for which what is to be told of a run waits for more, since each write costs whoever carries it dear."""
MUCH = 65_536
"""Bytes for which it does not wait."""


class Server:
    """One cell: at most one run at a time."""

    def __init__(self, channel: Channel, ground: Ground, group: Cgroup | None, *, python: bool = False) -> None:
        self._channel, self._ground, self._group = channel, ground, group
        self._machine = Machine()
        self._zygote = Zygote()
        if python:
            self._zygote.start()
        self._flight: Flight | None = None
        self._run, self._last = 0, False
        self._due = 0.0
        self._sight: wipe.Sight | None = None
        self._before: tuple[wipe.Sight, int, int] | None = None
        self._full = False

    def serve(self) -> None:
        """Until the host closes the channel. Raises ``Broken``, ``Failed`` or ``OSError`` for what the runner must not live on with."""
        while not self._last or self._flight:
            for descriptor, _ in self._wait():
                self._handle(descriptor)
            flight = self._flight
            if flight:
                if not self._channel.full:
                    flight.pump()
                if flight.landed:
                    self._land(flight)
                elif time.monotonic() >= flight.deadline:
                    flight.late()
            self._tell()

    def _wait(self) -> list[tuple[int, int]]:
        """Wait for what can be dealt with, and no longer than until something is due."""
        poll, flight, until = select.poll(), self._flight, time.monotonic() + NOBODY_READS
        if not self._last:
            poll.register(IN, select.POLLIN)
        if self._full:
            poll.register(OUT, select.POLLOUT)
        elif self._channel.held:
            until = min(until, self._due)
        if flight:
            until = min(until, flight.deadline if not flight.collecting or self._channel.full else 0.0)
            for descriptor, events in flight.wants(full=self._channel.full):
                poll.register(descriptor, events)
        return poll.poll(max(0.0, until - time.monotonic()) * 1000)

    def _handle(self, descriptor: int) -> None:
        if descriptor == IN:
            self._listen()
        elif self._flight and descriptor != OUT:
            self._flight.handle(descriptor)

    def _tell(self) -> None:
        """Write what is held, if nothing more is about to come."""
        held, now = self._channel.held, time.monotonic()
        if held and not self._due:
            self._due = now + TOGETHER
        if held and (self._flight is None or held > MUCH or now >= self._due):
            self._full, self._due = self._channel.flush(), 0.0

    def _listen(self) -> None:
        heard = self._channel.read()
        if heard is None:
            self._last = True
            if self._flight:
                self._flight.stop("cancelled")
        for frame in heard or ():
            for order in self._machine.hear(frame):
                self._obey(order)

    def _obey(self, order: Order) -> None:
        if isinstance(order, Pong):
            self._channel.send(frames.PONG, order.run)
        elif isinstance(order, Start):
            self._begin(order)
        elif self._flight and isinstance(order, Feed):
            self._flight.feed(order.data)
        elif self._flight and isinstance(order, Cancel):
            self._flight.stop("cancelled")

    def _begin(self, order: Start) -> None:
        group, self._run = self._group, order.run
        copied = bool(order.spec.zygote) and self._zygote.ready(order.spec)
        if group:
            group.limit(order.spec.memory, order.spec.processes)
        if self._sight is None or (order.spec.zygote and not copied):  # a zygote that was started just now is seen as well
            self._sight = wipe.look(group)
        self._before = (self._sight, group.used() if group else 0, group.killed() if group else 0)
        zygote = self._zygote if copied else None
        self._flight = Flight(order, lambda kind, payload: self._channel.send(kind, self._run, payload), self._ground, zygote)

    def _land(self, flight: Flight) -> None:
        """The run is over: tell of it, and prove that nothing of it is left."""
        begun = time.monotonic()
        end = flight.told()
        end.update(self._wiped(end))
        end["times"]["wipe"] = int((time.monotonic() - begun) * 1e6)
        end["times"]["all"] = int((time.monotonic() - flight.begun) * 1e6)
        self._flight = None
        self._machine.ended()
        self._channel.send(frames.END, self._run, json.dumps(end).encode())

    def _wiped(self, end: dict[str, Any]) -> dict[str, Any]:
        if self._before is None:
            raise Failed("a run that did not begin")
        before, used, killed = self._before
        self._sight = wipe.look(self._group)
        told: dict[str, Any] = wipe.difference(before, self._sight)
        if self._group:
            starved = self._group.killed() - killed
            told["peak"] = self._group.peak(used) or end["peak"]
            told["starved"] = starved
            if starved and end["how"] in {"finished", "lost"} and end["signal"] == 9:  # noqa: PLR2004 - SIGKILL
                told["how"] = "memory"
        return told


def _ground() -> tuple[Ground, Cgroup | None]:
    if not sc.KNOWN:
        raise Failed(f"no filter of system calls for {sc.MACHINE}")
    privileges.hide()
    privileges.narrow()
    os.setgroups([])
    os.umask(0o022)
    stage = mounts.prepare()
    group = cgroup.prepare(f"{mounts.STAGE}/cgroup")
    ground = Ground.lay(stage, Filter(), bounded=group is not None)
    gc.collect()
    gc.freeze()
    return ground, group


def main(words: list[str]) -> None:
    """Be the runner. ``python`` among the words has a zygote ready from the start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no word of Python may run in a child that shares our memory
    channel = Channel()
    try:
        ground, group = _ground()
        server = Server(channel, ground, group, python="python" in words)
        hello = {"protocol": frames.PROTOCOL, "python": sys.version.split()[0], "cgroup": group.version if group else 0}
        channel.send(frames.HELLO, 0, json.dumps(hello).encode())
        channel.flush()
        server.serve()
    except Exception as error:  # noqa: BLE001 - whatever it is, the cell is to be destroyed, and somebody should know why
        channel.send(frames.GIVEN_UP, 0, json.dumps({"why": f"{type(error).__name__}: {error}"[:1024]}).encode())
        with contextlib.suppress(OSError):
            os.set_blocking(OUT, True)
            channel.flush()
        sys.exit(1)
