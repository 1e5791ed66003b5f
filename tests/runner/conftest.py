"""A container with a Python in it, and a runner in that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.daemon import POOL
from tests.runner.cell import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon


@pytest.fixture(scope="package")
def container(lxd: Daemon, python_image: Starter) -> Iterator[str]:
    """The name of a running container, in the default project of h1."""
    fingerprint = python_image.fingerprint
    lxd.query("POST", "/1.0/images", python_image.tarball.read_bytes())
    body = {
        "name": "runner-cell",
        "source": {"type": "image", "fingerprint": fingerprint},
        "config": {"security.devlxd": "false", "limits.memory": "1GiB", "limits.processes": "400"},
        "devices": {"root": {"type": "disk", "path": "/", "pool": POOL}},
    }
    lxd.query("POST", "/1.0/instances", body)
    lxd.query("PUT", "/1.0/instances/runner-cell/state", {"action": "start"})
    yield "runner-cell"
    lxd.query("PUT", "/1.0/instances/runner-cell/state", {"action": "stop", "force": True})
    lxd.query("DELETE", "/1.0/instances/runner-cell")
    lxd.query("DELETE", f"/1.0/images/{fingerprint}")


@pytest.fixture
def cell(lxd: Daemon, container: str) -> Iterator[Cell]:
    """A runner just sent."""
    made = Cell(lxd, container)
    yield made
    made.close()
