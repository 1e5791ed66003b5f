"""A TLS connection that one thread reads from while others write to it.

OpenSSL's own object bears no such thing: a request that is written while another thread reads the ticket that a server sends after the
handshake may never leave, and then each side waits for the other. Here only one thread at a time is inside of it, and none waits there.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

GLANCE = 0.2
"""Seconds that are waited for the network at once: a close by another thread is seen after that at the latest."""


class Duplex:
    """What a websocket asks of its socket, over ``tls``, whose handshake is done and which nobody else reads from or writes to."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self.family = tls.family
        self.fileno = tls.fileno
        self.setsockopt = tls.setsockopt
        self.close = tls.close
        self._tls = tls
        self._timeout: float | None = None
        self._guard = threading.Lock()
        tls.settimeout(0)

    def settimeout(self, seconds: float | None) -> None:
        """How long a call may wait for the network; None for as long as it takes."""
        self._timeout = seconds

    def recv(self, size: int) -> bytes:
        """What came, up to ``size`` bytes; nothing at the end. A size below a TLS record's 16 KiB would leave bytes that no select sees."""
        return self._patiently(partial(self._tls.recv, size))

    def sendall(self, data: bytes) -> None:
        """Send all of it. Of two callers at once the bytes would mingle."""
        view = memoryview(data)
        while view:
            view = view[self._patiently(partial(self._tls.send, view)) :]

    def shutdown(self, how: int) -> None:
        """End one way or both, with what came until then still to be read."""
        socket.shutdown(self._tls, how)

    def _patiently(self, call: Callable[[], T]) -> T:
        began = time.monotonic()
        while True:
            with self._guard:
                try:
                    return call()
                except ssl.SSLWantReadError:
                    needed = select.POLLIN
                except ssl.SSLWantWriteError:
                    needed = select.POLLOUT
            if self._timeout is not None and time.monotonic() - began > self._timeout:
                raise TimeoutError
            poller = select.poll()
            poller.register(self._tls, needed)
            poller.poll(GLANCE * 1000)


def shared(connection: socket) -> socket:
    """``connection`` as threads may share it: over TLS a ``Duplex``, in the plain as it is."""
    return cast("socket", Duplex(connection)) if isinstance(connection, ssl.SSLSocket) else connection
