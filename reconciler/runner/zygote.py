"""A process that has imported the common modules of Python and makes copies of itself: each copy becomes the program of one run.

It has one thread, runs no code of anybody's, and is another process than the runner. A copy has its own randomness; what all copies of one
zygote share is the seed of string hashes, which is why a zygote serves one cell, and not for ever.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import select
import socket
import sys
from typing import TYPE_CHECKING

from reconciler.runner import become, mounts, privileges, within
from reconciler.runner import syscalls as sc
from reconciler.runner.flight import Born, spawn
from reconciler.runner.program import PATH
from reconciler.runner.seccomp import Filter
from reconciler.runner.spec import File, Spec

if TYPE_CHECKING:
    from reconciler.runner.within import Plan, Walls

MODULES = [
    "argparse",
    "ast",
    "base64",
    "bisect",
    "collections",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "glob",
    "hashlib",
    "heapq",
    "inspect",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "random",
    "re",
    "shutil",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
    "unittest",
    "uuid",
]
FORKS = 500
"""Runs after which a zygote is replaced."""
_PIECE = 1 << 20
_BOOT = "import sys;sys.path.insert(0,sys.argv[1]);from reconciler.runner.zygote import serve;serve()"
_NAMES = {"python3", "python"}


class Zygote:
    """The runner's side."""

    def __init__(self, walls: Walls) -> None:
        self._walls = walls
        self._pid, self._forks, self._warm, self._dead = 0, 0, False, False
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin one, without waiting for it. Raises ``OSError``."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        archive = sys.path[0]
        for number in (theirs.fileno(), int(archive.rpartition("/")[2])):
            os.set_inheritable(number, True)  # noqa: FBT003 - the standard library's signature
        words = [sys.executable, "-c", _BOOT, archive, str(theirs.fileno()), json.dumps(self._walls[0]), str(self._walls.bounded)]
        self._pid = os.posix_spawn(sys.executable, words, {"PATH": PATH, "HOME": mounts.HOME, "LANG": "C.UTF-8"})
        theirs.close()
        self._socket, self._forks, self._warm = ours, 0, False

    def ready(self, spec: Spec) -> bool:
        """Whether it can serve this run: the program is a file of Python, and nothing in the environment would have changed its start."""
        if self._dead:
            return False
        if self._socket is None or self._forks >= FORKS:
            self.stop()
            self.start()
        if not self._warm and self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self._warm = self._socket.recv(1) == b"+"
            self._dead = not self._warm
        plain = len(spec.run) > 1 and spec.run[0] in _NAMES and spec.run[1] == spec.source.name and not spec.compile
        return self._warm and plain and not any(name.startswith(("PYTHON", "LC_")) for name in spec.environment)

    def launch(self, plan: Plan) -> int:
        """Begin a sandbox whose program is a copy; the pid of its first process, which is a child of ours. Raises ``OSError``."""
        if self._socket is None:
            raise OSError("there is no zygote")
        self._forks += 1
        memory = os.memfd_create("run")
        try:
            head = json.dumps([plan.run, plan.begun, [len(file) for file in plan.files], plan.spec]).encode()
            for data in (head, *plan.files):
                left = memoryview(data)
                while left:
                    left = left[os.write(memory, left) :]
            handed = array.array("i", [*plan.pipes, plan.control.fileno(), memory])
            self._socket.sendmsg([str(len(head)).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        finally:
            os.close(memory)
        return int(self._socket.recv(16))

    def stop(self) -> None:
        """End it, if there is one."""
        if self._socket is not None:
            self._socket.close()
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
            self._socket = None


def serve() -> None:
    """Be the zygote; in a copy, become the program."""
    door, stage, bounded = socket.socket(fileno=int(sys.argv[2])), mounts.Stage(*json.loads(sys.argv[3])), sys.argv[4] == "True"
    privileges.hide()
    walls = within.Walls(stage, Filter(), bounded)
    for name in MODULES:
        with contextlib.suppress(ImportError):  # an image may have less; its programs find that out themselves
            __import__(name)
    gc.collect()
    gc.freeze()
    door.send(b"+")
    try:
        while True:
            plan = _receive(door)
            if plan is None:
                return
            pid = spawn(plan, walls, sc.CLONE_PARENT)
            for descriptor in plan.pipes:
                os.close(descriptor)
            plan.control.close()
            door.send(str(pid).encode())
    except Born as born:
        program = born.program
    become.become(program)


def _receive(door: socket.socket) -> Plan | None:
    """The next run; None when the runner is gone."""
    message, ancillary, _, _ = door.recvmsg(64, socket.CMSG_SPACE(5 * 4))
    if not message:
        return None
    handed = array.array("i")
    handed.frombytes(ancillary[0][2])
    *pipes, control, memory = handed
    with open(memory, "rb", buffering=0) as held:
        held.seek(0)
        run, begun, sizes, spec = json.loads(_exactly(held.fileno(), int(message)))
        files = tuple(_exactly(held.fileno(), size) for size in sizes)
    return within.Plan(run, _spec(spec), files, (pipes[0], pipes[1], pipes[2]), socket.socket(fileno=control), begun, forked=True)


def _exactly(descriptor: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(descriptor, min(_PIECE, size - len(data)))
        if not piece:
            raise OSError("the runner handed less than it said")
        data += piece
    return bytes(data)


def _spec(values: list[object]) -> Spec:
    """The tuple that JSON made a list of."""
    spec = Spec(*values)  # type: ignore[arg-type]
    inputs = tuple(File(*file) for file in spec.inputs)
    return spec._replace(compile=tuple(spec.compile), run=tuple(spec.run), source=File(*spec.source), inputs=inputs)
