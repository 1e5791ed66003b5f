"""One open stream of events: a websocket over the connection that asked for it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from typing import TYPE_CHECKING

from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from reconciler.lxd.duplex import shared
from tests.fake.events import Cue

if TYPE_CHECKING:
    from tests.fake.events import Subscription

PATIENCE = 0.05
"""Seconds between two looks at whether the server ends."""
CHUNK = 65536


class Stream:
    """Sends what a subscription holds until either side ends it. Pings of the client are answered."""

    def __init__(self, connection: socket.socket, head: bytes, subscription: Subscription, closing: threading.Event) -> None:
        # One thread reads and another writes, which a TLS socket itself does not bear.
        self._connection = shared(connection)
        self._subscription = subscription
        self._closing = closing
        self._gone = threading.Event()
        self._deaf = False
        self._guard = threading.Lock()
        self._protocol = ServerProtocol()
        self._protocol.receive_data(head)

    def run(self) -> None:
        """Shake hands and tell, in the connection's own thread. Returns when the stream is over."""
        with contextlib.suppress(OSError):
            with self._guard:
                asked = next(event for event in self._protocol.events_received() if isinstance(event, Handshake))
                self._protocol.send_response(self._protocol.accept(asked))
                self._flush()
            threading.Thread(target=self._listen, daemon=True).start()
            while not self._gone.is_set() and not self._closing.is_set():
                with contextlib.suppress(queue.Empty):
                    self._tell(self._subscription.frames.get(timeout=PATIENCE))
        # To close it is not enough while another thread reads from it: the other side would not hear of it.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _tell(self, frame: object) -> None:
        if frame is Cue.CLOSE:
            self._gone.set()
        elif frame is Cue.DEAF:
            self._deaf = True
        elif isinstance(frame, str) and not self._deaf:
            with self._guard:
                self._protocol.send_text(frame.encode())
                self._flush()

    def _listen(self) -> None:
        """Answer pings, and see the client go."""
        with contextlib.suppress(OSError):
            while data := self._connection.recv(CHUNK):
                with self._guard:
                    self._protocol.receive_data(data)
                    self._protocol.events_received()
                    self._flush()
                    if self._protocol.close_expected():
                        break
        self._gone.set()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data and not self._deaf:
                self._connection.sendall(data)
