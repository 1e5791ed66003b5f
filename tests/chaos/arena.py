"""Where faults strike: three hosts, a repository, bystanders, and what was there before the strike."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos import seen
from tests.chaos.declared import Declared, first
from tests.chaos.launcher import NEVER, Run
from tests.e2e.fleet import PROJECT, Fleet
from tests.lab.clean import clean_daemon
from tests.lab.space import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.launcher import Trap
    from tests.chaos.seen import Row
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

PATIENCE = 90.0
SAYINGS = 20
"""So many outputs of commands are kept."""
SMALL = "16m"
QUICK = ("--connect-timeout", "1", "--timeout", "5")
"""A host that is cut off must not cost the campaign 30 s."""


@dataclass
class Arena:
    """``declared`` is what the manifests say, ``before`` the rows of the last time that all was well, ``foreign`` those of bystanders."""

    fleet: Fleet
    declared: Declared
    before: list[Row] = field(default_factory=list)
    foreign: dict[str, Row] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    journal_lost: bool = False
    other: Fleet | None = None
    count: int = 0

    @property
    def daemons(self) -> list[Daemon]:
        """The hosts."""
        return self.fleet.daemons

    @property
    def state(self) -> Path:
        """The folder of the journal."""
        return self.fleet.root / ".unsandbox"

    @property
    def states(self) -> list[Path]:
        """The journals' folders of every checkout that was at work."""
        return [self.state, *([self.other.root / ".unsandbox"] if self.other else [])]

    def checkout(self) -> Fleet:
        """A second checkout of the same text, with a journal of its own that stays from one run to the next."""
        if self.other is None:
            self.other = Fleet(self.fleet.root.with_name(f"{self.fleet.root.name}-other"), self.daemons, self.fleet.starter)
            self.other.environ = self.fleet.environ
        for text in ("inventory", "manifests"):
            shutil.copytree(self.fleet.root / text, self.other.root / text, dirs_exist_ok=True)
        return self.other

    def lose_journal(self) -> None:
        """Delete the journal, whoever has it open."""
        self.journal_lost = True
        for file in self.state.glob("journal.db*"):
            file.unlink()

    def daemon(self, name: str) -> Daemon:
        """A host by name."""
        return next(daemon for daemon in self.daemons if daemon.name == name)

    def start(self, *words: str, trap: Trap = NEVER, fleet: Fleet | None = None, code: str = "") -> Run:
        """Start a command in this or another checkout. ``code`` is a person's, where one is wanted."""
        chosen = fleet or self.fleet
        self.count += 1
        out = self.fleet.root.with_name(f"said-{self.count % SAYINGS}.txt")
        return Run(["-C", str(chosen.root), *QUICK, *words], chosen.environ | ({"UNSANDBOX_OTP": code} if code else {}), out, trap)

    def run(self, *words: str, code: str = "") -> tuple[int, str]:
        """A command to its end, without a trap: its exit status and all that it said."""
        return self.start(*words, code=code).end(PATIENCE)

    def remember(self, found: list[Row]) -> None:
        """All is well: this is what the next strike may not lose. Containers without data get theirs."""
        self.journal_lost = False
        self.before = found
        for row in seen.ours(self.before):
            if row.uuid not in self.tokens:
                self.tokens[row.uuid] = f"data of {row.uuid}\n"
                seen.token_file(self.daemon(row.host), row.name).write_text(self.tokens[row.uuid])
        self.foreign = {row.uuid: row for row in self.before if row.project != PROJECT or not row.ref}


def build(folder: Path, daemons: list[Daemon], starter: Starter, *, grace: bool, remote: bool, small_disk: bool) -> Arena:
    """Empty the hosts, make a repository, bring it up beside bystanders.

    ``remote``: h2 and h3 are reached over HTTPS. ``small_disk``: the journal's folder is a file system of its own.
    """
    for daemon in daemons:
        clean_daemon(daemon)
    folder.mkdir(parents=True)
    fleet = Fleet(folder, daemons, starter)
    fleet.set_up()
    for daemon in daemons[1:] if remote else []:
        enrol(fleet, daemon)
    if small_disk:
        (folder / ".unsandbox").mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={SMALL}", "chaos", str(folder / ".unsandbox"))
    arena = Arena(fleet, first(grace=grace))
    arena.declared.write(fleet)
    fleet.run("apply", "--yes")
    for daemon in daemons:
        bystanders(daemon, starter)
    arena.remember(seen.rows(daemons))
    return arena


def enrol(fleet: Fleet, daemon: Daemon) -> None:
    """Have a host reached over HTTPS from here on."""
    (fleet.root / "inventory" / f"{daemon.name}.yaml").unlink()
    fleet.environ["UNSANDBOX_TRUST_TOKEN"] = daemon.trust_token(f"chaos-{fleet.root.name}")
    fleet.run("hosts", "add", daemon.url, "--name", daemon.name, "--location", daemon.name, "--fingerprint", daemon.fingerprint)
    del fleet.environ["UNSANDBOX_TRUST_TOKEN"]
    entry = fleet.root / "inventory" / f"{daemon.name}.yaml"
    entry.write_text(f"{entry.read_text().rstrip()}\n  capacity: {{instances: 60}}\n")


def bystanders(daemon: Daemon, starter: Starter) -> None:
    """Two of the default project, one of them running, and two without marks in ours, one of them where a service could be."""
    for project in ("default", PROJECT):
        daemon.add_image(starter.tarball, "bystander", project)
    for name, project in (("alive", "default"), ("svc-still", "default"), ("svc-alien", PROJECT), ("cell-alien-0", PROJECT)):
        stranger(daemon, name, project)
    daemon.query("PUT", "/1.0/instances/alive/state?project=default", {"action": "start", "timeout": 20})


def stranger(daemon: Daemon, name: str, project: str = PROJECT, config: dict[str, str] | None = None) -> None:
    """Create a stopped container that is nobody's business, or what ``config`` makes of it."""
    body: dict[str, Any] = {
        "name": name,
        "type": "container",
        "profiles": [],
        "source": {"type": "image", "alias": "bystander"},
        "config": {"user.owner": "somebody", **(config or {})},
        "devices": {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}},
    }
    daemon.query("POST", f"/1.0/instances?project={project}", body)
