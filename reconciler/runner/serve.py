"""The runner's loop: what the host says, what a run says, and the clock, one after another in one thread."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any

from reconciler.runner import cgroup, frames, mounts, privileges, wipe
from reconciler.runner import syscalls as sc
from reconciler.runner.channel import IN, OUT, Channel
from reconciler.runner.flight import Born, Failed, Flight, spawn
from reconciler.runner.machine import Cancel, Feed, Machine, Pong, Start
from reconciler.runner.seccomp import Filter
from reconciler.runner.within import Walls
from reconciler.runner.zygote import Zygote

if TYPE_CHECKING:
    from reconciler.runner.cgroup import Cgroup
    from reconciler.runner.machine import Order
    from reconciler.runner.within import Plan

NOBODY_READS = 60.0
"""Seconds between two looks at the channel while nothing happens."""


class Server:
    """One cell: at most one run at a time."""

    def __init__(self, channel: Channel, walls: Walls, group: Cgroup | None, *, python: bool = False) -> None:
        self._channel, self._walls, self._group = channel, walls, group
        self._machine = Machine()
        self._zygote = Zygote(walls)
        if python:
            self._zygote.start()
        self._flight: Flight | None = None
        self._run, self._last, self._copied = 0, False, False
        self._poll = select.epoll()
        self._watched: dict[int, int] = {}
        self._sight: wipe.Sight | None = None
        self._before: tuple[wipe.Sight, int, int] | None = None
        self._watch(IN, select.EPOLLIN)

    def serve(self) -> None:
        """Until the host closes the channel. Raises ``Broken``, ``Failed`` or ``OSError`` for what the runner must not live on with."""
        while not self._last or self._flight:
            flight = self._flight
            wait = max(0.0, flight.deadline - time.monotonic()) if flight else NOBODY_READS
            events = self._poll.poll(wait)
            for descriptor, _ in events:
                self._handle(descriptor)
            if flight and flight is self._flight and time.monotonic() >= flight.deadline:
                flight.late()
            self._rewatch(more=self._channel.flush())

    def _handle(self, descriptor: int) -> None:
        flight = self._flight
        if descriptor == IN:
            self._listen()
        elif flight is None or descriptor == OUT:
            return
        elif descriptor == flight.stdin:
            flight.write_stdin()
        elif descriptor == flight.control.fileno():
            if not flight.hear():
                self._land(flight)
        elif not flight.read(descriptor):
            self._watch(descriptor, 0)

    def _listen(self) -> None:
        heard = self._channel.read()
        if heard is None:
            self._last = True
            self._watch(IN, 0)
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
        self._copied = bool(order.spec.zygote) and self._zygote.ready(order.spec)
        if group:
            group.limit(order.spec.memory, order.spec.processes)
        if self._sight is None or order.spec.zygote:  # the start of a zygote changes it
            self._sight = wipe.look(group)
        self._before = (self._sight, group.used() if group else 0, group.killed() if group else 0)
        self._flight = flight = Flight(order, lambda kind, payload: self._channel.send(kind, self._run, payload), self._launch)
        for descriptor in (flight.stdout, flight.stderr, flight.control.fileno()):
            self._watch(descriptor, select.EPOLLIN)

    def _launch(self, plan: Plan) -> int:
        return self._zygote.launch(plan) if self._copied else spawn(plan, self._walls)

    def _land(self, flight: Flight) -> None:
        """The run is over: tell of it, and prove that nothing of it is left."""
        begun = time.monotonic()
        for descriptor in [one for one in self._watched if one not in {IN, OUT}]:
            self._watch(descriptor, 0)
        end = flight.land()
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

    def _rewatch(self, *, more: bool) -> None:
        """Ask only for what can be dealt with."""
        self._watch(OUT, select.EPOLLOUT if more else 0)
        flight = self._flight
        if flight is None:
            return
        wanted = 0 if self._channel.full else select.EPOLLIN
        for descriptor in (flight.stdout, flight.stderr, flight.control.fileno()):
            if self._watched.get(descriptor) is not None and descriptor >= 0:
                self._watch(descriptor, wanted or select.EPOLLERR)
        if flight.stdin >= 0:
            self._watch(flight.stdin, select.EPOLLOUT if flight.write_stdin() else 0)

    def _watch(self, descriptor: int, events: int) -> None:
        known = self._watched.get(descriptor)
        if known == events or (known is None and not events):
            return
        if not events:
            del self._watched[descriptor]
            with contextlib.suppress(OSError):  # closed, which took it out
                self._poll.unregister(descriptor)
            return
        (self._poll.modify if known is not None else self._poll.register)(descriptor, events)
        self._watched[descriptor] = events


def _walls() -> tuple[Walls, Cgroup | None]:
    if not sc.KNOWN:
        raise Failed(f"no filter of system calls for {sc.MACHINE}")
    privileges.hide()
    privileges.narrow()
    stage = mounts.prepare()
    group = cgroup.prepare(f"{mounts.STAGE}/cgroup")
    gc.collect()
    gc.freeze()  # what is here now stays; no run shall copy its pages
    return Walls(stage, Filter(), bounded=group is not None), group


def main(words: list[str]) -> None:
    """Be the runner. ``python`` among the words has a zygote ready from the start."""
    channel = Channel()
    try:
        walls, group = _walls()
        server = Server(channel, walls, group, python="python" in words)
        hello = {"protocol": frames.PROTOCOL, "python": sys.version.split()[0], "cgroup": group.version if group else 0}
        channel.send(frames.HELLO, 0, json.dumps(hello).encode())
        channel.flush()
        server.serve()
    except Born:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the cell is to be destroyed, and somebody should know why
        channel.send(frames.GIVEN_UP, 0, json.dumps({"why": f"{type(error).__name__}: {error}"[:1024]}).encode())
        with contextlib.suppress(OSError):
            os.set_blocking(OUT, True)
            channel.flush()
        sys.exit(1)
