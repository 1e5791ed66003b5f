"""A process that has imported the common modules of Python and makes copies of itself: each copy becomes the program of one run.

It has one thread, runs no code of anybody's, and is another process than the runner. A copy has its own randomness; what all copies of one
zygote share is the seed of string hashes, which is why a zygote serves one cell, and not for ever.
"""

from __future__ import annotations

import array
import contextlib
import gc
import marshal
import os
import select
import socket
import sys
from typing import TYPE_CHECKING

from reconciler.runner import become, mounts, namespaces, privileges
from reconciler.runner import syscalls as sc
from reconciler.runner.become import SETTINGS, UNBUFFERED
from reconciler.runner.program import PATH, Program
from reconciler.runner.sandbox import Failed
from reconciler.runner.seccomp import Filter
from reconciler.runner.walls import ROOMS, Walls

if TYPE_CHECKING:
    from reconciler.runner.sandbox import Sandbox
    from reconciler.runner.spec import Spec

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
    "enum",
    "functools",
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
    "random",
    "re",
    "string",
    "struct",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
]
"""What many programs import. What few do is left to them, for each copy pays for all that the zygote has in memory."""
FORKS = 500
"""Runs after which a zygote is replaced."""
_MOST = 1 << 18
"""Bytes of what the runner says to a zygote or a copy, at most."""
_UP = b"+"
_SAID = 3
"""The descriptor of a file in memory, from which a copy learns what to be, and on which it says that its walls are up."""
_ROOM = socket.CMSG_SPACE((_SAID + 1 + len(namespaces.KINDS)) * array.array("i").itemsize)
_NONE = array.array("i")
_BOOT = "import sys;sys.path.insert(0,sys.argv[1]);from reconciler.runner.zygote import serve;serve()"
_NAMES = {"python3", "python"}


class Zygote:
    """The runner's side."""

    def __init__(self) -> None:
        self._pid, self._forks, self._warm, self._dead = 0, 0, False, False
        self._socket: socket.socket | None = None
        self._said = -1

    def start(self) -> None:
        """Begin one, without waiting for it. Raises ``OSError``."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        archive = sys.path[0]
        for number in (theirs.fileno(), int(archive.rpartition("/")[2])):
            os.set_inheritable(number, True)  # noqa: FBT003 - the standard library's signature
        words = [sys.executable, "-c", _BOOT, archive, str(theirs.fileno())]
        # What the linker would look up when it is called for the first time is found once, not in every copy.
        self._pid = os.posix_spawn(sys.executable, words, {"PATH": PATH, "HOME": mounts.HOME, "LANG": "C.UTF-8", "LD_BIND_NOW": "1"})
        theirs.close()
        self._socket, self._forks, self._warm = ours, 0, False

    def ready(self, spec: Spec) -> bool:
        """Whether it can serve this run: the program is a file of Python, and nothing in the environment would have changed its start."""
        if self._dead:
            return False
        if self._socket is None or self._forks >= FORKS:
            self.stop()
            self.start()
            return False
        if not self._warm and self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self._warm = self._socket.recv(1) == _UP
            self._dead = not self._warm
        words = spec.run[2:] if spec.run[1:2] == (UNBUFFERED,) else spec.run[1:]
        plain = spec.run[0] in _NAMES and words[:1] == (spec.source.name,) and not spec.compile
        return self._warm and plain and not any(_matters(*setting) for setting in spec.environment.items())

    def launch(self, program: Program, sandbox: Sandbox, pipes: tuple[int, ...]) -> int:
        """Begin a copy that becomes the program; its pid, a child of the runner. Raises ``OSError``."""
        if self._socket is None:
            raise OSError("there is no zygote")
        self._forks += 1
        self._said = os.memfd_create("walls")
        os.pwrite(self._said, marshal.dumps(tuple(program)), 0)
        doors = dict(zip(namespaces.KINDS, sandbox.doors))
        handed = array.array("i", [*pipes, self._said, *(doors[name] for name in ROOMS), doors["pid_for_children"]])
        self._socket.sendmsg([sandbox.share.packed()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        return int(self._socket.recv(16))

    def landed(self) -> None:
        """The copy is dead. Raises ``Failed`` where it never said that its walls were up."""
        up = os.pread(self._said, 1, 0)
        os.close(self._said)
        if up != _UP:
            raise Failed("a copy of the zygote could not put up its walls")

    def stop(self) -> None:
        """End it, if there is one."""
        if self._socket is not None:
            self._socket.close()
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
            self._socket = None


def _matters(name: str, value: str) -> bool:
    """Whether it would change how an interpreter starts, in a way that a copy cannot make up for."""
    return name.startswith(("PYTHON", "LC_", "LD_", "TZ")) and SETTINGS.get(name) != value


def serve() -> None:
    """Be the zygote; in a copy, become the program."""
    door = socket.socket(fileno=int(sys.argv[2]))
    privileges.hide()
    walls, opened = Walls(Filter(), executes=False), None
    home = os.open("/proc/self/ns/pid_for_children", os.O_RDONLY | os.O_CLOEXEC)
    for name in MODULES:
        with contextlib.suppress(ImportError):  # an image may have less; its programs find that out themselves
            __import__(name)
    become.prepare()
    gc.collect()
    gc.freeze()
    gc.disable()  # a copy switches it on again; here it would only touch pages
    door.send(_UP)
    # What this process or a copy writes to while both live is copied first, so neither does more than it must.
    while True:
        packed, handed = _receive(door)
        if not packed:
            return
        if handed != opened:  # the lowest that are free, so mostly the same
            walls.open(*handed[:-1])
            opened = handed
        sc.setns(handed[-1], sc.NEW_PID)
        pid = sc.clone(sc.CLONE_PARENT)
        if pid == 0:
            break
        sc.setns(home, sc.NEW_PID)
        for descriptor in handed:
            os.close(descriptor)
        door.send(b"%d" % pid)
    walls.fit(packed)
    walls.follow()
    door.detach()
    words, environment = marshal.loads(os.pread(_SAID, _MOST, 0))  # noqa: S302 - the runner's own words
    os.pwrite(_SAID, _UP, 0)
    os.close(_SAID)
    become.become(words, environment)


def _receive(door: socket.socket) -> tuple[bytes, array.array[int]]:
    """What the next run may, and what is handed for it, as ``launch`` does; nothing where there is no runner any more."""
    try:
        message, ancillary, _, _ = door.recvmsg(_MOST, _ROOM)
    except ConnectionResetError:
        return b"", _NONE
    return message, array.array("i", ancillary[0][2]) if message else _NONE
