"""What one process of a run may use."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.runner.spec import Spec

STACK = 8 * 1024 * 1024
OPEN_FILES = 1024
LOCKED = 64 * 1024
SIGNALS = 256
NO_BOUND = (1 << 64) - 1
WHICH = (
    resource.RLIMIT_CORE,
    resource.RLIMIT_CPU,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_NICE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_RTPRIO,
    resource.RLIMIT_SIGPENDING,
    resource.RLIMIT_STACK,
    resource.RLIMIT_DATA,
)


def values(spec: Spec, *, bounded: bool) -> list[int]:
    """The bounds of one process of a run, for ``WHICH``. ``bounded`` says that a cgroup bounds the memory of all together."""
    memory = resource.RLIM_INFINITY if bounded else spec.memory
    wanted = (0, spec.cpu_seconds, spec.disk, LOCKED, 0, 0, OPEN_FILES, spec.processes, 0, SIGNALS, STACK, memory)
    return [_least(most, resource.getrlimit(which)[1]) for which, most in zip(WHICH, wanted)]


def _least(most: int, hard: int) -> int:
    """Without a bound is the number that the kernel takes for it."""
    bounds = [bound for bound in (most, hard) if bound != resource.RLIM_INFINITY]
    return min(bounds) if bounds else NO_BOUND
