"""What goes wrong before a host is asked, through the real command: one message with what, where and why, the next command, no report."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import one_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell

JOURNAL = ".unsandbox/journal.db"
APPROVALS = ".unsandbox/approvals.db"
WITHOUT = "-dac_override,-dac_read_search"
PLAIN = ("setpriv", f"--bounding-set={WITHOUT}", f"--inh-caps={WITHOUT}") if os.geteuid() == 0 else ()
"""Root without the power to read and write what its mode forbids."""


@dataclass(frozen=True)
class Bad:
    """Something is done to a repository, then a command is run."""

    what: str
    spoil: Callable[[Path], object]
    words: str
    code: str
    says: tuple[str, ...]
    next: str


def text(name: str, content: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        path.chmod(0o600)

    return spoil


def nothing(_root: Path) -> None:
    """The command itself is wrong."""


def sql(name: str, *statements: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        with sqlite3.connect(root / name) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        (root / name).chmod(0o600)

    return spoil


def overwritten(root: Path) -> None:
    """Its first page is whole, so it opens."""
    path = root / JOURNAL
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))


def mode(name: str, bits: int) -> Callable[[Path], object]:
    return lambda root: (root / name).chmod(bits)


def git(*words: str) -> Callable[[Path], object]:
    return lambda root: subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def git_without_head(root: Path) -> None:
    git("init")(root)
    (root / ".git/HEAD").unlink()


NO_PLAN = "unsandbox plan --out FILE"
NEWER = json.dumps({"format": "unsandbox/plan/v9", "tool": "unsandbox 9"})

CASES = [
    Bad("a plan file that is no JSON", text("p", "x"), "apply p --yes", "usage", ("p is no plan file", "not JSON"), NO_PLAN),
    Bad("a plan file of somebody else", text("p", "{}"), "replay p", "usage", ("p is no plan file", "no format of ours"), NO_PLAN),
    Bad("a plan file of another version", text("p", NEWER), "apply p --yes", "stale-plan", ("P07", "unsandbox 9"), "unsandbox plan"),
    Bad("a plan file cut short", text("p", '{"format": "unsandbox/plan/v1"}'), "replay p", "usage", ("part missing: commit",), NO_PLAN),
    Bad("no plan file", nothing, "approve p", "usage", ("the plan file p cannot be read: No such file",), NO_PLAN),
    Bad("a time without unit", nothing, "plan --expires 3", "usage", ("--expires '3'", "90s, 15m"), "unsandbox plan --help"),
    Bad("a run too long", text("x.sh", ""), "exec x.sh --ttl 16m", "usage", ("--ttl '16m': 960 s", "1 to 900 s"), "unsandbox exec --help"),
    Bad("a run of no time", text("x.sh", ""), "exec x.sh --ttl 0s", "usage", ("--ttl '0s': 0 s", "1 to 900 s"), "unsandbox exec --help"),
    Bad("a wait too long", text("x.sh", ""), "exec x.sh --wait 2m", "usage", ("--wait '2m': 120 s", "0 to 60 s"), "unsandbox exec --help"),
    Bad("no such commit", git("init"), "plan --rev nix", "git", ("no commit 'nix'",), "git log --oneline"),
    Bad("git in pieces", git_without_head, "plan", "git", ("git cannot read", "fatal: not a git repository"), "git -C . status"),
    Bad("no such code", nothing, "accept O99 Service/web", "usage", ("'O99' is the code of no refusal",), "unsandbox refusals"),
    Bad("a code as it is not written", nothing, "refusals nix", "usage", ("'nix' is the code of no refusal",), "unsandbox refusals"),
    Bad("a code that refuses nothing here", nothing, "accept O18 Service/web", "usage", ("O18 for Service/web",), "unsandbox plan"),
    Bad("a name without kind", nothing, "explain web", "usage", ("'web' is not a reference", "Kind/name"), "unsandbox status"),
    Bad("a journal that is none", text(JOURNAL, "x" * 99), "plan", "state", (JOURNAL, "not a database"), f"mv {JOURNAL} "),
    Bad("a journal overwritten", overwritten, "status", "state", (JOURNAL, "malformed"), f"mv {JOURNAL} "),
    Bad("a journal of a later version", sql(JOURNAL, "pragma user_version=9"), "plan", "state", (JOURNAL, "version 9"), "use the later"),
    Bad(
        "a journal that somebody wrote in",
        sql(JOURNAL, "insert into powers values ('u', 'running', 'martian', 'x')"),
        "plan",
        "state",
        (JOURNAL, "'martian'"),
        "unsandbox history --verify",
    ),
    Bad("a state folder out of reach", mode(".unsandbox", 0), "plan", "state", (JOURNAL, "unable to open"), "ls -la .unsandbox"),
    Bad("approvals out of reach", mode(".unsandbox", 0), "approvers", "state", (APPROVALS, "Permission denied"), "ls -ld .unsandbox"),
    Bad("a journal for reading only", mode(JOURNAL, 0o400), "apply --yes", "state", (JOURNAL, "readonly"), "ls -la .unsandbox"),
    Bad("approvals that are none", text(APPROVALS, "x" * 99), "approvers", "state", (APPROVALS, "not a database"), f"mv {APPROVALS} "),
    Bad("approvals without people", sql(APPROVALS, "pragma user_version=1"), "approvers", "state", ("no such table",), "ls -la"),
    Bad("a state folder that is a file", text("f", ""), "--state-dir f plan", "state", ("f/journal.db", "File exists"), "ls -la f"),
]


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.what)
def test_it_says_what_is_wrong_and_what_to_type(repository: Shell, bad: Bad) -> None:
    repository.run("status")
    bad.spoil(repository.root)
    done = replace(repository, before=PLAIN).run(*bad.words.split())
    told = one_error(done)
    assert told["code"] == bad.code, done.stderr
    for word in bad.says:
        assert word in told["message"]
    assert told["next"].startswith(bad.next)
    assert "Traceback" not in done.stderr
