"""A host with a container that has a Python in it, and links to it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler.app.execute.link import Link
from reconciler.lxd.connect import Door
from reconciler.model.execute import Cell
from reconciler.model.names import Kind, Ref
from tests.execute.pools import stocked
from tests.lab.clean import clean_daemon
from tests.lab.daemon import POOL
from tests.lab.permit import ALONE
from tests.lxd.conftest import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.execute.pools import Stocked
    from tests.lab.daemon import Daemon

NAME = "execute-cell"
STILL = 2
"""Processes of the container by itself, at most."""


class Place(NamedTuple):
    """A cell, and a door to its host."""

    door: Door
    cell: Cell
    daemon: Daemon

    def settle(self) -> None:
        """Wait until nothing of an earlier runner is there: two of them would see each other's processes come and go."""
        deadline = time.monotonic() + 30
        while (count := self.daemon.query("GET", f"/1.0/instances/{NAME}/state")["processes"]) > STILL:
            assert time.monotonic() < deadline, count
            time.sleep(0.05)


@pytest.fixture(scope="module")
def place(lxd: Daemon, python_image: Starter) -> Iterator[Place]:
    """One running container, in the default project of h1, for one module: another may want the host empty."""
    fingerprint = python_image.fingerprint
    lxd.query("POST", "/1.0/images", python_image.tarball.read_bytes())
    body = {
        "name": NAME,
        "source": {"type": "image", "fingerprint": fingerprint},
        "config": {"security.devlxd": "false", "limits.memory": "1GiB", "limits.processes": "400"},
        "devices": {"root": {"type": "disk", "path": "/", "pool": POOL}},
    }
    lxd.query("POST", "/1.0/instances", body)
    lxd.query("PUT", f"/1.0/instances/{NAME}/state", {"action": "start"})
    uuid = lxd.query("GET", f"/1.0/instances/{NAME}")["config"]["volatile.uuid"]
    host = replace(host_of(lxd), project="default")
    with Door.open(host, None).under(ALONE) as door:
        yield Place(door, Cell(uuid, Ref(Kind.CELL, "box-1"), lxd.name, NAME), lxd)
    lxd.query("PUT", f"/1.0/instances/{NAME}/state", {"action": "stop", "force": True})
    lxd.query("DELETE", f"/1.0/instances/{NAME}")
    lxd.query("DELETE", f"/1.0/images/{fingerprint}")


@pytest.fixture
def link(place: Place) -> Iterator[Link]:
    """A runner just sent."""
    place.settle()
    opened = Link.open(place.door, place.cell)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shelf(lxd: Daemon, python_image: Starter, tmp_path_factory: pytest.TempPathFactory) -> Stocked:
    """A host with nothing on it, and the repository of the module."""
    clean_daemon(lxd)
    return stocked(tmp_path_factory.mktemp("stocked"), lxd, python_image)


@pytest.fixture
def fleet(shelf: Stocked) -> Stocked:
    """Two cells that nobody has."""
    shelf.stock(2)
    return shelf
