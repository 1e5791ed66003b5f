"""Instances for tests, made through the door, and read through the lab's own REST client."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reconciler.lxd.write import perform
from reconciler.model import marks
from reconciler.model.plan import CreateInstance, SetPower
from tests.lab.daemon import POOL
from tests.lxd.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.lxd.connect import Door
    from tests.lab.daemon import Daemon

ROOT = {"type": "disk", "path": "/", "pool": POOL, "size": "128MiB"}


def creation(name: str, image: str, config: Mapping[str, str] | None = None, **devices: Mapping[str, str]) -> CreateInstance:
    """A creating call of the plan ``plan-1``."""
    return CreateInstance(name, image, {marks.INTENT: "plan-1", "limits.memory": "64MiB", **(config or {})}, {"root": ROOT, **devices})


def launch(door: Door, call: CreateInstance) -> None:
    """Create and start."""
    perform(door, call)
    perform(door, SetPower(call.name, "start", force=False, timeout=30))


def row(daemon: Daemon, name: str) -> dict[str, Any]:
    """The instance as LXD has it."""
    found: dict[str, Any] = daemon.query("GET", f"/1.0/instances/{name}?project={PROJECT}")
    return found


def uuid(daemon: Daemon, name: str) -> str:
    """The instance's uuid."""
    return str(row(daemon, name)["config"]["volatile.uuid"])


def names(daemon: Daemon) -> set[str]:
    """Names of all instances in our project."""
    return {path.partition("?")[0].rpartition("/")[2] for path in daemon.query("GET", f"/1.0/instances?project={PROJECT}")}


@contextmanager
def counted(door: Door) -> Iterator[Counter[str]]:
    """What was sent in the block, filled in at its end."""
    before = Counter(door.requests)
    sent: Counter[str] = Counter()
    yield sent
    sent.update(door.requests - before)
