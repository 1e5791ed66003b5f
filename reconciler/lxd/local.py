"""Facts about the machine behind a unix socket, as its LXD sees it: what the API does not tell and only a look at the machine can."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.lxd.connect import UNIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.resources import Host

DNS = 53
TABLES = ("tcp", "tcp6", "udp", "udp6")
LISTENING = {"tcp": "0A", "udp": "07"}
CREDENTIALS = struct.Struct("3i")
FIELDS = 3
V4_LENGTH = 8


@dataclass(frozen=True, slots=True)
class LocalFacts:
    """What the machine shows. None means unknown, never no."""

    cgroup: str | None
    """``v2``, ``v1``, or ``hybrid`` (v1 with v2 beside it)."""
    controllers: frozenset[str] | None
    apparmor: bool | None
    """Whether the kernel has it."""
    uids: int | None
    """How many ids root may give to containers, in ``/etc/subuid``; an isolated container takes 65,536."""
    gids: int | None
    keys: int | None
    """Kernel keyrings that one user may have; each container takes some."""
    neighbours: int | None
    """Entries of the ARP table (gc_thresh3); each container takes one a bridge."""
    resolvers: tuple[str, ...] | None
    """What listens on port 53 elsewhere than on loopback, such as ``udp 0.0.0.0:53``: LXD lets containers of its networks reach it."""


def local_facts(host: Host) -> LocalFacts | None:
    """The facts of a host behind a unix socket; None for one behind HTTPS, of which nothing can be known this way."""
    if not host.address.startswith(UNIX):
        return None
    pid = _peer(Path(host.address.removeprefix(UNIX)))
    if pid is None:
        return None
    root = Path(f"/proc/{pid}/root")
    return LocalFacts(
        cgroup=_cgroup(root / "sys/fs/cgroup"),
        controllers=_controllers(root / "sys/fs/cgroup"),
        apparmor=_apparmor(root),
        uids=_range(root / "etc/subuid"),
        gids=_range(root / "etc/subgid"),
        keys=_number(Path("/proc/sys/kernel/keys/maxkeys")),
        neighbours=_number(Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")),
        resolvers=_resolvers(pid),
    )


def _peer(path: Path) -> int | None:
    """The process that opened the socket: LXD, or systemd where it did so for it. Either sees the machine that LXD sees."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(3)
            link.connect(str(path))
            pid: int = CREDENTIALS.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[0]
    except OSError:
        return None
    return pid or None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _number(path: Path) -> int | None:
    text = (_text(path) or "").strip()
    return int(text) if text.isdigit() else None


def _cgroup(root: Path) -> str | None:
    if (root / "cgroup.controllers").is_file():
        return "v2"
    if (root / "unified/cgroup.controllers").is_file():
        return "hybrid"
    return "v1" if (root / "memory").is_dir() else None


def _controllers(root: Path) -> frozenset[str] | None:
    """Those that are mounted, which is what a container's limits can use."""
    text = _text(root / "cgroup.controllers")
    if text is not None:
        return frozenset(text.split())
    try:
        return frozenset(entry.name for entry in root.iterdir() if entry.is_dir()) - {"unified", "systemd"}
    except OSError:
        return None


def _apparmor(root: Path) -> bool | None:
    if not (root / "sys/module").is_dir():
        return None
    return (_text(root / "sys/module/apparmor/parameters/enabled") or "").startswith("Y")


def _range(path: Path) -> int | None:
    text = _text(path)
    return None if text is None else id_count(text)


def id_count(text: str) -> int:
    """How many ids ``/etc/subuid`` gives to root: lines of ``root:first:count``."""
    rows = (line.split(":") for line in text.splitlines())
    return sum(int(row[2]) for row in rows if len(row) == FIELDS and row[0] in {"root", "0"} and row[2].strip().isdigit())


def _resolvers(pid: int) -> tuple[str, ...] | None:
    texts = {name: _text(Path(f"/proc/{pid}/net/{name}")) for name in TABLES}
    if texts["tcp"] is None or texts["udp"] is None:
        return None
    return tuple(sorted(told for name, text in texts.items() for told in listeners(name, (text or "").splitlines()[1:])))


def listeners(table: str, lines: Iterable[str]) -> list[str]:
    """Of a table of ``/proc/net`` (tcp, tcp6, udp, udp6): what listens on port 53 elsewhere than on loopback."""
    found = []
    for line in lines:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        place = _address(address)
        if int(port, 16) == DNS and fields[3] == LISTENING[table[:3]] and not place.is_loopback:
            shown = f"[{place}]" if isinstance(place, IPv6Address) else str(place)
            found.append(f"{table[:3]} {shown}:{DNS}")
    return found


def _address(text: str) -> IPv4Address | IPv6Address:
    """The kernel writes addresses as 32-bit words in the machine's own order."""
    words = [int(text[start : start + V4_LENGTH], 16) for start in range(0, len(text), V4_LENGTH)]
    return ip_address(struct.pack(f"={len(words)}I", *words))
