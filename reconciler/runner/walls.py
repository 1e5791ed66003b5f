"""The walls around a program, as orders: from a child of the runner, or a copy of a zygote, to a process without a right.

Everything here can be done once and never undone, which is why a child has to do it; namespaces and mounts are made before by the runner.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from typing import TYPE_CHECKING, NamedTuple

from reconciler.runner import limits, mounts, privileges
from reconciler.runner import syscalls as sc
from reconciler.runner.orders import Memory, Order, Orders

if TYPE_CHECKING:
    from reconciler.runner.program import Program
    from reconciler.runner.seccomp import Filter

_HERE = -100
"""AT_FDCWD: a path is relative to the working folder."""
_BLOCK, _SET_MASK = 0, 2
_MASK = 8
"""Bytes of a set of signals."""
_ACTION = 32
_FIRST_TO_DIE = b"1000"
_LIMIT = struct.Struct("QQ")
_ANYBODY = -1
_EVERY = 0xFFFFFFFF


class Share(NamedTuple):
    """Who a program is and what one process of it may use: the values of ``limits.WHICH``."""

    uid: int
    limits: list[int]


class Walls:
    """The orders of one process. ``executes``: they end with the execution of a program; otherwise whoever follows goes on as one."""

    def __init__(self, chosen: Filter, *, executes: bool) -> None:
        self._memory, self._filter = Memory(), chosen
        self._limits = ctypes.create_string_buffer(_LIMIT.size * len(limits.WHICH))
        end = [Order("execute", sc.NUMBERS.execve)] if executes else [privileges.shown()]
        kept = 3 if executes else 4  # a copy of the zygote has one more, on which it says that its walls are up
        self._orders = Orders([*self._streams(kept), *self._first_to_die(kept), *self._rights(), *end], self._memory, returns=not executes)

    def _streams(self, kept: int) -> list[Order]:
        """Standard streams and nothing else, a session of its own, and signals as if nobody had ever changed them."""
        numbers, default = sc.NUMBERS, self._memory.hold(bytes(_ACTION))
        pipes = [Order(f"stream {number}", numbers.dup3, (0, number, 0)) for number in range(kept)]
        reset = [Order(f"signal {name}", numbers.rt_sigaction, (name, default, 0, _MASK)) for name in (signal.SIGPIPE, signal.SIGXFSZ)]
        mask = Order("signals", numbers.rt_sigprocmask, (_SET_MASK, self._memory.hold(bytes(_MASK)), 0, _MASK))
        return [*pipes, Order("close the rest", numbers.close_range, (kept, _EVERY)), Order("session", numbers.setsid), *reset, mask]

    def _first_to_die(self, free: int) -> list[Order]:
        """When memory ends, the kernel is to kill programs, and the runner last."""
        path, text = self._memory.hold(b"/proc/self/oom_score_adj"), self._memory.hold(_FIRST_TO_DIE)
        return [
            Order("open the turn", sc.NUMBERS.openat, (_HERE, path, os.O_WRONLY)),
            Order("take the turn", sc.NUMBERS.write, (free, text, len(_FIRST_TO_DIE))),
            Order("close the turn", sc.NUMBERS.close, (free,)),
        ]

    def _rights(self) -> list[Order]:
        base = ctypes.addressof(self._limits)
        bounds = [
            Order(f"limit {which}", sc.NUMBERS.prlimit64, (0, which, base + at * _LIMIT.size, 0)) for at, which in enumerate(limits.WHICH)
        ]
        folder = Order("working folder", sc.NUMBERS.chdir, (self._memory.hold(mounts.WORK.encode()),))
        return [*bounds, *privileges.dropped(self._memory), self._filter.order(), folder]

    def fit(self, share: Share, *descriptors: int) -> None:
        """Make them those of one run; ``descriptors`` become 0, 1 and 2, and 3 for a copy of a zygote."""
        for at, value in enumerate(share.limits):
            _LIMIT.pack_into(self._limits, at * _LIMIT.size, value, value)
        for number, descriptor in enumerate(descriptors):
            self._orders.put(f"stream {number}", descriptor)
        for name in ("user", "group"):
            self._orders.put(name, share.uid, share.uid, share.uid)

    def start(self, program: Program, path: str) -> tuple[int, str, int]:
        """A child that becomes ``program``: its pid, and the order that failed with its error, if one did. Raises ``OSError``."""
        held = Memory()
        environment = [f"{name}={value}".encode() for name, value in program.environment.items()]
        words = [word.encode() for word in program.words]
        self._orders.put("execute", held.hold(path.encode()), held.words(words), held.words(environment))
        pid = self._orders.start(sc.CLONE_VFORK)
        return (pid, *(self._orders.failure() or ("", 0)))

    def follow(self) -> None:
        """Put this process behind them. It ends where one of them fails."""
        self._orders.follow()


def reaper() -> Orders:
    """The orders of the first process of a sandbox: without a right, it buries whoever has no other parent, until it is killed."""
    memory, numbers = Memory(), sc.NUMBERS
    children = memory.hold(struct.pack("Q", 1 << (signal.SIGCHLD - 1)))
    orders = [
        Order("close", numbers.close_range, (0, _EVERY)),
        Order("session", numbers.setsid),
        *privileges.dropped(memory, ids=False),
        Order("signals", numbers.rt_sigprocmask, (_BLOCK, children, 0, _MASK)),
        Order("bury", numbers.wait4, (_ANYBODY,), "bury", "wait"),
        Order("wait", numbers.rt_sigtimedwait, (children, 0, 0, _MASK), "bury", "wait"),
    ]
    return Orders(orders, memory)


def killer() -> Orders:
    """The order to kill everybody but the first process, for a child that is among them."""
    return Orders([Order("kill", sc.NUMBERS.kill, (_ANYBODY, signal.SIGKILL))], Memory())
