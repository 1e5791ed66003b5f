"""A host with room for whole images, and a repository that knows it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from reconciler.app.images.facts import FOLDER
from tests.conftest import REPOSITORY
from tests.e2e.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

POOL = "roomy"
SIZE = "24GiB"
"""A golden image unpacked does not fit into the pools that the lab makes. The file behind it is sparse."""
KEPT = ("images/conformance/results.json", "docs/languages.md")


def roomy(root: Path, daemon: Daemon, starter: Starter, builds: Path | None = None) -> Fleet:
    """A fleet of one host, whose repository in ``root`` has the recipes and programs of this one and the images in ``builds``, if any."""
    if POOL not in {row["name"] for row in daemon.query("GET", "/1.0/storage-pools?recursion=1")}:
        daemon.query("POST", "/1.0/storage-pools", {"name": POOL, "driver": "btrfs", "config": {"size": SIZE}})
    fleet = Fleet(root, [daemon], starter, storage=POOL)
    fleet.set_up()
    shutil.copytree(REPOSITORY / "images", root / "images", ignore=shutil.ignore_patterns(".build"))
    (root / "docs").mkdir()
    (root / FOLDER).mkdir()
    if builds is not None:
        take(builds.iterdir(), root / FOLDER)
    return fleet


def take(files: Iterable[Path], into: Path) -> None:
    """Link the files of images, copy their facts."""
    for file in files:
        if file.name.endswith((".tar.zst", ".tar.gz")):
            try:
                os.link(file, into / file.name)
            except OSError:  # another file system
                shutil.copy2(file, into)
        elif file.suffix == ".json":
            shutil.copy2(file, into)


def keep(root: Path) -> None:
    """Bring the results of a test that was written down to this repository."""
    for name in KEPT:
        shutil.copyfile(root / name, REPOSITORY / name)
