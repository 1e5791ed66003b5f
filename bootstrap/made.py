"""The record of what the demonstration made here. Each entry is written before the act, so that a killed run can be undone too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Made:
    """`how` is how LXD was started by us (systemd, direct, snap; empty: it was there). Everything else: only what was not there before."""

    venv: bool = False
    packages: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    subids: dict[str, list[str]] = field(default_factory=dict)
    """File -> the lines of root and _lxd before we changed it."""
    how: str = ""
    folders: list[str] = field(default_factory=list)
    """Folders that were absent or empty."""
    settings: dict[str, str] = field(default_factory=dict)
    """Kernel settings before LXD was started, file -> value; `tables` are LXD's nftables tables that were there."""
    tables: list[str] = field(default_factory=list)
    image: bool = False
    socket: str = ""
    pool: bool = False
    project: bool = False


def load(path: Path) -> Made:
    """The record, or an empty one where there is none."""
    return Made(**json.loads(path.read_text())) if path.exists() else Made()


def save(path: Path, made: Made) -> None:
    """Write the record whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(made), indent=2) + "\n")
    part.replace(path)
