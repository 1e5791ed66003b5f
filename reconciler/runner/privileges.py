"""Giving up every right: ids, groups, capabilities, and any way back to them."""

from __future__ import annotations

import os
import struct

from reconciler.runner import syscalls as sc

FIRST_ID, IDS = 20_000, 40_000
"""The ids of runs: each has another than those before it, and none of them has an account in an image."""
NEEDED = (0, 1, 3, 5, 6, 7, 8, 12, 21, 24)
"""Chown, two over files, kill, both ids, capabilities, network and system administration, resources."""
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


def drop(uid: int) -> None:
    """Become ``uid`` without a capability, for ever; ``narrow`` was called before. Raises ``OSError``."""
    for number in NEEDED:
        sc.prctl(_BOUNDING_DROP, number)
    sc.prctl(_SECUREBITS, _LOCKED)
    sc.prctl(_AMBIENT, _AMBIENT_CLEAR)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    sc.call("capset", sc.NUMBERS.capset, struct.pack("Ii", _CAPABILITY_VERSION, 0), bytes(24))
    sc.prctl(_NO_NEW_PRIVILEGES, 1)


def hide() -> None:
    """Let nobody of the same id look into this process."""
    sc.prctl(_DUMPABLE, 0)


def show() -> None:
    """Be a process like any other again."""
    sc.prctl(_DUMPABLE, 1)


def die_with_parent() -> None:
    """Be killed when the parent ends. To be asked for after the ids are given up, which forgets it."""
    sc.prctl(_PDEATHSIG, 9)
