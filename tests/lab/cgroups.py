"""A run's own branch in every cgroup hierarchy, so that what containers leave behind is known to be ours and can be removed whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# LXC cuts this last part off init's own path and puts its groups beside it; on cgroup v2 a group with processes may not have children.
LEAF = "init.scope"


def hierarchies(root: Path) -> Iterator[Path]:
    """The top folder of each mounted hierarchy: one on v2, one for each controller on v1 and hybrid."""
    if (root / "cgroup.controllers").exists():
        yield root
        return
    for folder in sorted(root.iterdir()):
        if not folder.is_symlink() and (folder / "cgroup.procs").exists():
            yield folder


def _prepare(parent: Path, child: Path) -> None:
    child.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):  # v1: a process may not enter a cpuset without them
        file = child / name
        if file.exists() and not (parent / "cgroup.controllers").exists() and not file.read_text().strip():
            file.write_text((parent / name).read_text())
    controllers = child / "cgroup.controllers"
    if controllers.exists() and child.name != LEAF:
        wanted = " ".join(f"+{name}" for name in controllers.read_text().split())
        if wanted:
            (child / "cgroup.subtree_control").write_text(wanted)


def enter(root: Path, branch: str) -> None:
    """Move the calling process into the branch (such as `run/h1`) of every hierarchy, making it where it is not there."""
    for top in hierarchies(root):
        parent = top
        for part in (*branch.split("/"), LEAF):
            _prepare(parent, parent / part)
            parent /= part
        (parent / "cgroup.procs").write_text("0")


def thaw(root: Path, branch: str) -> None:
    """Let frozen processes go on: on v1 a frozen process does not even die."""
    for state in (root / "freezer" / branch).rglob("freezer.state"):
        try:
            state.write_text("THAWED")
        except OSError:  # the group went away while we looked
            continue


def remove(root: Path, branch: str, patience: float = 5.0) -> list[Path]:
    """Remove the branch everywhere, waiting up to `patience` seconds for dying processes; return what could not be removed."""
    deadline = time.monotonic() + patience
    while True:
        left = [group for top in hierarchies(root) for group in _remove_tree(top / branch)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _remove_tree(group: Path) -> list[Path]:
    if not group.is_dir():
        return []
    left = [path for child in group.iterdir() if child.is_dir() for path in _remove_tree(child)]
    try:
        group.rmdir()
    except FileNotFoundError:
        return left
    except OSError:  # busy: something in it still lives
        return [*left, group]
    return left
