"""A throw-away container of an image: made, started, thrown away whatever happens. What a killed test left is thrown away by the next."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.engine.refuse.images import LeftQuestion
from reconciler.engine.table.images import LEFT_RULES
from reconciler.errors import HostError, NotFound
from reconciler.lxd import convert
from reconciler.lxd.inside import run_command
from reconciler.lxd.read import instance
from reconciler.model import marks
from reconciler.model.images import TRIAL
from reconciler.model.language import MemoryClass
from reconciler.model.plan import CreateInstance, DeleteInstance, RunCommand, SetPower
from reconciler.model.rules import ask
from reconciler.model.world import Status
from reconciler.policy import isolation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reconciler.app.spread.writes import Writes
    from reconciler.lxd.connect import Door
    from reconciler.model.language import Language
    from reconciler.model.world import Instance

    Tell = Callable[[str], None]

CPUS = 2
PROCESSES = 2048
DISK = "20GiB"
"""More than any image unpacked: LXD makes no container whose disk is smaller than its image."""
SPARE = 256 * 1024 * 1024
"""Bytes of memory that the container may hold beside the largest class of a language."""
START_SECONDS = 60
READY_SECONDS = 60
READY_PAUSE = 0.05
SETTLE_SECONDS = 5
AT_REST = 'case "$(readlink -f /sbin/init)" in */systemd) systemctl is-system-running | grep -Eq "running|degraded" ;; esac'
"""systemd empties /tmp while it boots, so nothing is tried before. Whether all is well there is for the smoke test to say."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tried: an image, with the languages in it and their programs."""

    image: str
    fingerprint: str
    languages: tuple[Language, ...]
    programs: Mapping[tuple[str, str], str]
    """(language, program) -> its text."""
    smoke: tuple[str, ...] = ()
    uid: int = 1000
    """Of the user that everything runs as."""


@contextmanager
def bench(door: Door, writes: Writes, subject: Subject, tell: Tell) -> Iterator[tuple[str, float]]:
    """Name of a running container of the image, and the seconds from its start until a command ran in it and its init was at rest.

    It has no network at all, and is gone afterwards; where it cannot be removed that is told. Raises a ``HostError``.
    """
    sweep(door, writes, tell)
    name = f"trial-{uuid4().hex[:12]}"
    writes.make(door, CreateInstance(name, subject.fingerprint, _config(door, subject.image), _devices(door)))
    try:
        began = time.monotonic()
        writes.make(door, SetPower(name, "start", force=False, timeout=START_SECONDS))
        _await(door, name)
        yield name, time.monotonic() - began
    finally:
        _remove(door, writes, name, tell)


def _config(door: Door, image: str) -> dict[str, str]:
    return {
        TRIAL: image,
        marks.INTENT: uuid4().hex,
        "limits.cpu": str(CPUS),
        "limits.memory": str(MemoryClass.LARGE.size + SPARE),
        "limits.processes": str(PROCESSES),
        "security.privileged": "false",
        "security.nesting": "false",
        "security.devlxd": "false",
        isolation.KEY: "true" if _isolates(door) else "false",
    }


def _isolates(door: Door) -> bool:
    """Whether the host has an id range left for it."""
    rows = convert.rows(door.get(door.path("instances", recursion="1")))
    used = sum((row.get("config") or {}).get(isolation.KEY) == "true" for row in rows)
    return bool(used < int(door.host.capacity.isolated * isolation.MARGIN))


def _devices(door: Door) -> dict[str, dict[str, str]]:
    return {"root": {"type": "disk", "path": "/", "pool": door.host.pool, "size": DISK}}


def _await(door: Door, name: str) -> None:
    """Wait until a command runs in it and its init has come to rest. Raises a ``HostError`` where that is not so in time."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            run_command(door, RunCommand(name, ("/bin/sh", "-c", AT_REST), SETTLE_SECONDS))
        except HostError:
            if time.monotonic() > deadline:
                raise
            time.sleep(READY_PAUSE)
        else:
            return


def sweep(door: Door, writes: Writes, tell: Tell) -> int:
    """Throw away what tests left that were killed; how many. Only under the lease, which no two tests hold at once."""
    rows = convert.rows(door.get(door.path("instances", recursion="1")))
    marked = [convert.instance(row) for row in rows if not convert.is_hollow(row) and TRIAL in row["config"]]
    for found in marked:
        no = ask(LEFT_RULES[0], "unsandbox status", LeftQuestion(door.host.name, found))
        if no is None:
            _throw_away(door, writes, found)
            tell(f"{door.host.name}: {found.name} was left by a test that did not come to its end, and is gone")
        else:
            tell(f"{door.host.name}: {found.name} was left alone: {LEFT_RULES[0].code}: {no.cause}")
    return len(marked)


def _remove(door: Door, writes: Writes, name: str, tell: Tell) -> None:
    """Whatever came before must not be hidden by this: what cannot be removed is told, and is what the next test throws away."""
    try:
        found = instance(door, name)
        if found is not None:
            _throw_away(door, writes, found)
    except (HostError, NotFound) as error:
        tell(f"{door.host.name}: the container {name} could not be removed ({error.message}); the next test there does it")


def _throw_away(door: Door, writes: Writes, found: Instance) -> None:
    if found.status is not Status.STOPPED:
        writes.make(door, SetPower(found.name, "stop", force=True, timeout=START_SECONDS, uuid=found.uuid), uuid=found.uuid)
    writes.make(door, DeleteInstance(found.name, found.uuid), uuid=found.uuid)
