"""Namespaces of a run, and what is seen of the runner's own."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import TYPE_CHECKING

from reconciler.runner import syscalls as sc

if TYPE_CHECKING:
    from collections.abc import Iterator

ALWAYS = sc.NEW_NS | sc.NEW_PID | sc.NEW_IPC | sc.NEW_UTS
KINDS = {"mnt": sc.NEW_NS, "pid_for_children": sc.NEW_PID, "ipc": sc.NEW_IPC, "uts": sc.NEW_UTS, "net": sc.NEW_NET}
HOSTNAME = "cell"
_PAGE = 65_536
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REQUEST = struct.Struct("16sh22x")


def flags(network: str) -> int:
    """The namespaces of a run; ``egress`` leaves it in the cell's network."""
    return ALWAYS if network == "egress" else ALWAYS | sc.NEW_NET


class Home:
    """The runner's own namespaces, to which it comes back from each sandbox that it makes."""

    def __init__(self) -> None:
        self._descriptors = doors()

    def back(self, *names: str) -> None:
        """Be here again, in all of them or those named. Raises ``OSError``, after which nobody knows where this process is."""
        enter(self._descriptors, *names)


def doors() -> list[int]:
    """Descriptors of the namespaces in which this process is, in the order of ``KINDS``; of pids, the one that its children will be in."""
    return [os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in KINDS]


def enter(descriptors: list[int], *names: str) -> None:
    """Go where the doors lead: all of them, or those named. Raises ``OSError``."""
    for (name, kind), descriptor in zip(KINDS.items(), descriptors):
        if not names or name in names:
            sc.setns(descriptor, kind)


def settle(network: str) -> None:
    """From inside: a name, and the loopback interface of a network of its own. Raises ``OSError``."""
    sc.sethostname(HOSTNAME)
    if network != "egress":
        loopback_up()


def loopback_up() -> None:
    """Switch the loopback interface on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        answer = fcntl.ioctl(one, _SIOCGIFFLAGS, _REQUEST.pack(b"lo", 0))
        fcntl.ioctl(one, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _REQUEST.unpack(answer)[1] | _IFF_UP))


def count_mounts() -> int:
    """How many mounts there are in this process's namespace."""
    table = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return sum(piece.count(b"\n") for piece in iter(lambda: os.read(table, _PAGE), b""))
    finally:
        os.close(table)


def mountpoints() -> Iterator[str]:
    """Where something is mounted in this process's namespace."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            yield line.split(" ", 5)[4]
