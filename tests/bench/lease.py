"""What a lease costs: taking it and giving it back on an idle host, and asking it before a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.lxd.connect import Door
from tests.bench.figures import Figure, middle, seconds
from tests.lab.clean import clean_daemon
from tests.lxd.conftest import host_of
from tests.lxd.holders import acquire, claim

if TYPE_CHECKING:
    from reconciler.lxd.lease import Lease
    from tests.lab.daemon import Daemon

ROUNDS, ASKED, READ_AGAIN = 21, 10_000, 50
BOUND, ASKING_BOUND = 0.040, 20e-6


def measure(daemon: Daemon) -> list[Figure]:
    """Over the unix socket, with a door that is open already, as in an apply."""
    clean_daemon(daemon)
    host = host_of(daemon)
    with Door.open(host, None) as door:
        acquire(door, claim(host)).release()
        both = middle([seconds(lambda: acquire(door, claim(host, ttl=15)).release()) for _ in range(ROUNDS)])
        lease = acquire(door, claim(host, ttl=15))
        asking = seconds(lambda: _ask(lease, "POST", ASKED)) / ASKED
        again = seconds(lambda: _ask(lease, "DELETE", READ_AGAIN)) / READ_AGAIN
        lease.release()
    return [
        Figure("lease: take and give back, idle host", f"{both * 1e3:.1f} ms", f"< {BOUND * 1e3:.0f} ms", both < BOUND),
        Figure("lease: asked before a call", f"{asking * 1e6:.1f} us", f"< {ASKING_BOUND * 1e6:.0f} us", asking < ASKING_BOUND),
        Figure("lease: asked before a call that ends something", f"{again * 1e3:.1f} ms", "one request", None),
    ]


def _ask(lease: Lease, method: str, times: int) -> None:
    for _ in range(times):
        lease.check(method, "/1.0/x", destructive=method == "DELETE")
