"""The first process of a sandbox: it makes the walls, gives up its own rights, starts the program, buries the dead and tells of the end.

It has the id of the program, which cannot signal it (the first process of a pid namespace hears only what it asked to hear) and cannot look
into it (it is not dumpable, and ptrace is refused).
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import resource
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from reconciler.runner import artifacts, limits, mounts, namespaces, privileges
from reconciler.runner import syscalls as sc
from reconciler.runner.program import Program, search

if TYPE_CHECKING:
    import socket

    from reconciler.runner.seccomp import Filter
    from reconciler.runner.spec import Spec

STARTED, ARTIFACT, DATA, ENDED, FAILED = b"S", b"A", b"D", b"X", b"E"
"""The first byte of what it tells the runner."""
CONTROL = 3
NOT_FOUND, NOT_RUN = 127, 126
_HIGH = 64
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM}
_ALL = [number for number in signal.valid_signals() if number not in {signal.SIGKILL, signal.SIGSTOP}]


class Walls(NamedTuple):
    """What is the same for every run of a cell."""

    stage: mounts.Stage
    filter: Filter
    bounded: bool
    """Whether a cgroup bounds memory."""


class Plan(NamedTuple):
    """One run, from inside."""

    run: int
    spec: Spec
    files: tuple[bytes, ...]
    pipes: tuple[int, int, int]
    """What becomes standard input, output and error."""
    control: socket.socket
    begun: float
    forked: bool = False
    """Whether the program is a copy of this process rather than one that is executed."""


def live(plan: Plan, walls: Walls) -> Program:
    """Be the first process. Returns only in a copy that is to become the program; everything else ends here."""
    try:
        return _live(plan, walls)
    except BaseException as error:  # noqa: BLE001 - half a sandbox must not go on, whatever is wrong with it
        try:
            os.write(CONTROL, FAILED + f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:512])
        finally:
            os._exit(1)


def _live(plan: Plan, walls: Walls) -> Program:
    spec, uid = plan.spec, privileges.id_of(plan.run)
    gc.disable()  # it would touch, and so copy, every page of the runner
    _descriptors(plan)
    os.setsid()
    os.umask(0o022)
    mounts.make_root(walls.stage, spec.disk, uid)
    namespaces.settle(spec.network)
    turn = limits.Turn()
    signal.pthread_sigmask(signal.SIG_SETMASK, _SIGNALS)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    privileges.drop(uid)
    limits.set_limits(spec, bounded=walls.bounded)
    privileges.hide()
    privileges.die_with_parent()
    walls.filter.set()
    _write_files(plan)
    return _Life(plan, turn).lead()


def _descriptors(plan: Plan) -> None:
    high = [fcntl.fcntl(one, fcntl.F_DUPFD, _HIGH) for one in (*plan.pipes, plan.control.fileno())]
    for number, one in enumerate(high):
        os.dup2(one, number, inheritable=number != CONTROL)
    sc.close_from(CONTROL + 1)


def _write_files(plan: Plan) -> None:
    """The code and the inputs, with the rights of the program."""
    for folder in (mounts.WORK, mounts.INPUT, mounts.ARTIFACTS):
        os.mkdir(folder, 0o755)
    places = [f"{mounts.WORK}/{plan.spec.source.name}", *(f"{mounts.INPUT}/{file.name}" for file in plan.spec.inputs)]
    for place, data in zip(places, plan.files):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "xb", buffering=0) as file:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
    os.chdir(mounts.WORK)


class _Life:
    """The two stages of a run and what they leave."""

    def __init__(self, plan: Plan, turn: limits.Turn) -> None:
        self._plan, self._turn = plan, turn
        self._left = 0
        self._stopped = False
        self._times = {"sandbox": 0, "compile": 0, "run": 0, "collect": 0}

    def lead(self) -> Program:
        """Run the stages, collect, tell, end. Returns in the copy that is to become the program."""
        spec, mark = self._plan.spec, time.monotonic()
        self._times["sandbox"] = _micro(mark - self._plan.begun)
        self._tell(STARTED, b"")
        stage, status = "compile", 0
        if spec.compile:
            status = self._stage(Program(spec.compile, spec.environment), "compile")
        if status == 0 and not self._stopped:
            stage, program = "run", Program(spec.run, spec.environment)
            if self._plan.forked:
                self._turn.before()
                pid = os.fork()
                if pid == 0:
                    self._turn.close()
                    _leave()
                    return program
                status = self._follow(pid, "run")
            else:
                status = self._stage(program, "run")
        self._end(stage, status)
        os._exit(0)

    def _stage(self, program: Program, name: str) -> int:
        """Start a program and follow it; the wait status."""
        path = search(program)
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)] if name == "compile" else []
        self._turn.before()
        try:
            pid = os.posix_spawn(path, program.words, program.environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_ALL)
        except OSError as error:
            os.write(2, f"{program.words[0]}: {os.strerror(error.errno or 0)}\n".encode())
            return (NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN) << 8
        return self._follow(pid, name)

    def _follow(self, pid: int, name: str) -> int:
        """Bury everybody until ``pid`` is dead or the runner says stop, then kill what is left."""
        self._turn.after()
        begun, status = time.monotonic(), None
        while status is None and not self._stopped:
            self._stopped = signal.sigwait(_SIGNALS) == signal.SIGTERM
            status = _bury(pid)
        self._left += 0 if self._stopped else _others()
        ended = _kill_all(pid)
        self._times[name] = _micro(time.monotonic() - begun)
        return status if status is not None else ended

    def _end(self, stage: str, status: int) -> None:
        begun, spent = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        refused = self._collect()
        self._times["collect"] = _micro(time.monotonic() - begun)
        report = {
            "stage": stage,
            "status": status,
            "left": self._left,
            "user": _micro(spent.ru_utime),
            "system": _micro(spent.ru_stime),
            "peak": spent.ru_maxrss * 1024,
            "times": self._times,
            "refused": refused,
        }
        self._tell(ENDED, json.dumps(report).encode())

    def _collect(self) -> list[artifacts.Refused]:
        """Tell of every artifact, each a head and its bytes."""
        found = artifacts.look(mounts.ARTIFACTS, self._plan.spec.artifacts)
        for one in found.artifacts:
            self._tell(ARTIFACT, json.dumps(one._asdict()).encode())
            for piece in artifacts.pieces(mounts.ARTIFACTS, one):
                self._tell(DATA, piece)
        return found.refused

    @staticmethod
    def _tell(kind: bytes, payload: bytes) -> None:
        os.write(CONTROL, kind + payload)


def _leave() -> None:
    """What a copy that becomes the program must not have."""
    os.close(CONTROL)
    for number in _ALL:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    gc.enable()
    privileges.show()


def _bury(pid: int) -> int | None:
    """Wait for every dead child; the status of ``pid`` if it is among them."""
    status = None
    try:
        while True:
            dead, how = os.waitpid(-1, os.WNOHANG)
            if dead == 0:
                return status
            status = how if dead == pid else status
    except ChildProcessError:
        return status


def _others() -> int:
    """How many other processes there are."""
    return sum(name.isdecimal() for name in os.listdir("/proc")) - 1


def _kill_all(pid: int) -> int:
    """Kill every process but this one and wait for all; the status of ``pid``, or that of a killed one."""
    status: int = signal.SIGKILL
    while _others():
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
            while True:
                dead, how = os.wait()
                status = how if dead == pid else status
    return status


def _micro(seconds: float) -> int:
    return int(seconds * 1_000_000)
