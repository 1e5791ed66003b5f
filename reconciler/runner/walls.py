"""The walls around a program, as orders: from a child of the runner, or a copy of a zygote, to a process without a right.

Everything here can be done once and never undone, which is why a child has to do it; namespaces and mounts are made before by the runner.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from typing import TYPE_CHECKING, NamedTuple

from reconciler.runner import limits, mounts, namespaces, privileges
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
_IDS = struct.Struct("3Q")
_ANYBODY = -1
_EVERY = 0xFFFFFFFF
_STREAMS: tuple[str, ...] = ("stream 0", "stream 1", "stream 2")
ROOMS = tuple(name for name in namespaces.KINDS if name != "pid_for_children")
"""The namespaces into which a copy of a zygote goes; into that of the processes it is born."""


class Share(NamedTuple):
    """Who a program is and what one process of it may use: the values of ``limits.WHICH``."""

    uid: int
    limits: list[int]

    def packed(self) -> bytes:
        """As the orders have it in memory."""
        return _IDS.pack(self.uid, self.uid, self.uid) + b"".join(_LIMIT.pack(value, value) for value in self.limits)


class Walls:
    """The orders of one process. ``executes``: they end with the execution of a program; otherwise whoever follows goes on as one."""

    def __init__(self, chosen: Filter, *, executes: bool) -> None:
        self._memory, self._filter = Memory(), chosen
        self._limits = ctypes.create_string_buffer(_LIMIT.size * len(limits.WHICH))
        kept, first, last = _STREAMS, list[Order](), Order("execute", sc.NUMBERS.execve)
        if not executes:
            # A copy of the zygote has one more, on which it says that its walls are up, and goes through the doors itself.
            kept, last = (*_STREAMS, f"stream {len(_STREAMS)}"), privileges.shown()
            first = [Order(name, sc.NUMBERS.setns, (0, namespaces.KINDS[name])) for name in ROOMS]
        self._names = [*kept, *(order.name for order in first)]
        orders = [*first, *self._streams(len(kept)), *self._first_to_die(len(kept)), *self._rights(), last]
        self._orders = Orders(orders, self._memory, returns=not executes)
        self._ids = self._orders.place("group"), self._orders.place("user")

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

    def open(self, *descriptors: int) -> None:
        """What becomes 0, 1 and 2; for a copy of a zygote 3 as well, and the doors of ``ROOMS``."""
        for name, descriptor in zip(self._names, descriptors):
            self._orders.put(name, descriptor)

    def fit(self, packed: bytes) -> None:
        """Make them those of one run, by its packed share."""
        for place in self._ids:
            self._orders.write(place, packed[: _IDS.size])
        self._limits.raw = packed[_IDS.size :]

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
