"""The library with which an LXD finds the id-mapped mounts of this kernel, as bootstrap/idmap.sh builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.space import REPOSITORY, run

if TYPE_CHECKING:
    from pathlib import Path


def build(folder: Path) -> Path:
    """Compile it into the folder; return the file, for `Daemon.preload`."""
    library = folder / "lxd-idmap.so"
    run("sh", str(REPOSITORY / "bootstrap/idmap.sh"), "build", str(library), timeout=120)
    return library
