"""What one process may use, and the kernel's first choice when memory ends."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.runner.spec import Spec

STACK = 8 * 1024 * 1024
OPEN_FILES = 1024
LOCKED = 64 * 1024
SIGNALS = 256
FIRST_TO_DIE = b"1000"


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


def die_first() -> None:
    """When memory ends, let the kernel take this process and its children before the runner."""
    with open("/proc/self/oom_score_adj", "wb", buffering=0) as score:
        score.write(FIRST_TO_DIE)
