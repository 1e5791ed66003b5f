"""A run of the lab: its directory, its bridge, its daemons."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab import sweep
from tests.lab.daemon import Daemon
from tests.lab.space import LabError, Space, open_space, run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("/var/lib/unsandbox-lab")
PROGRAMS = ("lxd", "lxc", "lxcfs", "ip", "nsenter", "unshare", "mkfs.btrfs", "dnsmasq", "nft", "busybox")
FIRST_HOST = 10


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Only one run at a time is made or swept. The lock is on the parent, because the root itself comes and goes."""
    handle = os.open(root.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def free_subnet() -> int:
    """The first N for which no interface here has a 10.88.N address."""
    taken = run("ip", "-4", "-o", "addr")
    for number in range(256):
        if f" 10.88.{number}." not in taken:
            return number
    raise LabError("every network from 10.88.0.0/24 to 10.88.255.0/24 is in use on this machine")


class Lab:
    """Daemons on one bridge, 10.88.N.11 for h1 and so on; the root network namespace reaches them from 10.88.N.1. A context manager."""

    def __init__(self, root: Path = ROOT) -> None:
        check_machine()
        self.daemons: dict[str, Daemon] = {}
        self._lock = threading.Lock()
        with locked(root):
            sweep.sweep(root)
            self.directory = root / secrets.token_hex(3)
            self.directory.mkdir(parents=True, mode=0o711)
            sweep.write_owner(self.directory)
            self._subnet = free_subnet()
            try:
                self._hub = open_space(self.directory, "hub", "bare")
                self._wire(self._hub)
            except BaseException:
                sweep.remove(self.directory)
                raise

    @property
    def gateway(self) -> str:
        """The address of the root network namespace on the lab's bridge."""
        return f"10.88.{self._subnet}.1"

    def _wire(self, hub: Space) -> None:
        link = sweep.link_name(self.directory)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "outside", "netns", str(hub.pid))
        run("ip", "addr", "add", f"{self.gateway}/24", "dev", link)
        run("ip", "link", "set", link, "up")
        for command in ("link add lab type bridge", "link set lab up", "link set outside master lab up"):
            hub.run("ip", *command.split())

    def daemon(self, name: str) -> Daemon:
        """The daemon of that name, such as h1, made and started where it is not there."""
        with self._lock:
            known = self.daemons.get(name)
        return known or self.several(name)[0]

    def several(self, *names: str) -> list[Daemon]:
        """Daemons by name, the missing ones raised at once."""
        missing = [name for name in names if name not in self.daemons]
        with ThreadPoolExecutor(max_workers=max(1, len(missing))) as threads:
            list(threads.map(self._raise_daemon, missing))
        return [self.daemons[name] for name in names]

    def _raise_daemon(self, name: str) -> None:
        address = f"10.88.{self._subnet}.{FIRST_HOST + int(name.removeprefix('h'))}"
        daemon = Daemon(self.directory, name, self._hub, address, self.gateway)
        with self._lock:
            self.daemons[name] = daemon  # before it is up: what fails half-way is still closed
        daemon.set_up()

    def close(self) -> None:
        """Take everything down. Raises `LabError` naming whatever would not go."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(Daemon.close, self.daemons.values()))
        self._hub.close()
        sweep.remove(self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def check_machine() -> None:
    """Raise `LabError` with the command to type where the lab cannot work."""
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and mounts, which needs root; run the tests as root")
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}; install with: sh bootstrap/packages.sh test")
