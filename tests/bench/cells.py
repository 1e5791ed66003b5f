"""How soon a cell of a golden image accepts work, beside one of the starter image, in turns on one host."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.images.facts import FOLDER, read_facts
from reconciler.policy import isolation
from tests.bench.figures import Figure, middle, say, seconds
from tests.conftest import REPOSITORY
from tests.lab.idmap import build

if TYPE_CHECKING:
    from tests.lab.daemon import Daemon

TURNS = 7
TURNS_PLAIN = 3
POOL = "cells"
POOL_SIZE = "24GiB"
"""A golden image unpacked does not fit into the pools that the lab makes."""
BOUND = 1.5
IMAGES = ("golden-slim", "golden")
READY = "until grep -q unknown /sys/class/net/lo/operstate; do sleep 0.005; done; echo ready >/tmp/ready"
"""What a cell must do before it counts: its network is up, and a program of it has written a file."""


@dataclass
class Took:
    """Seconds, turn by turn, of the cells of one image."""

    create: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)

    @property
    def started(self) -> float:
        return middle(self.start)

    @property
    def had(self) -> float:
        """From the call that makes a cell until it works."""
        return middle([create + start for create, start in zip(self.create, self.start, strict=True)])


def measure(daemon: Daemon, starter: Path) -> list[Figure]:
    """Every golden image that is built; the slim one is built where it is not. With LXD as idmap.sh mends it, and then as it comes."""
    files = _files(starter)
    with tempfile.TemporaryDirectory(prefix="unsandbox-idmap-") as folder:
        daemon.preload = build(Path(folder))
        daemon.restart()
    daemon.query("POST", "/1.0/storage-pools", {"name": POOL, "driver": "btrfs", "config": {"size": POOL_SIZE}})
    for name, file in files.items():
        say(f"importing {name}")
        daemon.add_image(file, f"cells-{name}")
        # The first container of an image unpacks it.
        say(f"{name} unpacked in {seconds(partial(_create, daemon, name, f'cell-{name}')):.1f} s")
    mended = _turns(daemon, files, TURNS)
    # After it, for btrfs goes on removing rewritten files long after a container is gone.
    daemon.preload = None
    daemon.restart()
    plain = _turns(daemon, files, TURNS_PLAIN)
    for name in files:
        daemon.lxc("delete", "--force", f"cell-{name}")
    return [figure for name in files if name != "starter" for figure in _figures(name, plain, mended)]


def _files(starter: Path) -> dict[str, Path]:
    folder = REPOSITORY / FOLDER
    if read_facts(folder, IMAGES[0]) is None:
        say(f"building {IMAGES[0]}")
        subprocess.run([sys.executable, "-m", "reconciler.cli", "-C", str(REPOSITORY), "images", "build", IMAGES[0]], check=True)
    return {"starter": starter} | {built.name: folder / built.file for name in IMAGES if (built := read_facts(folder, name)) is not None}


def _turns(daemon: Daemon, names: dict[str, Path], turns: int) -> dict[str, Took]:
    """Each cell is another one, as in a pool: its first start is the one that counts."""
    took = {name: Took() for name in names}
    for turn in range(turns):
        for name, of in took.items():
            cell = f"cell-{name}-{turn}"
            of.create.append(seconds(partial(_create, daemon, name, cell)))
            of.start.append(seconds(partial(_start, daemon, cell)))
            of.end.append(seconds(partial(_end, daemon, cell)))
    return took


def _create(daemon: Daemon, image: str, cell: str) -> None:
    """With a range of ids of its own, as our cells have it."""
    body = {
        "name": cell,
        "source": {"type": "image", "alias": f"cells-{image}"},
        "profiles": [],
        "config": {isolation.KEY: "true"},
        "devices": {"root": {"type": "disk", "path": "/", "pool": POOL}},
    }
    daemon.query("POST", "/1.0/instances", body)


def _start(daemon: Daemon, name: str) -> None:
    daemon.query("PUT", f"/1.0/instances/{name}/state", {"action": "start"})
    daemon.query("POST", f"/1.0/instances/{name}/exec", {"command": ["/bin/sh", "-c", READY], "record-output": False, "interactive": False})


def _end(daemon: Daemon, name: str) -> None:
    daemon.query("PUT", f"/1.0/instances/{name}/state", {"action": "stop", "force": True})
    daemon.query("DELETE", f"/1.0/instances/{name}")


def _figures(name: str, plain: dict[str, Took], mended: dict[str, Took]) -> list[Figure]:
    ratio = mended[name].started / mended["starter"].started
    return [
        Figure(
            f"first start of a {name} cell until it works / of the starter's",
            _pair(mended[name].started, mended["starter"].started),
            f"<= {BOUND} x",
            ratio <= BOUND,
        ),
        Figure(f"the same with its creation ({name})", _pair(mended[name].had, mended["starter"].had), "", None),
        Figure(f"its end ({name})", _pair(middle(mended[name].end), middle(mended["starter"].end)), "", None),
        Figure(f"first start where LXD is not mended ({name})", _pair(plain[name].started, plain["starter"].started), "", None),
        Figure(f"with its creation, not mended ({name})", _pair(plain[name].had, plain["starter"].had), "", None),
        Figure(f"its end, not mended ({name})", _pair(middle(plain[name].end), middle(plain["starter"].end)), "", None),
    ]


def _pair(ours: float, floor: float) -> str:
    return f"{ours * 1000:.0f} ms / {floor * 1000:.0f} ms = {ours / floor:.2f} x"
