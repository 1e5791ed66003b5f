"""What the C library keeps of memory that was given back to it.

glibc gives each of many threads an arena of its own, as many as eight times the cores. What one text or one host's answer took for a moment
stays with the arena of whichever thread it was, so a process of many threads grows for hours to the sum of what each ever needed.
"""

from __future__ import annotations

import ctypes
import os

ARENAS = 2
"""The interpreter lets one thread at a time make objects; another arena is for what goes on without its lock."""
_ARENA_MAX = -8
"""``M_ARENA_MAX`` of malloc.h."""
CHOSEN = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
"""Whoever sets one of these in the environment has chosen otherwise."""

_libc = ctypes.CDLL(None)


def keep_little() -> None:
    """From here on few arenas. Before threads are started; it does nothing under another C library."""
    if not any(name in os.environ for name in CHOSEN) and hasattr(_libc, "mallopt"):
        _libc.mallopt(_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Give what no object uses back to the system: milliseconds, more where there is much."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(ctypes.c_size_t(0))
