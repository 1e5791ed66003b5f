"""The two pipes to the host: never waited for, and what does not fit is held."""

from __future__ import annotations

import os

from reconciler.runner.frames import TO_RUNNER, Decoder, Frame, encode

IN, OUT = 0, 1
FULL = 1024 * 1024
"""Bytes held beyond which nothing more is taken from a program until the host reads."""
PIECE = 256 * 1024


class Channel:
    """Frames in, frames out."""

    def __init__(self) -> None:
        self._decoder = Decoder(TO_RUNNER)
        self._held = bytearray()
        os.set_blocking(IN, False)
        os.set_blocking(OUT, False)

    @property
    def full(self) -> bool:
        """Whether the host reads slower than the program writes."""
        return len(self._held) > FULL

    @property
    def held(self) -> int:
        """Bytes that wait for a ``flush``."""
        return len(self._held)

    def send(self, kind: bytes, run: int, payload: bytes = b"") -> None:
        """Hold a frame until the next ``flush``."""
        self._held += encode(kind, run, payload)

    def flush(self) -> bool:
        """Write what the host takes; whether there is more. Raises ``OSError`` where there is no host any more."""
        try:
            while self._held:
                del self._held[: os.write(OUT, self._held[:PIECE])]
        except BlockingIOError:
            return True
        return False

    def read(self) -> list[Frame] | None:
        """The frames that came; None at the end. Raises ``Broken``."""
        try:
            data = os.read(IN, PIECE)
        except BlockingIOError:
            return []
        return list(self._decoder.feed(data)) if data else None
