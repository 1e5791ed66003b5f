"""The same program through LXD's exec API, as little around it as can be: no sandbox, no limits, nothing checked but the output."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from reconciler.lxd.channel import Channel
from reconciler.lxd.connect import Door
from tests.bench.stock import OWNERS
from tests.e2e.fleet import PROJECT
from tests.lab import rest
from tests.lab.permit import ALONE
from tests.lxd.conftest import host_of

if TYPE_CHECKING:
    from tests.bench.stock import Stock
    from tests.lab.daemon import Daemon

COMMAND = ("sh", "-c", "echo hi")
PATIENCE = 30.0


class Bare:
    """A cell for each owner that is nobody's: a runner would take what comes and goes there for left over."""

    def __init__(self, daemon: Daemon, made: Stock) -> None:
        self._daemon = daemon
        self.lost = 0
        self._cells = dict(zip(OWNERS, (name for name, mark in made.fleet.marks().items() if not mark), strict=False))
        self._door = Door.open(replace(host_of(daemon), project=PROJECT), None).under(ALONE)

    def __enter__(self) -> Self:
        self._door.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.__exit__(None, None, None)

    def recorded(self, owner: str) -> None:
        """LXD keeps the output in a file, which is read afterwards: three calls."""
        body = {"command": COMMAND, "record-output": True, "interactive": False, "wait-for-websocket": False}
        ended = rest.query(self._daemon.socket, "POST", f"/1.0/instances/{self._cells[owner]}/exec?project={PROJECT}", body)
        told = ended["metadata"]
        output = told["output"]["1"]
        text = rest.raw(self._daemon.socket, "GET", f"{output}?project={PROJECT}")[1]
        assert (told["return"], text) == (0, b"hi\n"), ended

    def connected(self, owner: str) -> None:
        """Over WebSockets, as LXD's own client does it: one call and four connections. LXD loses the output now and then."""
        channel = Channel.open(self._door, self._cells[owner], COMMAND)
        try:
            heard, until = b"", time.monotonic() + PATIENCE
            while data := channel.read(until):
                heard += data
        finally:
            channel.close()
        assert heard in {b"hi\n", b""}, heard
        self.lost += not heard
