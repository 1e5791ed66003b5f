"""Looking at hosts and the local set-up for what would go wrong later."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reconciler.app.checks import FAIL, OK, UNKNOWN, WARN, Check, host_checks, machine_checks
from reconciler.app.checks_proxy import proxy_check
from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.repository import load_desired
from reconciler.engine.foundation import foundation
from reconciler.errors import HostError, InputError, NotFound, StateError
from reconciler.lxd.cluster import api_addresses
from reconciler.lxd.foundation import differences
from reconciler.lxd.inspect import facts
from reconciler.lxd.local import local_facts
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.resources import Desired, Host

__all__ = ["Check", "examine"]

LOCAL = "local"
PYTHON = (3, 11)


def examine(settings: Settings) -> tuple[Check, ...]:
    """Every check, local ones first, then host by host. A check that cannot be made says so; it is never left out."""
    checks = [*_local(settings)]
    try:
        desired = load_desired(settings)
    except InputError as error:
        return (*checks, Check("manifests", LOCAL, FAIL, error.message.splitlines()[0], "unsandbox validate"))
    checks.append(Check("manifests", LOCAL, OK, f"{len(desired.workloads)} workloads on {len(desired.hosts)} hosts declared"))
    if not desired.hosts:
        return (*checks, Check("inventory", LOCAL, WARN, "no host is declared", "unsandbox hosts add URL"))
    with Doors(settings) as doors, ThreadPoolExecutor(min(16, len(desired.hosts)), thread_name_prefix="doctor") as pool:
        found = pool.map(lambda host: tuple(_host(host, doors, desired)), desired.hosts)
        return (*checks, *(check for group in found for check in group))


def _host(host: Host, doors: Doors, desired: Desired) -> Iterator[Check]:
    try:
        door = doors.open(host)
        told = facts(door, now)
        differing = _differing(door, host, desired)
    except HostError as error:
        yield Check("connection", host.name, FAIL, error.message, error.hint)
    else:
        yield Check("connection", host.name, OK, f"{door.address}, certificate {host.fingerprint[:12]}")
        yield from host_checks(host, told, differing)
        observed = observe((host,), doors, {})
        yield proxy_check(host, desired, observed.hosts[host.name], observed.at)
    yield from machine_checks(host, local_facts(host))


def _differing(door: Door, host: Host, desired: Desired) -> tuple[str, ...] | None:
    """What of the foundation is not as it should be, read object by object; None where there is none yet."""
    try:
        door.get(door.path("projects", host.project, project=False))
    except NotFound:
        return None
    addresses = api_addresses(door)
    return tuple(dict.fromkeys(differences(door, foundation(host, desired.policy, addresses).objects[1:])))


def _local(settings: Settings) -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", LOCAL, OK if sys.version_info >= PYTHON else FAIL, version, "install Python 3.11 or later")
    git = shutil.which("git")
    yield Check("git", LOCAL, OK if git else WARN, git or "not installed: plans name no commit", "" if git else "apt-get install git")
    yield _guarded("journal", lambda: _journal(settings))
    yield _guarded("key", lambda: _key(settings))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except OSError as error:
        return Check(name, LOCAL, UNKNOWN, f"cannot be looked at: {error.strerror}", "ls -la")


def _journal(settings: Settings) -> Check:
    path = settings.state_dir / FILE_NAME
    if not path.exists():
        return Check("journal", LOCAL, OK, f"none yet at {path}; the first apply begins it")
    try:
        with Journal(path) as journal:
            broken, dangling, chain = journal.check(), len(journal.dangling()), journal.verify()
    except StateError as error:
        return Check("journal", LOCAL, FAIL, error.message, error.hint)
    if broken:
        return Check("journal", LOCAL, FAIL, f"{path}: {broken}", f"mv {path} {path}.broken  # history is lost, containers are not")
    if chain.why:
        finding = f"somebody else wrote in it; entry {chain.seq} does not hold: {chain.why}"
        return Check("journal", LOCAL, FAIL, finding, "unsandbox history --verify")
    if dangling:
        return Check("journal", LOCAL, WARN, f"{dangling} calls without an outcome, after a crash", "unsandbox apply  # settles them")
    return Check("journal", LOCAL, OK, f"{path}, {chain.entries} entries, all of which hold")


def _key(settings: Settings) -> Check:
    path = settings.config_dir / "client.key"
    if not path.exists():
        return Check("key", LOCAL, OK, "none yet; the first remote host makes it")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 or path.stat().st_uid != os.getuid():
        return Check("key", LOCAL, FAIL, f"{path} has mode {mode:o}: others can act in our name", f"chown $USER {path}; chmod 600 {path}")
    return Check("key", LOCAL, OK, str(path))
