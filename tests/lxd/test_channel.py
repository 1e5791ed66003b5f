"""What no program may do to whoever listens to it. How a channel carries bytes is tried with real runners."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.lxd.channel import CONTROL, STDERR, STDIN, STDOUT, Channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack


class Always:
    """A pipe that is ready whenever it is asked, and tells the same again and again: no socket is so at each moment."""

    ended = owing = holds = False

    def __init__(self, said: bytes, files: ExitStack) -> None:
        self._said = said
        self._reading, writing = os.pipe()
        for number in (self._reading, writing):
            files.callback(os.close, number)
        if said:
            os.write(writing, b"x")

    def fileno(self) -> int:
        return self._reading

    def flush(self) -> None:
        pass

    def receive(self) -> bytes:
        return self._said


@pytest.fixture
def channel() -> Iterator[Channel]:
    with contextlib.ExitStack() as files:
        pipes: dict[str, Any] = {
            name: Always(b"noise " * 400 if name == STDERR else b"", files) for name in (CONTROL, STDIN, STDOUT, STDERR)
        }
        yield Channel("h1", pipes)


def test_a_standard_error_without_end_keeps_nobody(channel: Channel) -> None:
    told: list[bytes | None] = []
    begun = time.monotonic()
    reader = threading.Thread(target=lambda: told.append(channel.read(begun + 0.1)), daemon=True)
    reader.start()
    reader.join(5)
    assert told == [b""]
    assert time.monotonic() - begun < 2
    assert len(channel.said) == 1024
