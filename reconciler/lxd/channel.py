"""A program in an instance, spoken to for as long as it lives: its standard input and output as two streams of bytes.

The caller's thread drives it, with deadlines of its own clock (``time.monotonic``). Nothing that the program says can hold the caller up.
"""

from __future__ import annotations

import json
import select
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from reconciler.errors import Malformed
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.pipe import Pipe
from reconciler.lxd.sockets import connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.lxd.connect import Door

STDIN, STDOUT, STDERR, CONTROL = "0", "1", "2", "control"
KILL = json.dumps({"command": "signal", "signal": 9}).encode()
TAIL = 1024
"""Bytes of standard error that are kept, the last ones."""
MESSAGE = 256 * 1024
"""Bytes of one message at most."""


class Channel:
    """An open one. Not safe for threads. ``said`` is the end of what the program wrote to its standard error."""

    def __init__(self, host: str, pipes: dict[str, Pipe]) -> None:
        self._host = host
        self._pipes = pipes
        self._poll = select.poll()
        self._asked: dict[str, int] = {}
        self._names = {pipe.fileno(): name for name, pipe in pipes.items()}
        self._waiting = deque[memoryview]()
        self._arrived = bytearray()
        self._ended = False
        self.said = b""
        for name in pipes:
            self._ask(name)

    @classmethod
    def open(cls, door: Door, instance: str, command: Sequence[str]) -> Self:
        """Start ``command`` as root and connect to it. Raises a ``HostError``, ``Refused`` where the door's permit is not for this."""
        body = {
            "command": list(command),
            "wait-for-websocket": True,
            "interactive": False,
            "environment": {},
            "user": 0,
            "group": 0,
            "cwd": "/",
        }
        answer = door.send("POST", door.path("instances", instance, "exec"), body)
        operation, secrets = _read(metadata_of(answer, door.host.name), door.host.name)
        pipes: dict[str, Pipe] = {}
        try:
            for name in (CONTROL, STDIN, STDOUT, STDERR):  # the program starts with the last of them
                path = door.path("operations", operation, "websocket", project=False, secret=secrets[name])
                pipes[name] = Pipe.open(connected(door, "channel"), path, door.host.name, door.read_timeout)
        except BaseException:
            for pipe in pipes.values():
                pipe.close()
            raise
        return cls(door.host.name, pipes)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the program, as far as they are taken at once; ``read`` sends the rest."""
        view = memoryview(data)
        self._waiting += (view[at : at + MESSAGE] for at in range(0, len(view), MESSAGE))
        self._pass_on()

    def read(self, until: float) -> bytes | None:
        """What the program said, as soon as there is something; b"" where there was nothing until then, None at its end."""
        while not self._arrived:
            if self._ended:
                return None
            wait = until - time.monotonic()
            self._step(max(0.0, wait))
            # Whatever else there is to do: a standard error without end must not keep us here.
            if wait <= 0 and not self._arrived and not self._ended:
                return b""
        arrived = bytes(self._arrived)
        self._arrived.clear()
        return arrived

    def drain(self, until: float) -> bool:
        """Send the rest of what was written; whether all of it is gone. What the program says meanwhile is there for ``read``.

        False as well where it says more than ``MESSAGE`` bytes, for nobody reads them here.
        """
        while (self._waiting or self._pipes[STDIN].owing) and not self._ended:
            wait = until - time.monotonic()
            if wait <= 0 or len(self._arrived) > MESSAGE:
                return False
            self._step(wait)
        return True

    def _pass_on(self) -> None:
        """Make messages of what waits, one after another, so that not all of it is in memory twice."""
        pipe = self._pipes[STDIN]
        while self._waiting and not pipe.owing:
            pipe.send(self._waiting.popleft())
        self._ask(STDIN)

    def _step(self, wait: float) -> None:
        """Move bytes both ways, waiting for at most so many seconds."""
        # A TLS socket may hold bytes that the kernel knows nothing of any more.
        ready = [name for name, pipe in self._pipes.items() if pipe.holds] or [
            self._names[number] for number, _ in self._poll.poll(_milliseconds(wait))
        ]
        for name in ready:
            self._move(name)

    def _move(self, name: str) -> None:
        pipe = self._pipes[name]
        pipe.flush()
        data = pipe.receive()
        if name == STDOUT:
            self._arrived += data
            self._ended = self._ended or pipe.ended
        elif name == STDERR:
            self.said = (self.said + data)[-TAIL:]
        elif name == STDIN:
            self._pass_on()
        self._ask(name)

    def _ask(self, name: str) -> None:
        """Wait for what the pipe can do next."""
        pipe = self._pipes[name]
        events = 0 if pipe.ended else select.POLLIN | (select.POLLOUT if pipe.owing else 0)
        if self._asked.get(name, 0) == events:
            return
        if events:
            self._poll.register(pipe, events)
        else:
            self._poll.unregister(pipe)
        self._asked[name] = events

    def close(self) -> None:
        """Kill the program and let go of it. Safe to call twice."""
        control = self._pipes[CONTROL]
        control.send(KILL, text=True)
        for pipe in self._pipes.values():
            pipe.close()


def _read(operation: Any, host: str) -> tuple[str, dict[str, str]]:
    """Id of the operation, and the secret of each socket."""
    try:
        told = operation["metadata"]["fds"]
        return str(operation["id"]), {name: str(told[name]) for name in (STDIN, STDOUT, STDERR, CONTROL)}
    except (KeyError, TypeError) as error:
        raise Malformed(f"{host}: the answer to a command is not an operation with sockets") from error


def _milliseconds(seconds: float) -> int:
    """Rounded up, so that nobody turns in circles for the last part of one."""
    return int(seconds * 1000) + 1 if seconds > 0 else 0
