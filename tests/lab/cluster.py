"""A real LXD cluster of the lab's daemons."""

from __future__ import annotations

import hashlib
import ssl
import time
from typing import TYPE_CHECKING

from tests.lab.daemon import POOL, PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.daemon import Daemon

THRESHOLD = 11
"""Seconds without a heartbeat after which LXD calls a member offline; it takes no less."""
PATIENCE = 4 * THRESHOLD


def form(daemons: Sequence[Daemon]) -> None:
    """One cluster of all, each a member under its own name. All but the first have to be empty; none can be given back."""
    first, *others = daemons
    first.query("PUT", "/1.0/cluster", {"server_name": first.name, "enabled": True})
    first.query("PATCH", "/1.0", {"config": {"cluster.offline_threshold": str(THRESHOLD)}})
    for daemon in others:
        daemon.query("DELETE", f"/1.0/storage-pools/{POOL}")
        wanted = {
            "server_name": daemon.name,
            "enabled": True,
            "cluster_address": f"{first.address}:{PORT}",
            "server_address": f"{daemon.address}:{PORT}",
            "cluster_certificate": (first.directory / "cluster.crt").read_text(),
            "cluster_password": first.trust_password,
            "member_config": [{"entity": "storage-pool", "name": POOL, "key": "size", "value": "1GiB"}],
        }
        daemon.query("PUT", "/1.0/cluster", wanted)


def fingerprint_of(daemon: Daemon) -> str:
    """SHA-256 of the certificate that every member of its cluster shows."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((daemon.directory / "cluster.crt").read_text())).hexdigest()


def statuses(daemon: Daemon) -> dict[str, str]:
    """Member -> status, as the daemon tells it."""
    return {row["server_name"]: row["status"] for row in daemon.query("GET", "/1.0/cluster/members?recursion=1")}


def wait_for(daemon: Daemon, status: str, *names: str) -> None:
    """Until the daemon says ``status`` of the members."""
    deadline = time.monotonic() + PATIENCE
    while not all(statuses(daemon)[name] == status for name in names):
        assert time.monotonic() < deadline, f"not {status}: {statuses(daemon)}"
        time.sleep(0.3)
