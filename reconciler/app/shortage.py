"""Telling what this machine refused us from a defect of ours."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from reconciler.errors import Exhausted

if TYPE_CHECKING:
    from collections.abc import Iterator

_ERRORS = {errno.ENOMEM: "memory", errno.EMFILE: "open files", errno.ENFILE: "open files"}
_WORDS = {
    "can't start new thread": "threads, or the memory for one",
    "cannot allocate memory": "memory",
    "failed to map segment": "memory",
    "too many open files": "open files",
}
"""Of errors that carry no number: of threads, and of libraries that could not be loaded."""


def shortage_of(error: BaseException) -> Exhausted | None:
    """What was short where ``error``, or one that led to it, came of that; None where it did not."""
    what = next((found for one in _chain(error) if (found := _short(one))), "")
    return Exhausted(f"this machine gives us no more {what}") if what else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _short(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError):
        return _ERRORS.get(error.errno or 0, "")
    if not isinstance(error, RuntimeError | ImportError):
        return ""
    said = str(error).lower()
    return next((what for words, what in _WORDS.items() if words in said), "")
