"""``unsandbox history --verify``, on a journal that somebody else wrote in."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.model.records import Outcome
from reconciler.store.journal import Journal
from tests.store.test_journal import AT, intent

if TYPE_CHECKING:
    from tests.cli.conftest import Shell


@pytest.fixture
def written(repository: Shell) -> Shell:
    """A repository in which two calls were made."""
    with Journal(repository.root / ".unsandbox" / "journal.db") as journal:
        for number in range(2):
            journal.intend(intent(number))
            journal.record(f"i{number}", Outcome.DONE, detail="", at=AT)
    return repository


def edit(shell: Shell, *statements: str) -> None:
    with closing(sqlite3.connect(shell.root / ".unsandbox" / "journal.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_journal_that_holds_gives_its_head(written: Shell) -> None:
    done = written.run("history", "--verify")
    assert (done.returncode, done.stderr) == (0, "")
    head = json.loads(written.run("history", "--verify", "--json").stdout)["head"]
    assert done.stdout == f"holds: 4 entries, head {head}\n"


def test_an_edited_row_is_one_line_of_what_and_where(written: Shell) -> None:
    edit(written, "update intents set outcome = 'failed' where id = 'i0'")
    done = written.run("history", "--verify")
    assert done.returncode == 4
    assert done.stdout.startswith("does not hold at entry 2: intents i0 was edited after entry 2: outcome is 'failed'")
    assert done.stdout.count("\n") == 1
    found = json.loads(written.run("history", "--verify", "--json").stdout)
    assert (found["seq"], found["entries"]) == (2, 4)


def test_a_cut_tail_shows_against_the_head_that_was_kept(written: Shell) -> None:
    head = json.loads(written.run("history", "--verify", "--json").stdout)["head"]
    assert written.run("history", "--verify", "--head", head).returncode == 0
    edit(written, "drop trigger chain_holds", "delete from chain where seq > 2", "delete from intents where id = 'i1'")
    assert written.run("history", "--verify").returncode == 0
    done = written.run("history", "--verify", "--head", head)
    assert (done.returncode, head in done.stdout) == (4, True)


@pytest.mark.parametrize(
    "arguments", [("--head", "a" * 64), ("--verify", "--head", "short"), ("--verify", "Service/web")], ids=["alone", "short", "one object"]
)
def test_options_that_do_not_fit_are_told(written: Shell, arguments: tuple[str, ...]) -> None:
    done = written.run("history", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "unsandbox history --verify" in done.stderr


def test_doctor_tells_of_it_too(written: Shell) -> None:
    assert "4 entries, all of which hold" in written.run("doctor").stdout
    edit(written, "update intents set actor = 'bob' where id = 'i0'")
    done = written.run("doctor")
    assert done.returncode == 4
    assert "entry 2 does not hold" in " ".join(done.stdout.split())
