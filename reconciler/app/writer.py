"""One writer at a time: of one state folder by a lock that the kernel holds, of one host by its lease.

A killed process holds no lock, and its leases end when they stood still for their ttl.
"""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from reconciler.app.clock import stamp
from reconciler.app.lease import Nonces
from reconciler.engine.foundation import foundation
from reconciler.engine.lease import Seen
from reconciler.errors import HostError, LeaseHeld
from reconciler.files import open_lock
from reconciler.lxd.lease import take, watch
from reconciler.model.cluster import by_endpoint
from reconciler.model.resources import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.app.doors import Doors
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.lxd.lease import Claim, Lease
    from reconciler.model.resources import Host

    Tell = Callable[[str], None]
    """Takes one line for people; any thread may call it."""

T = TypeVar("T")
R = TypeVar("R")

LOCK_FILE = "writer.lock"
LOOP = "unsandbox run of "
"""What the lock of a loop says before who runs it."""
_SHUT = Seen(-1, "", "")
"""Stands for a host that cannot be written on."""
AT_ONCE = 16
"""Hosts that are watched, or whose leases are given back, at the same time."""


@contextmanager
def only_writer(settings: Settings, *, loop: bool = False) -> Iterator[None]:
    """Be the writer while the block runs, a ``loop`` where it lasts. Raises ``LeaseHeld`` with who holds it and since when."""
    handle = open_lock(settings.state_dir / LOCK_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(handle, 500, 0).decode(errors="replace").strip() or "another process"
        os.close(handle)
        raise _taken(settings, holder) from error
    try:
        os.ftruncate(handle, 0)
        who = f"{settings.actor} (process {os.getpid()}, since {stamp()})"
        os.pwrite(handle, f"{LOOP if loop else ''}{who}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _taken(settings: Settings, holder: str) -> LeaseHeld:
    if not holder.startswith(LOOP):
        return LeaseHeld(f"{holder} is applying from {settings.state_dir}; it holds the lock until it ends", hint="try again when it ended")
    return LeaseHeld(
        f"{holder} keeps the world from {settings.state_dir}, and does by itself what is declared",
        hint="declare it and look at unsandbox status; what waits for a person: unsandbox plan --out FILE, unsandbox approve FILE; "
        "to act by hand stop that process first",
    )


@contextmanager
def writing(settings: Settings, doors: Doors, hosts: Iterable[Host], env: str, tell: Tell) -> Iterator[None]:
    """Be the only writer of the state folder and of ``hosts``, whose doors have a permit while the block runs.

    A host that cannot be reached, or gives no lease, stays shut: ``doors.open`` raises its error. Raises ``LeaseHeld`` or ``StateError``.
    """
    policy = Policy(environment=env)
    # In one order for everybody: of two who want the same hosts one gets them all. Members of a cluster share a project, so a lease.
    ordered = sorted((group[0] for group in by_endpoint(hosts).values()), key=lambda host: host.endpoint)
    with only_writer(settings):
        nonces = Nonces(settings, settings.state_dir / LOCK_FILE)
        claims = nonces.claims((host.endpoint, foundation(host, policy).objects[0]) for host in ordered)
        held: dict[str, Lease] = {}
        try:
            _take(ordered, claims, doors, tell, held)
            nonces.taken((endpoint, claims[endpoint]) for endpoint in held)
            yield
        finally:
            for endpoint in held:
                doors.permit(endpoint, None)
            _each(list(held.values()), lambda lease: lease.release())


@contextmanager
def leased(settings: Settings, door: Door) -> Iterator[Door]:
    """The door under a lease of its host, for one call. Only under ``only_writer``.

    Raises ``LeaseHeld``, ``StateError`` or a ``HostError``.
    """
    nonces = Nonces(settings, settings.state_dir / LOCK_FILE)
    name = door.host.endpoint
    claim = nonces.claims([(name, None)])[name]
    lease = take(door, claim, watch(door, claim, lambda _line: None))
    try:
        nonces.taken([(name, claim)])
        yield door.under(lease)
    finally:
        lease.release()


def _take(ordered: Sequence[Host], claims: dict[str, Claim], doors: Doors, tell: Tell, held: dict[str, Lease]) -> None:
    """Watch all at once, for that may take a while; then take one after the other, filling ``held``."""
    seen = dict(zip(ordered, _each(ordered, lambda host: _watched(host, claims[host.endpoint], doors, tell)), strict=True))
    for host, after in seen.items():
        if after is _SHUT:
            continue
        try:
            lease = take(doors.open(host), claims[host.endpoint], after)
        except HostError as error:
            doors.shut(host.endpoint, error)
        else:
            held[host.endpoint] = lease
            doors.permit(host.endpoint, lease)


def _watched(host: Host, claim: Claim, doors: Doors, tell: Tell) -> Seen | None:
    try:
        return watch(doors.open(host), claim, tell)
    except HostError as error:
        doors.shut(host.endpoint, error)
        return _SHUT


def _each(items: Sequence[T], work: Callable[[T], R]) -> list[R]:
    if not items:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(items)), thread_name_prefix="lease") as pool:
        return list(pool.map(work, items))
