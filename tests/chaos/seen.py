"""What is really there, read from LXD's own door, from the containers' disks, and from the journal's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.fleet import PROJECT

if TYPE_CHECKING:
    from tests.lab.daemon import Daemon

MARK = "user.unsandbox."
TOKEN = "root/token"
"""The data of a container: a file with its own text, written once."""


@dataclass(frozen=True)
class Row:
    """One instance. ``pid`` is that of its first process, 0 where it has none: the same pid means the same memory."""

    host: str
    project: str
    name: str
    uuid: str
    status: str
    pid: int
    config: dict[str, str]

    @property
    def ref(self) -> str:
        """``Kind/name`` of its marks; "" where it has none."""
        kind, name = self.config.get(f"{MARK}kind"), self.config.get(f"{MARK}name")
        return f"{kind}/{name}" if kind and name else ""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.host}/{self.project}/{self.name}"

    @property
    def steady(self) -> tuple[object, ...]:
        """All that nobody but its owner may change."""
        config = {key: value for key, value in self.config.items() if not key.startswith("volatile.") or key == "volatile.uuid"}
        return self.host, self.project, self.name, self.status, self.pid, tuple(sorted(config.items()))


def rows(daemons: list[Daemon]) -> list[Row]:
    """Every instance of every project on every host."""
    found = []
    for daemon in daemons:
        for row in daemon.query("GET", "/1.0/instances?recursion=2&all-projects=true"):
            config = row["config"] or {}
            pid = int((row.get("state") or {}).get("pid") or 0)
            status = str(row["status"])
            found.append(Row(daemon.name, row["project"], row["name"], config.get("volatile.uuid", ""), status, max(pid, 0), config))
    return found


def ours(found: list[Row]) -> list[Row]:
    """Those of our project that carry our marks."""
    return [row for row in found if row.project == PROJECT and row.ref]


def token_file(daemon: Daemon, instance: str) -> Path:
    """The container's data, by way of the daemon's own mounts: stopped containers have theirs there too."""
    disk = f"{daemon.directory}/storage-pools/unsandbox/containers/{PROJECT}_{instance}/rootfs"
    return Path(f"/proc/{daemon.pid}/root{disk}") / TOKEN


def token(daemon: Daemon, instance: str) -> str:
    """The data, or "" where there is none."""
    try:
        return token_file(daemon, instance).read_text()
    except OSError:
        return ""


def is_open(*states: Path) -> bool:
    """Whether the journals hold a call without an outcome."""
    return any(row["outcome"] in {None, "", "unknown"} for row in intents(*states))


def intents(*states: Path) -> list[dict[str, Any]]:
    """Every intent of the journals in ``states``, oldest first; none where there is no file."""
    found: list[dict[str, Any]] = []
    for state in states:
        if (state / "journal.db").exists():
            with closing(sqlite3.connect(state / "journal.db")) as journal:
                journal.row_factory = sqlite3.Row
                found += (dict(row) for row in journal.execute("select * from intents order by rowid"))
    return found
