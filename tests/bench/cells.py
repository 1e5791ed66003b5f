"""How soon a cell of a golden image accepts work, beside one of the starter image, in turns on one host."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.images.facts import FOLDER, read_facts
from tests.bench.figures import Figure, middle, say, seconds
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.daemon import Daemon

TURNS = 7
POOL = "cells"
POOL_SIZE = "24GiB"
"""A golden image unpacked does not fit into the pools that the lab makes."""
BOUND = 1.5
IMAGES = ("golden-slim", "golden")
READY = "until grep -q unknown /sys/class/net/lo/operstate; do sleep 0.005; done; echo ready >/tmp/ready"
"""What a cell must do before it counts: its network is up, and a program of it has written a file."""


def measure(daemon: Daemon, starter: Path) -> list[Figure]:
    """Every golden image that is built; the slim one is built where it is not."""
    folder = REPOSITORY / FOLDER
    if read_facts(folder, IMAGES[0]) is None:
        say(f"building {IMAGES[0]}")
        subprocess.run([sys.executable, "-m", "reconciler.cli", "-C", str(REPOSITORY), "images", "build", IMAGES[0]], check=True)
    files = {"starter": starter} | {built.name: folder / built.file for name in IMAGES if (built := read_facts(folder, name)) is not None}
    daemon.query("POST", "/1.0/storage-pools", {"name": POOL, "driver": "btrfs", "config": {"size": POOL_SIZE}})
    for name, file in files.items():
        say(f"importing {name}")
        daemon.add_image(file, f"cells-{name}")
        # The first container of an image unpacks it.
        daemon.lxc("init", f"cells-{name}", f"cell-{name}", "-s", POOL, timeout=600)
    first: dict[str, list[float]] = {name: [] for name in files}
    again: dict[str, list[float]] = {name: [] for name in files}
    for turn in range(TURNS):
        for name in files:
            # Each is another cell, as in a pool: its first start is the one that counts.
            cell = f"cell-{name}-{turn}"
            daemon.lxc("init", f"cells-{name}", cell, "-s", POOL)
            first[name].append(seconds(partial(_start, daemon, cell)))
            daemon.lxc("stop", "--force", cell)
            again[name].append(seconds(partial(_start, daemon, cell)))
            daemon.lxc("delete", "--force", cell)
    for name in files:
        daemon.lxc("delete", "--force", f"cell-{name}")
    return [figure for name in files if name != "starter" for figure in (_figure(name, first), _again(name, again))]


def _start(daemon: Daemon, name: str) -> None:
    daemon.query("PUT", f"/1.0/instances/{name}/state", {"action": "start"})
    daemon.query("POST", f"/1.0/instances/{name}/exec", {"command": ["/bin/sh", "-c", READY], "record-output": False, "interactive": False})


def _again(name: str, took: dict[str, list[float]]) -> Figure:
    """LXD gives the files of a new container to its ids before the first start; beside it stands what a start costs without that."""
    ours, floor = middle(took[name]), middle(took["starter"])
    return Figure(
        f"the same, started a second time ({name})", f"{ours * 1000:.0f} ms / {floor * 1000:.0f} ms = {ours / floor:.2f} x", "", None
    )


def _figure(name: str, took: dict[str, list[float]]) -> Figure:
    ours, floor = middle(took[name]), middle(took["starter"])
    ratio = ours / floor
    value = f"{ours * 1000:.0f} ms / {floor * 1000:.0f} ms = {ratio:.2f} x"
    return Figure(f"start of a {name} cell until it works / of the starter's", value, f"<= {BOUND} x", ratio <= BOUND)
