"""Telling systemd how we are, by its own protocol: datagrams to the socket that it names. Without one nothing is told."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 200
"""Characters of a status."""


class Notify:
    """Safe for threads; never raises and never waits. ``interval``: seconds between two signs of life, 0 where nobody asks for them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of an abstract name.
        self._address = "\0" + name[1:] if name.startswith("@") else name if name.startswith("/") else ""
        self.interval = _interval(environ) if self._address else 0.0

    def ready(self) -> None:
        """It began, or it read everything again: what was asked for is in force."""
        self._send("READY=1")

    def reloading(self) -> None:
        """It reads everything again; ``ready`` follows."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It ends what is under way."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """A sign of life, for the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={' '.join(text.split())[:LONGEST]}")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            sender.sendto(text.encode(errors="replace"), self._address)


def _interval(environ: Mapping[str, str]) -> float:
    """Half of what the watchdog allows. Of another process's watchdog nothing is meant for us."""
    try:
        allowed = int(environ.get("WATCHDOG_USEC", "0")) / 1e6
        meant = int(environ.get("WATCHDOG_PID") or os.getpid())
    except ValueError:
        return 0.0
    return max(0.0, allowed / 2) if meant == os.getpid() else 0.0
