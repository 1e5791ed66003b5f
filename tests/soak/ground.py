"""What a soak stands on: three hosts, a repository that people push to, a checkout that the loop keeps, and a journal with a past."""

from __future__ import annotations

import sqlite3
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.model.records import Intent, Outcome
from reconciler.store.journal import FILE_NAME, Journal
from tests.chaos.arena import Arena, bystanders, enrol
from tests.chaos.declared import first
from tests.e2e.fleet import Fleet
from tests.lab.clean import clean_daemon
from tests.lab.space import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.declared import Declared
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

ROOM = "64m"
"""Of the state folder, which is a file system of its own so that it can be filled."""
PAST, AGE = 3000, timedelta(days=40)
"""Calls in the journal from before, and how long ago they were: older than what it keeps."""
AUTHOR = ("-c", "user.name=somebody", "-c", "user.email=somebody@soak.invalid", "-c", "commit.gpgsign=false")


@dataclass
class Ground:
    """``there`` is what people push to. ``arena.fleet`` is the loop's checkout of it, which nobody edits."""

    arena: Arena
    there: Fleet
    forgotten: frozenset[str] = frozenset()
    """Codes that a journal which was lost explains from then on: who froze or stopped what is told by it alone."""
    tripped: frozenset[str] = frozenset()
    """Codes that an earlier fault explains until a person answers: the circuit shows when next something is to be ended."""

    def keep_journal(self, step: int) -> None:
        """A copy of the journal as it is, beside the logs."""
        with (
            sqlite3.connect(self.arena.state / "journal.db") as now,
            sqlite3.connect(self.arena.fleet.root.parent / f"journal-{step}.db") as kept,
        ):
            now.backup(kept)

    def push(self, declared: Declared, words: str) -> str:
        """Declare it; the commit."""
        declared.write(self.there)
        return self.commit(words)

    def commit(self, words: str) -> str:
        """Commit all that was written; the commit."""
        self.git("add", "-A")
        self.git(*AUTHOR, "commit", "-q", "--allow-empty", "-m", words)
        return self.git("rev-parse", "HEAD")

    def followed(self) -> bool:
        """Whether the checkout is where the repository is."""
        head = subprocess.run(
            ["git", "-C", str(self.arena.fleet.root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip()
        return head == self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        """git, where people push to."""
        done = subprocess.run(["git", "-C", str(self.there.root), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def build(folder: Path, daemons: list[Daemon], starter: Starter) -> Ground:
    """Empty the hosts, make the repository and its checkout. h2 and h3 are reached over HTTPS."""
    for daemon in daemons:
        clean_daemon(daemon)
    there = Fleet(folder / "there", daemons, starter)
    there.root.mkdir()
    there.set_up()
    there.environ["UNSANDBOX_CONFIG_DIR"] = str(folder / "config")
    for daemon in daemons[1:]:
        enrol(there, daemon)
    there.write(".gitignore", ".unsandbox/\n")
    here = Fleet(folder / "here", daemons, starter)
    here.environ = there.environ
    declared = first(grace=True)
    ground = Ground(Arena(here, declared), there)
    ground.git("init", "-q", "-b", "main")
    ground.push(declared, "the beginning")
    run("git", "clone", "-q", str(there.root), str(here.root))
    (here.root / ".unsandbox").mkdir(mode=0o700)
    run("mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "soak", str(here.root / ".unsandbox"))
    _give_a_past(here.root / ".unsandbox")
    return ground


def strangers(ground: Ground) -> None:
    """Bystanders on every host, once our project is there."""
    for daemon in ground.arena.daemons:
        bystanders(daemon, ground.arena.fleet.starter)


def _give_a_past(state: Path) -> None:
    """Calls of long ago, of which nothing is left."""
    at = now() - AGE
    with Journal(state / FILE_NAME) as journal:
        for number in range(PAST):
            moment = (at + timedelta(seconds=number)).isoformat(timespec="milliseconds")
            journal.intend(Intent(f"past-{number}", "past", "h1", "Service/past", "svc-past", "SetPower", moment))
            journal.record(f"past-{number}", Outcome.DONE, detail="", at=moment)
