"""What one process may use, and the kernel's first choice when memory ends."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.runner.spec import Spec

STACK = 8 * 1024 * 1024
OPEN_FILES = 1024
LOCKED = 64 * 1024
SIGNALS = 256
FIRST_TO_DIE, NEXT_TO_DIE = b"1000", b"500"


def set_limits(spec: Spec, *, bounded: bool) -> None:
    """Bound this process and those it makes. ``bounded`` says that a cgroup bounds their memory together. Raises ``OSError``."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: spec.cpu_seconds,
        resource.RLIMIT_FSIZE: spec.disk,
        resource.RLIMIT_MEMLOCK: LOCKED,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: spec.processes + 1,  # the first process of the sandbox counts too
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_SIGPENDING: SIGNALS,
        resource.RLIMIT_STACK: STACK,
    }
    if not bounded:
        limits[resource.RLIMIT_DATA] = spec.memory
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (value, value))


class Turn:
    """Whom the kernel kills when memory ends: the program and its children first, then their first process, and long after that the runner.

    A process hands its turn down to those it makes, so the first process takes the program's turn while it makes the program.
    """

    def __init__(self) -> None:
        self._score = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        self.after()

    def before(self) -> None:
        """Be first, and hand that down. Raises ``OSError``."""
        os.write(self._score, FIRST_TO_DIE)

    def after(self) -> None:
        """Be next. Raises ``OSError``."""
        os.write(self._score, NEXT_TO_DIE)

    def close(self) -> None:
        """Forget it, in a copy that becomes the program."""
        os.close(self._score)
