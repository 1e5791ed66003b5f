"""One run seen from outside its sandbox: its stages, its clock, its artifacts, and what is told of its end."""

from __future__ import annotations

import json
import os
import select
import time
from typing import TYPE_CHECKING, Any

from reconciler.runner import artifacts, frames, privileges
from reconciler.runner.pipes import Pipes
from reconciler.runner.program import Program
from reconciler.runner.sandbox import Failed, NotStarted, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.runner.machine import Start
    from reconciler.runner.pipes import Send
    from reconciler.runner.sandbox import Ground
    from reconciler.runner.zygote import Zygote

GRACE = 10.0
"""Seconds within which a program that was killed must be dead."""
NOT_FOUND, NOT_RUN = 127, 126
_NO_SUCH_FILE = 2
_FOREVER = float("inf")


class Flight:
    """A run from its start to its end. Whoever owns it calls what its descriptors and its clock ask for, until ``landed``."""

    def __init__(self, order: Start, send: Send, ground: Ground, zygote: Zygote | None) -> None:
        self.spec, self._send = order.spec, send
        self.begun = time.monotonic()
        self.deadline = self.begun + self.spec.seconds
        self.why = ""
        self.landed = False
        self._alive = True
        self._times = {"sandbox": 0, "compile": 0, "run": 0, "collect": 0}
        self._spent, self._status, self._left = [0, 0, 0], 0, 0
        self._refused: list[artifacts.Refused] = []
        self._collecting: Iterator[None] | None = None
        self._pid, self.pidfd = 0, -1
        self._zygote = zygote
        self._pipes = Pipes(send, self.spec.output, privileges.id_of(order.run))
        self._sandbox = Sandbox(ground, order.run, self.spec, order.files)
        self._times["sandbox"] = _micro(time.monotonic() - self.begun)
        self._send(frames.STARTED, b"{}")
        self._begin("compile" if self.spec.compile else "run")

    def _begin(self, stage: str) -> None:
        """Start the program of a stage; this process is inside the sandbox, and outside after. Raises ``Failed``, ``OSError``."""
        self._stage, self._mark = stage, time.monotonic()
        try:
            self._start(Program(self.spec.compile if stage == "compile" else self.spec.run, self.spec.environment))
        except NotStarted as none:
            os.write(self._pipes.inner[2], f"{none.word}: {os.strerror(none.code)}\n".encode())
            self._status = (NOT_FOUND if none.code == _NO_SUCH_FILE else NOT_RUN) << 8
            self._sandbox.leave()
        if stage == "run":
            self._pipes.let_go()
        if self._pid:
            self.pidfd = os.pidfd_open(self._pid)
        else:
            self._over()

    def _start(self, program: Program) -> None:
        self._pid = 0
        if self._zygote:
            self._sandbox.leave()
            self._pid = self._zygote.launch(program, self._sandbox, self._pipes.inner)
            return
        pipes = self._pipes.inner
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
        return [(self.pidfd, select.POLLIN), *self._pipes.wants(full=full)]

    def handle(self, descriptor: int) -> None:
        """Do what a descriptor that was wanted is ready for. Raises ``Failed``, ``OSError``."""
        if descriptor == self.pidfd:
            self._died()
        elif descriptor == self._pipes.stdin:
            self._pipes.give()
        elif descriptor in {self._pipes.stdout, self._pipes.stderr}:
            self._read(descriptor)

    def _died(self) -> None:
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

    def _count(self, spent: Any) -> None:
        self._spent[0] += _micro(spent.ru_utime)
        self._spent[1] += _micro(spent.ru_stime)

    def _over(self) -> None:
        """Kill what is left, and begin to collect."""
        self._left += 0 if self.why else self._sandbox.others()
        self._alive = False
        self._count(self._sandbox.end())
        self._pipes.let_go()
        self.deadline = _FOREVER
        for descriptor in (self._pipes.stdout, self._pipes.stderr):
            while self._read(descriptor):
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
        self._pipes.close()
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
        self._pipes.feed(data)

    def _read(self, descriptor: int) -> bool:
        """Pass output on; False at its end. With what is beyond the bound the run ends."""
        more = self._pipes.read(descriptor)
        if self._pipes.overran:
            self.stop("output")
        return more

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
            **self._pipes.told(),
        }


def _ending(status: int) -> dict[str, int | None]:
    """A wait status in words: how it exited, or the signal that ended it."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None}


def _micro(seconds: float) -> int:
    return int(seconds * 1_000_000)
