"""One websocket as a pipe that never blocks: bytes in, bytes out, and an end."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Self

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from reconciler.errors import HostError, Unreachable
from reconciler.lxd.errors import of_status

if TYPE_CHECKING:
    import socket

LONGEST = 1024 * 1024
"""Bytes of one message; LXD's have an eighth of that."""
PIECE = 256 * 1024
_DATA = frozenset({Opcode.BINARY, Opcode.CONT})


class Pipe:
    """An open one. ``ended``: nothing comes or goes any more."""

    def __init__(self, plain: socket.socket, protocol: ClientProtocol) -> None:
        self._socket = plain
        self._protocol = protocol
        self._owed = bytearray()
        self.ended = False

    @classmethod
    def open(cls, plain: socket.socket, path: str, host: str, within: float) -> Self:
        """Make a websocket of a connection, which is closed where that fails. Raises a ``HostError``."""
        pipe = cls(plain, ClientProtocol(parse_uri(f"ws://lxd{path}"), max_size=LONGEST))
        try:
            pipe._shake(host, time.monotonic() + within)
            plain.settimeout(0)
        except BaseException:
            pipe.close()
            raise
        return pipe

    def _shake(self, host: str, until: float) -> None:
        protocol = self._protocol
        protocol.send_request(protocol.connect())
        try:
            self._socket.sendall(b"".join(protocol.data_to_send()))
            while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
                self._socket.settimeout(max(0.001, until - time.monotonic()))
                # A byte at a time would be exact; what comes behind the answer is kept by the protocol all the same.
                data = self._socket.recv(PIECE)
                protocol.receive_data(data) if data else protocol.receive_eof()
        except OSError as error:
            raise Unreachable(f"{host}: no channel: {error or type(error).__name__}") from error
        if protocol.handshake_exc is not None:
            raise _refused(protocol.handshake_exc, host)

    def fileno(self) -> int:
        """For ``poll``."""
        return self._socket.fileno()

    @property
    def owing(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._owed)

    @property
    def holds(self) -> bool:
        """Whether there is something to receive that the kernel does not know of."""
        return bool(self._protocol.events) or (isinstance(self._socket, ssl.SSLSocket) and not self.ended and self._socket.pending() > 0)

    def send(self, data: bytes | memoryview, *, text: bool = False) -> None:
        """Send one message, or as much of it as goes. After the end it goes nowhere."""
        if self.ended or self._protocol.state is not State.OPEN:
            return
        (self._protocol.send_text if text else self._protocol.send_binary)(data)
        self._owe()
        self.flush()

    def _owe(self) -> None:
        for piece in self._protocol.data_to_send():
            self._owed += piece

    def flush(self) -> None:
        """Send what was held back, as far as it goes."""
        try:
            while self._owed and not self.ended:
                del self._owed[: self._socket.send(self._owed)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self._end()

    def receive(self) -> bytes:
        """What came; b"" where nothing did."""
        if not self._protocol.events and not self.ended:
            self._fill()
        data = b"".join([self._taken(event) for event in self._protocol.events_received()])
        self._owe()
        self.flush()
        return data

    def _fill(self) -> None:
        try:
            data = self._socket.recv(PIECE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self._end()
            return
        if not data:
            self._end()
            return
        self._protocol.receive_data(data)
        if self._protocol.parser_exc is not None:
            self._end()

    def _taken(self, event: object) -> bytes:
        """The bytes of one frame. LXD ends a stream with a text; a websocket may end with a frame of its own."""
        if not isinstance(event, Frame) or event.opcode in {Opcode.PING, Opcode.PONG}:
            return b""
        if event.opcode in _DATA:
            return bytes(event.data)
        self._end()
        return b""

    def _end(self) -> None:
        self.ended = True
        self._owed.clear()

    def close(self) -> None:
        """Let go of it, without a word: LXD takes that for a caller who is gone, and ends the program."""
        self.ended = True
        self._socket.close()


def _refused(error: Exception, host: str) -> HostError:
    if isinstance(error, InvalidStatus):
        return of_status(error.response.status_code, "", host)
    why = type(error).__name__ if isinstance(error, InvalidHandshake | OSError | EOFError) else "what answers is no websocket"
    return Unreachable(f"{host}: no channel: {why}")
