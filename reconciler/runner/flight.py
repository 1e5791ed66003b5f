"""One run seen from outside its sandbox: its pipes, its clock, its bounds, and what is told of its end."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Callable

from reconciler.runner import frames, namespaces, within
from reconciler.runner import syscalls as sc

if TYPE_CHECKING:
    from reconciler.runner.machine import Start
    from reconciler.runner.program import Program
    from reconciler.runner.within import Plan, Walls

GRACE = 2.0
"""Seconds that the first process has to collect and tell once it was told to stop."""
MESSAGE = 128 * 1024
Send = Callable[[bytes, bytes], None]


class Failed(Exception):
    """The sandbox could not be made, or what was heard from inside is not what can be heard."""


class Born(Exception):  # no error: it unwinds the copy that becomes the program
    """This process is the copy of a zygote that is to become the program."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program


def spawn(plan: Plan, walls: Walls, flags: int = 0) -> int:
    """Begin a sandbox; the pid of its first process. Raises ``OSError``, ``Born`` in a copy that is to become the program."""
    pid = sc.clone(namespaces.flags(plan.spec.network) | flags)
    if pid == 0:
        raise Born(within.live(plan, walls))
    return pid


class Flight:
    """A run from its start to its end. Whoever owns it calls what its descriptors and its clock ask for, until ``landed``."""

    def __init__(self, start: Start, send: Send, launch: Callable[[Plan], int]) -> None:
        self.spec, self._send = start.spec, send
        self.begun = time.monotonic()
        self.deadline = self.begun + self.spec.seconds
        self.why = ""
        self._report: dict[str, Any] | None = None
        self._hash, self._sent, self._bytes = hashlib.sha256(), 0, {frames.STDOUT: 0, frames.STDERR: 0}
        self._cut: set[bytes] = set()
        self._stdin, self._stdin_ends = bytearray(), False
        self._owed, self._given, self._files = 0, 0, 0
        inner = self._pipes()
        try:
            self.pid = launch(within.Plan(start.run, start.spec, start.files, inner, self._inside, self.begun))
        finally:
            for descriptor in inner:
                os.close(descriptor)
            self._inside.close()

    def _pipes(self) -> tuple[int, int, int]:
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.control, self._inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(0)
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        return stdin, stdout, stderr

    def feed(self, data: bytes) -> None:
        """Take bytes for standard input; none is its end."""
        self._stdin += data
        self._stdin_ends = self._stdin_ends or not data
        self.write_stdin()

    def write_stdin(self) -> bool:
        """Give the program what it takes; whether there is more to give."""
        try:
            while self._stdin and self.stdin >= 0:
                del self._stdin[: os.write(self.stdin, self._stdin[: frames.MOST])]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._stdin.clear()
            self._stdin_ends = True
        if self._stdin_ends and self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1
        return False

    def read(self, descriptor: int) -> bool:
        """Pass output on; False at its end. What is beyond the bound is dropped, and the run with it."""
        try:
            data = os.read(descriptor, frames.PAYLOAD)
        except BlockingIOError:
            return True
        kind = frames.STDOUT if descriptor == self.stdout else frames.STDERR
        room = self.spec.output - self._sent
        if len(data) > room:
            self._cut.add(kind)
            self.stop("output")
        told = data[: max(0, room)]
        if told:
            self._sent += len(told)
            self._bytes[kind] += len(told)
            self._hash.update(told)
            self._send(kind, told)
        return bool(data)

    def hear(self) -> bool:
        """Take one message of the first process; False at the end of all. Raises ``Failed``."""
        try:
            message = self.control.recv(MESSAGE)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        kind, payload = message[:1], message[1:]
        if not message:
            return False
        if kind == within.FAILED:
            raise Failed(payload.decode("utf-8", "replace"))
        self._take(kind, payload)
        return True

    def _take(self, kind: bytes, payload: bytes) -> None:
        """Pass on what may be said, within its bounds."""
        bounds = self.spec.artifacts
        if kind == within.STARTED:
            self._send(frames.STARTED, b"{}")
        elif kind == within.ARTIFACT and not self._owed and self._files < bounds["count"]:
            self._owed = int(json.loads(payload)["size"])
            self._given += self._owed
            self._files += 1
            self._send(frames.ARTIFACT, payload)
        elif kind == within.DATA and len(payload) <= self._owed:
            self._owed -= len(payload)
            self._send(frames.DATA, payload)
        elif kind == within.ENDED and not self._owed and self._report is None:
            self._report = json.loads(payload)
        else:
            raise Failed("the first process of the sandbox said what it cannot say")
        if self._given > bounds["bytes"]:
            raise Failed("more bytes of artifacts than were asked for")

    def stop(self, why: str) -> None:
        """End the run for a reason; the first one counts."""
        if not self.why:
            self.why = why
            self.deadline = time.monotonic() + GRACE
            os.kill(self.pid, signal.SIGTERM)

    def late(self) -> None:
        """The deadline is over: of the run, or of its stop."""
        if self.why:
            os.kill(self.pid, signal.SIGKILL)
            self.deadline = time.monotonic() + GRACE
        else:
            self.stop("timeout")

    def land(self) -> dict[str, Any]:
        """Wait for the first process, with which its whole namespace is dead; pass on the rest of the output. What is told of the run."""
        _, status, spent = os.wait4(self.pid, 0)
        for descriptor in (self.stdout, self.stderr):
            while self.read(descriptor):
                pass
        self.close()
        report = self._report or {}
        return {
            "how": self.why or ("finished" if self._report else "lost"),
            "stage": report.get("stage", "run"),
            **_ending(int(report.get("status", status))),
            "user_us": report.get("user", int(spent.ru_utime * 1e6)),
            "system_us": report.get("system", int(spent.ru_stime * 1e6)),
            "peak": report.get("peak", spent.ru_maxrss * 1024),
            "times": {**report.get("times", {})},
            "left": report.get("left", 0),
            "refused": report.get("refused", []),
            "stdout": self._bytes[frames.STDOUT],
            "stderr": self._bytes[frames.STDERR],
            "sha256": self._hash.hexdigest(),
            "truncated": sorted("stdout" if kind == frames.STDOUT else "stderr" for kind in self._cut),
        }

    def close(self) -> None:
        """Close every descriptor. Safe to call twice."""
        for name in ("stdin", "stdout", "stderr"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)
        self.control.close()


def _ending(status: int) -> dict[str, int | None]:
    """A wait status in words: how it exited, or the signal that ended it."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None}
