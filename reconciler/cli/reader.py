"""Somebody who reads on while more comes: until Ctrl-C, SIGTERM, or until the other end of the pipe is closed."""

from __future__ import annotations

import select
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import TextIO


class Gone(Exception):
    """Nobody reads any more."""


def wait(stream: TextIO, seconds: float) -> bool:
    """Let ``seconds`` pass. False, and at once, where nobody can read ``stream`` any more: without a word to write one would not notice."""
    poll = select.poll()
    # No event is asked for: what is told all the same is that the other end is gone.
    poll.register(stream.fileno(), 0)
    return not any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(seconds * 1000))


@contextmanager
def until_stopped() -> Iterator[None]:
    """Ctrl-C and SIGTERM leave the block, and nothing else: to watch has no end of its own, so that is no failure."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Gone

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Gone:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
