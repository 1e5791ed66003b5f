"""What the state folder remembers of leases: the nonces of those that were taken under its lock, so that a dead predecessor is known.

Whoever holds the lock knows that every process that held it before has ended. A nonce that was written down under this very lock is
therefore of a lease that nobody keeps any more. In a copy of the folder the lock is another one, and there the nonces prove nothing.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clock import now
from reconciler.engine.lease import TTL
from reconciler.errors import StateError
from reconciler.files import write_over
from reconciler.lxd.lease import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.app.settings import Settings
    from reconciler.model.plan import PutObject

FILE = "lease.json"
BOOT = Path("/proc/sys/kernel/random/boot_id")
KEPT = 8
"""Nonces of one host that are remembered: one of the last lease, and one of each try since that came to nothing."""


class Nonces:
    """The file. Read and written only by who holds the lock of ``lock`` (the lock file)."""

    def __init__(self, settings: Settings, lock: Path, ttl: float = TTL) -> None:
        self._ttl = ttl
        self._path = settings.state_dir / FILE
        self._holder = f"{settings.actor} (process {os.getpid()} on {socket.gethostname()})"
        self._lock = _identity(lock)
        self._of = self._read()

    def claims(self, projects: Iterable[tuple[str, PutObject | None]]) -> dict[str, Claim]:
        """A claim on each host, by name, with what makes its project. They are on disk before anything is taken. Raises ``StateError``."""
        made = {}
        for host, project in projects:
            mine = self._of.get(host, ())
            made[host] = Claim(self._holder, uuid4().hex, now, ttl=self._ttl, mine=frozenset(mine), project=project)
            self._of[host] = (*mine, made[host].nonce)[-KEPT:]
        self._write()
        return made

    def taken(self, claims: Iterable[tuple[str, Claim]]) -> None:
        """Those became leases, so what came before them is past."""
        self._of |= {host: (claim.nonce,) for host, claim in claims}
        self._write()

    def _read(self) -> dict[str, tuple[str, ...]]:
        """Nothing where it cannot be told: then a lease is waited for."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["lock"] != self._lock:
                return {}
            return {str(host): tuple(str(nonce) for nonce in nonces) for host, nonces in found["nonces"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        try:
            write_over(self._path, json.dumps({"lock": self._lock, "nonces": self._of}))
        except OSError as error:
            raise StateError(f"{self._path} cannot be written: {error.strerror}", hint=f"ls -ld {self._path.parent}") from error


def _identity(lock: Path) -> str:
    """Of the lock as the kernel holds it: this file, on this device, since this start of the machine."""
    try:
        held = lock.stat()
        return f"{BOOT.read_text(encoding='ascii').strip()} {held.st_dev} {held.st_ino}"
    except (OSError, ValueError):
        return f"unknown {uuid4().hex}"
