"""One run seen from outside its sandbox: its pipes, its clock, its bounds, and what is told of its end."""

from __future__ import annotations

import hashlib
import json
import os
import select
import time
from typing import TYPE_CHECKING, Any, Callable

from reconciler.runner import artifacts, frames, privileges
from reconciler.runner.program import Program
from reconciler.runner.sandbox import Failed, NotStarted, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.runner.machine import Start
    from reconciler.runner.sandbox import Ground
    from reconciler.runner.zygote import Zygote

GRACE = 10.0
"""Seconds within which a program that was killed must be dead."""
NOT_FOUND, NOT_RUN = 127, 126
_NO_SUCH_FILE = 2
_FOREVER = float("inf")
Send = Callable[[bytes, bytes], None]


class Flight:
    """A run from its start to its end. Whoever owns it calls what its descriptors and its clock ask for, until ``landed``."""

    def __init__(self, order: Start, send: Send, ground: Ground, zygote: Zygote | None) -> None:
        self.spec, self._send = order.spec, send
        self.begun = time.monotonic()
        self.deadline = self.begun + self.spec.seconds
        self.why = ""
        self.landed = False
        self._alive = True
        self._hash, self._sent, self._bytes = hashlib.sha256(), 0, {frames.STDOUT: 0, frames.STDERR: 0}
        self._cut: set[bytes] = set()
        self._ended: set[int] = set()
        self._stdin, self._stdin_ends = bytearray(), False
        self._times = {"sandbox": 0, "compile": 0, "run": 0, "collect": 0}
        self._spent, self._status, self._left = [0, 0, 0], 0, 0
        self._refused: list[artifacts.Refused] = []
        self._collecting: Iterator[None] | None = None
        self._pid, self.pidfd = 0, -1
        self._zygote = zygote
        self._inner: tuple[int, ...] = self._pipes()
        self._sandbox = Sandbox(ground, order.run, self.spec, order.files)
        self._times["sandbox"] = _micro(time.monotonic() - self.begun)
        self._send(frames.STARTED, b"{}")
        self._begin("compile" if self.spec.compile else "run")

    def _pipes(self) -> tuple[int, int, int]:
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        return stdin, stdout, stderr

    def _begin(self, stage: str) -> None:
        """Start the program of a stage; this process is inside the sandbox, and outside after. Raises ``Failed``, ``OSError``."""
        self._stage, self._mark = stage, time.monotonic()
        try:
            self._start(Program(self.spec.compile if stage == "compile" else self.spec.run, self.spec.environment))
        except NotStarted as none:
            os.write(self._inner[2], f"{none.word}: {os.strerror(none.code)}\n".encode())
            self._status = (NOT_FOUND if none.code == _NO_SUCH_FILE else NOT_RUN) << 8
            self._sandbox.leave()
        if stage == "run":
            self._let_go()
        if self._pid:
            self.pidfd = os.pidfd_open(self._pid)
        else:
            self._over()

    def _start(self, program: Program) -> None:
        self._pid = 0
        if self._zygote:
            self._sandbox.leave()
            self._pid = self._zygote.launch(program, self._sandbox, self._inner)
            return
        pipes = self._inner
        if self._stage == "compile":
            pipes = (os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), *pipes[1:])
        try:
            self._pid = self._sandbox.start(program, pipes)
        finally:
            if self._stage == "compile":
                os.close(pipes[0])
        self._sandbox.leave()

    @property
    def collecting(self) -> bool:
        """Whether its programs are dead and ``pump`` has something to do."""
        return self._collecting is not None

    def wants(self, *, full: bool) -> list[tuple[int, int]]:
        """The descriptors to be called for, and with what. ``full``: nothing more can be told for now."""
        if self.collecting:
            return []
        wanted = [(self.pidfd, select.POLLIN)]
        if not full:
            wanted += [(one, select.POLLIN) for one in (self.stdout, self.stderr) if one not in self._ended]
        if self.stdin >= 0 and self._stdin:
            wanted.append((self.stdin, select.POLLOUT))
        return wanted

    def died(self) -> None:
        """The program of the stage is dead: go on with the next, or bring the run to its end. Raises ``Failed``, ``OSError``."""
        _, self._status, spent = os.wait4(self._pid, 0)
        self._count(spent)
        self._spent[2] = max(self._spent[2], spent.ru_maxrss * 1024)
        os.close(self.pidfd)
        self.pidfd = -1
        self._times[self._stage] = _micro(time.monotonic() - self._mark)
        if self._zygote:
            self._zygote.landed()
        if self._stage == "compile" and self._status == 0 and not self.why:
            self._left += self._sandbox.others()
            self._sandbox.enter()
            self._sandbox.clear()
            self._begin("run")
        else:
            self._over()

    def _let_go(self) -> None:
        """Close the program's ends of its pipes, which end when nobody of the run has them any more."""
        for descriptor in self._inner:
            os.close(descriptor)
        self._inner = ()

    def _count(self, spent: Any) -> None:
        self._spent[0] += _micro(spent.ru_utime)
        self._spent[1] += _micro(spent.ru_stime)

    def _over(self) -> None:
        """Kill what is left, and begin to collect."""
        self._left += 0 if self.why else self._sandbox.others()
        self._alive = False
        self._count(self._sandbox.end())
        self._let_go()
        self.deadline = _FOREVER
        for descriptor in (self.stdout, self.stderr):
            while self.read(descriptor):
                pass
        self._mark = time.monotonic()
        self._collecting = self._collect()

    def pump(self) -> None:
        """Go on collecting by one piece; at the end the run has landed. Raises ``OSError``."""
        if self._collecting is None:
            return
        for _ in self._collecting:
            return
        self._times["collect"] = _micro(time.monotonic() - self._mark)
        self._sandbox.close()
        self._close()
        self.landed = True

    def _collect(self) -> Iterator[None]:
        """Tell of every artifact, each a head and its bytes, with no other rights than the program had."""
        place, uid = self._sandbox.artifacts, self._sandbox.share.uid
        with privileges.lent(uid):
            found = artifacts.look(place, self.spec.artifacts)
        self._refused = found.refused
        for one in found.artifacts:
            self._send(frames.ARTIFACT, json.dumps(one._asdict()).encode())
            pieces = artifacts.pieces(place, one)
            while True:
                with privileges.lent(uid):
                    piece = next(pieces, None)
                if piece is None:
                    break
                self._send(frames.DATA, piece)
                yield

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
        if not data:
            self._ended.add(descriptor)
        return bool(data)

    def stop(self, why: str) -> None:
        """End the run for a reason; the first one counts."""
        if not self.why:
            self.why = why
            if self._alive:
                self.deadline = time.monotonic() + GRACE
                self._sandbox.kill()

    def late(self) -> None:
        """The deadline is over: of the run, or of its death. Raises ``Failed``."""
        if self.why:
            raise Failed("a program that does not die")
        self.stop("timeout")

    def told(self) -> dict[str, Any]:
        """What is told of a run that has landed."""
        return {
            "how": self.why or "finished",
            "stage": self._stage,
            **_ending(self._status),
            "user_us": self._spent[0],
            "system_us": self._spent[1],
            "peak": self._spent[2],
            "times": self._times,
            "left": self._left,
            "refused": self._refused,
            "stdout": self._bytes[frames.STDOUT],
            "stderr": self._bytes[frames.STDERR],
            "sha256": self._hash.hexdigest(),
            "truncated": sorted("stdout" if kind == frames.STDOUT else "stderr" for kind in self._cut),
        }

    def _close(self) -> None:
        for name in ("stdin", "stdout", "stderr"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)


def _ending(status: int) -> dict[str, int | None]:
    """A wait status in words: how it exited, or the signal that ended it."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None}


def _micro(seconds: float) -> int:
    return int(seconds * 1_000_000)
