"""Sockets in other network namespaces: a thread goes there, makes the socket, and ends; the socket stays where it was made."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
GREETING = b"hello from the listener"


def within(namespace: Path, make: Callable[[], T]) -> T:
    """What ``make`` returns, called in a network namespace (``/proc/PID/ns/net``)."""

    def go() -> T:
        handle = os.open(namespace, os.O_RDONLY)
        try:
            if _LIBC.setns(handle, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
        finally:
            os.close(handle)
        return make()

    with ThreadPoolExecutor(1) as thread:  # a thread that ends here, so that nobody else is taken along
        return thread.submit(go).result()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _kind(protocol: str) -> socket.SocketKind:
    return socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM


class Server(ABC):
    """A socket in a namespace, on which a thread answers as long as the context lasts."""

    def __init__(self, namespace: Path, protocol: str, address: str, port: int) -> None:
        self._tcp = protocol == "tcp"
        self._socket = within(namespace, lambda: self._bound(protocol, address, port))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def _bound(self, protocol: str, address: str, port: int) -> socket.socket:
        found = socket.socket(_family(address), _kind(protocol))
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        if self._tcp:
            found.listen(16)
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            if select.select([self._socket], [], [], 0.05)[0]:
                self.answer()

    @abstractmethod
    def answer(self) -> None:
        """Take what came and answer it."""


class Listener(Server):
    """Greets whoever comes, and writes down what it heard."""

    def __init__(self, namespace: Path, protocol: str, address: str, port: int) -> None:
        self.heard: list[str] = []
        """``tcp`` or the payload of each datagram."""
        super().__init__(namespace, protocol, address, port)

    def hears(self, patience: float = 1.0) -> bool:
        """Whether anything was heard, or is within the patience (seconds)."""
        end = time.monotonic() + patience
        while not self.heard and time.monotonic() < end:
            time.sleep(0.01)
        return bool(self.heard)

    def answer(self) -> None:
        if self._tcp:
            link, _ = self._socket.accept()
            with link:
                self.heard.append("tcp")
                link.sendall(GREETING)
            return
        data, peer = self._socket.recvfrom(2048)
        self.heard.append(data.decode(errors="replace"))
        with suppress(OSError):  # nowhere to answer to; what counts is that it was heard
            self._socket.sendto(GREETING, peer)


def reaches(namespace: Path, protocol: str, address: str, port: int, patience: float = 0.7, text: str = "ping") -> bool:
    """Whether a greeting comes back. An IPv6 link-local address carries its interface: ``fe80::1%eth0``."""

    def ask() -> bool:
        with socket.socket(_family(address), _kind(protocol)) as link:
            link.settimeout(patience)
            place = socket.getaddrinfo(address, port, _family(address), _kind(protocol))[0][4]
            try:
                link.connect(place)
                link.sendall(text.encode())
                return link.recv(100) == GREETING
            except OSError:
                return False

    return within(namespace, ask)


def connects(namespace: Path, address: str, port: int, patience: float = 0.7) -> bool:
    """Whether a TCP connection comes about, whatever is said on it."""

    def ask() -> bool:
        try:
            socket.create_connection((address, port), patience).close()
        except OSError:
            return False
        return True

    return within(namespace, ask)


class Tap:
    """Everything that an interface carries, in both directions. A context manager."""

    def __init__(self, namespace: Path, interface: str) -> None:
        self._socket = within(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
        self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def saw(self, what: bytes, patience: float = 0.4) -> bool:
        """Whether a frame that holds ``what`` was carried since the tap was opened, or is within the patience (seconds)."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0] and what in self._socket.recv(65535):
                return True
        return False


def emit(namespace: Path, interface: str, frame: bytes) -> None:
    """Send one frame as it is."""

    def send() -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
            link.bind((interface, 0))
            link.send(frame)

    within(namespace, send)
