"""One sandbox: namespaces, a first process in them, a root and the files of a run; how it is left, entered again, and ended.

The runner makes it by going into it, and comes back before anything of the run that it does not have to start itself. So no copy of the
runner is made for a sandbox, and what is in it is made with the runner's rights, while nothing of the run is alive.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.runner import limits, mounts, namespaces, privileges
from reconciler.runner import syscalls as sc
from reconciler.runner.program import search
from reconciler.runner.walls import Share, Walls, killer, reaper

if TYPE_CHECKING:
    from reconciler.runner.orders import Orders
    from reconciler.runner.program import Program
    from reconciler.runner.seccomp import Filter
    from reconciler.runner.spec import Spec

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Failed(Exception):
    """The sandbox could not be made or ended, or is not what it should be."""


class NotStarted(Exception):
    """There is no such program, or it is none: the word, and the number of the error."""

    def __init__(self, word: str, code: int) -> None:
        super().__init__(word, code)
        self.word, self.code = word, code


class Ground(NamedTuple):
    """What all sandboxes of a cell are made from."""

    stage: mounts.Stage
    home: namespaces.Home
    walls: Walls
    first: Orders
    killer: Orders
    bounded: bool
    """Whether a cgroup bounds memory."""

    @classmethod
    def lay(cls, stage: mounts.Stage, chosen: Filter, *, bounded: bool) -> Ground:
        """Prepare everything that is the same for every run. Raises ``OSError``."""
        return cls(stage, namespaces.Home(), Walls(chosen, executes=True), reaper(), killer(), bounded)


class Sandbox:
    """Made, and entered: whoever makes one starts a program in it, or nothing, and leaves it."""

    def __init__(self, ground: Ground, run: int, spec: Spec, files: tuple[bytes, ...]) -> None:
        self._ground, self._spec = ground, spec
        self.share = Share(privileges.id_of(run), limits.values(spec, bounded=ground.bounded))
        sc.unshare(namespaces.flags(spec.network))
        self._first = ground.first.start(0)
        self.doors = namespaces.doors() if spec.compile or spec.zygote else []
        mounts.make_root(ground.stage, spec.disk, self.share.uid)
        namespaces.settle(spec.network)
        self._tmp, self._proc = os.open("/tmp", _FOLDER), os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with privileges.lent(self.share.uid):
            _write_files(spec, files)

    @property
    def artifacts(self) -> str:
        """Where the artifacts folder is for the runner, also once the sandbox has ended."""
        return f"/proc/self/fd/{self._tmp}/{os.path.basename(mounts.ARTIFACTS)}"

    def start(self, program: Program, pipes: tuple[int, ...]) -> int:
        """Start a program while inside; its pid, a child of the runner. Raises ``NotStarted``, ``Failed``, ``OSError``."""
        self._ground.walls.open(*pipes)
        self._ground.walls.fit(self.share.packed())
        pid, order, code = self._ground.walls.start(program, search(program))
        if order:
            os.waitpid(pid, 0)
            if order != "execute":
                raise Failed(f"{order}: {os.strerror(code)}")
            raise NotStarted(program.words[0], code)
        return pid

    def leave(self) -> None:
        """Be at home again. Raises ``OSError``."""
        self._ground.home.back()

    def enter(self) -> None:
        """Be inside again. Raises ``OSError``."""
        namespaces.enter(self.doors)

    def others(self) -> int:
        """How many processes there are beside the first."""
        os.lseek(self._proc, 0, os.SEEK_SET)
        return sum(map(str.isdecimal, os.listdir(self._proc))) - 1

    def clear(self) -> None:
        """Kill everybody but the first process, while inside: who lives could keep the next program from its start. Raises ``Failed``."""
        pid = self._ground.killer.start(sc.CLONE_VFORK)
        failure = self._ground.killer.failure()
        os.waitpid(pid, 0)
        if failure and failure[1] != errno.ESRCH:
            raise Failed(f"{failure[0]}: {os.strerror(failure[1])}")

    def kill(self) -> None:
        """Kill every process. Safe to call twice before ``end``."""
        os.kill(self._first, 9)

    def end(self) -> Any:
        """Wait until no process is left, which the first one's end proves; what those used that it buried. Raises ``Failed``."""
        self.kill()
        _, status, spent = os.wait4(self._first, 0)
        if status != 9:  # noqa: PLR2004 - SIGKILL
            raise Failed(f"the first process ended by itself ({status})")
        return spent

    def close(self) -> None:
        """Let go of the last that holds its files."""
        for descriptor in (self._tmp, self._proc, *self.doors):
            os.close(descriptor)


def _write_files(spec: Spec, files: tuple[bytes, ...]) -> None:
    """The code and the inputs, with the rights of the program."""
    for folder in (mounts.WORK, mounts.INPUT, mounts.ARTIFACTS):
        os.mkdir(folder, 0o755)
    places = [f"{mounts.WORK}/{spec.source.name}", *(f"{mounts.INPUT}/{file.name}" for file in spec.inputs)]
    for place, data in zip(places, files):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        file = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
        os.close(file)
