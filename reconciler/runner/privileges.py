"""Giving up every right: ids, groups, capabilities, and any way back to them."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from typing import TYPE_CHECKING

from reconciler.runner import syscalls as sc
from reconciler.runner.orders import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.runner.orders import Memory

FIRST_ID, IDS = 20_000, 40_000
"""The ids of runs: each has another than those before it, and none of them has an account in an image."""
NEEDED = (0, 1, 3, 5, 6, 7, 8, 12, 18, 21, 24)
"""Chown, two over files, kill, both ids, capabilities, network administration, roots, system administration, resources."""
_PDEATHSIG, _DUMPABLE, _BOUNDING_DROP, _SECUREBITS, _NO_NEW_PRIVILEGES, _AMBIENT, _AMBIENT_CLEAR = 1, 4, 24, 28, 38, 47, 4
_LOCKED = 0b11101111
"""Root is nobody special, ids bring no capabilities back, none may be made ambient; and all of it locked but for what exec clears."""
_CAPABILITY_VERSION = 0x20080522


def id_of(run: int) -> int:
    """The user and group id of a run by its number."""
    return FIRST_ID + run % IDS


def last_capability() -> int:
    """The highest capability that this kernel knows."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as text:
        return int(text.read())


def narrow() -> None:
    """Give up what no sandbox is made with, in this process and whatever it executes. Raises ``OSError``."""
    for number in range(last_capability() + 1):
        if number not in NEEDED:
            sc.prctl(_BOUNDING_DROP, number)


def dropped(memory: Memory, *, ids: bool = True) -> list[Order]:
    """The orders to be without a capability for ever, and with ``ids`` somebody else (`user`, `group`); ``narrow`` was called before."""
    prctl = sc.NUMBERS.prctl
    header, none = memory.hold(struct.pack("Ii", _CAPABILITY_VERSION, 0)), memory.hold(bytes(24))
    become = [
        Order("groups", sc.NUMBERS.setgroups),
        Order("group", sc.NUMBERS.setresgid),
        Order("user", sc.NUMBERS.setresuid),
    ]
    return [
        *(Order(f"bound {number}", prctl, (_BOUNDING_DROP, number)) for number in NEEDED),
        Order("secure bits", prctl, (_SECUREBITS, _LOCKED)),
        Order("ambient capabilities", prctl, (_AMBIENT, _AMBIENT_CLEAR)),
        *(become if ids else ()),
        Order("capabilities", sc.NUMBERS.capset, (header, none)),
        Order("no new privileges", prctl, (_NO_NEW_PRIVILEGES, 1)),
        Order("die with the parent", prctl, (_PDEATHSIG, signal.SIGKILL)),  # a change of ids forgets it
    ]


@contextlib.contextmanager
def lent(uid: int) -> Iterator[None]:
    """Have the rights of ``uid`` towards files for a while, and no other. Raises ``OSError``."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        hide()


def hide() -> None:
    """Let nobody of the same id look into this process."""
    sc.prctl(_DUMPABLE, 0)


def shown() -> Order:
    """The order to be a process like any other again."""
    return Order("show", sc.NUMBERS.prctl, (_DUMPABLE, 1))
