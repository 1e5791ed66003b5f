"""Frames, the same both ways: four bytes of length (big endian, of what follows), one byte of type, four bytes of run number, payload."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = 1
MOST = 65_536
"""Bytes after the length."""
HEAD = struct.Struct("!IBI")
_LENGTH = struct.Struct("!I")
_REST = HEAD.size - _LENGTH.size
PAYLOAD = MOST - _REST
"""Bytes of payload in one frame, at most."""

RUN, STDIN, FILE, CANCEL, PING = b"R", b"I", b"F", b"C", b"P"
HELLO, STARTED, STDOUT, STDERR, ARTIFACT, DATA, END, PONG, GIVEN_UP = b"H", b"S", b"O", b"E", b"A", b"D", b"X", b"Q", b"Z"
TO_RUNNER = RUN + STDIN + FILE + CANCEL + PING
TO_HOST = HELLO + STARTED + STDOUT + STDERR + ARTIFACT + DATA + END + PONG + GIVEN_UP


class Broken(Exception):
    """What was heard is no frame, or none that may come."""


class Frame(NamedTuple):
    """``kind`` is one byte, ``run`` the number of a run or 0."""

    kind: bytes
    run: int
    payload: bytes = b""


def encode(kind: bytes, run: int, payload: bytes = b"") -> bytes:
    """One frame. The payload has at most ``PAYLOAD`` bytes."""
    if len(payload) > PAYLOAD:
        raise Broken(f"a payload of {len(payload)} bytes")
    return HEAD.pack(_REST + len(payload), kind[0], run) + payload


class Decoder:
    """Bytes in pieces of any size to frames. ``kinds`` are the types that may come."""

    def __init__(self, kinds: bytes) -> None:
        self._kinds = kinds
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes, at most one frame being held back. Raises ``Broken``, after which nothing can be believed."""
        self._held += data
        at = 0
        try:
            while len(self._held) - at >= _LENGTH.size:
                end = at + self._length(at)
                if len(self._held) < end:
                    break
                frame = self._frame(at, end)
                at = end
                yield frame
        finally:
            del self._held[:at]

    def _length(self, at: int) -> int:
        (length,) = _LENGTH.unpack_from(self._held, at)
        if not _REST <= length <= MOST:
            raise Broken(f"a frame of {length} bytes")
        return _LENGTH.size + int(length)

    def _frame(self, at: int, end: int) -> Frame:
        _, kind, run = HEAD.unpack_from(self._held, at)
        if kind not in self._kinds:
            raise Broken(f"a frame of type {kind}")
        return Frame(bytes((kind,)), run, bytes(self._held[at + HEAD.size : end]))
