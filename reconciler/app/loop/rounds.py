"""One answer for all that ask while another is being made: what began after a worker asked holds for that worker too."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = TypeVar("Answer")

GATHER = 0.025
"""Seconds that an answer waits at most for those who said that they are about to ask: what woke one woke many, as a rule."""


class Round(Generic[Answer]):
    """Those who are served by one answer."""

    def __init__(self) -> None:
        self.askers: set[str] = set()
        self.answer: Answer | None = None
        self.made = False


class Rounds(Generic[Answer]):
    """Safe for threads. At most one answer is being made; who asks meanwhile waits for it and shares the next."""

    def __init__(self, make: Callable[[frozenset[str]], Answer | None]) -> None:
        """``make``: the answer for the workers of these hosts; None where there is none yet."""
        self._make = make
        self._next = Round[Answer]()
        self._busy = False
        self._coming: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def coming(self, host: str) -> Iterator[None]:
        """While the block runs the worker of ``host`` is about to ask, unless it asked in it."""
        with self._changed:
            self._coming.add(host)
        try:
            yield
        finally:
            self._came(host)

    def _came(self, host: str) -> None:
        with self._changed:
            self._coming.discard(host)
            self._changed.notify_all()

    def ask(self, host: str, *, gather: bool = False) -> Answer | None:
        """An answer whose making began after this call did, for the worker of ``host`` and whoever asks with it.

        ``gather``: wait for others that may ask whether or not they said so, where one answer too many costs more than that moment.
        Raises what ``make`` raises. An error is of the one worker that made it: the others of its round try by themselves.
        """
        with self._changed:
            self._came(host)
            mine = self._next
            mine.askers.add(host)
            self._changed.wait_for(lambda: mine.made or not self._busy)
            if mine.made:
                return mine.answer
            self._busy = True
            self._changed.wait_for(lambda: not self._coming and not gather, GATHER)
            if self._next is mine:
                self._next = Round[Answer]()
        try:
            mine.answer = self._make(frozenset(mine.askers))
            mine.made = True
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
        return mine.answer
