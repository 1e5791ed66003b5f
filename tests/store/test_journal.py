from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.records import Intent, Outcome, PowerRecord, Writer
from reconciler.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = "2026-01-01T00:00:00.000+00:00"
NOW = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def intent(number: int, ref: str = "Service/web") -> Intent:
    return Intent(id=f"i{number}", plan="p", host="h1", ref=ref, instance="svc-web", call="CreateInstance", at=AT)


def test_an_intent_dangles_until_its_outcome_is_known(journal: Journal) -> None:
    for number in range(3):
        journal.intend(intent(number))
    journal.record("i0", Outcome.DONE, detail="", at=AT)
    journal.record("i1", Outcome.UNKNOWN, detail="timed out", at=AT)
    assert [row.id for row in journal.dangling()] == ["i1", "i2"]


def test_an_intent_is_on_disk_before_the_call(tmp_path: Path) -> None:
    """A process killed right after ``intend`` returned has left the intent behind."""
    path = tmp_path / "journal.db"
    program = f"""
        import os, signal
        from pathlib import Path
        from tests.store.test_journal import intent
        from reconciler.store.journal import Journal
        journal = Journal(Path({str(path)!r}))
        journal.intend(intent(7))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    with Journal(path) as journal:
        assert [row.id for row in journal.dangling()] == ["i7"]


def test_history_is_newest_first_and_by_reference(journal: Journal) -> None:
    for number in range(5):
        journal.intend(intent(number, f"Service/s{number % 2}"))
    assert [row.id for row in journal.entries(None, 3)] == ["i4", "i3", "i2"]
    assert [row.id for row in journal.entries("Service/s1", 10)] == ["i3", "i1"]


def test_the_ledger_holds_the_last_power_and_ended_sessions(journal: Journal) -> None:
    journal.power_set("u1", "running", Writer.GIT, AT)
    journal.power_set("u1", "frozen", Writer.GIT, AT)
    journal.session_ended("s1", "Session/a", AT)
    ledger = journal.ledger(NOW)
    assert ledger.powers == {"u1": PowerRecord("frozen", Writer.GIT)}
    assert ledger.ended == frozenset({"s1"})


def test_threads_share_one_journal(journal: Journal) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: journal.intend(intent(number)), range(200)))
    assert len(journal.dangling()) == 200


def test_an_intent_is_written_with_full_durability(journal: Journal) -> None:
    (mode,) = journal._rows("pragma synchronous", {})  # noqa: SLF001 - the setting has no other sign
    assert [int(value) for value in mode.values()] == [2]


def test_a_broken_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StateError, match="cannot be used") as caught:
        Journal(path)
    assert "mv" in caught.value.hint


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        Journal(tmp_path / "file" / "journal.db")


def test_the_table_is_plain_sqlite(journal: Journal) -> None:
    journal.begin_pass("x", plan="p", actor="anna@desk", commit="c", at=AT)
    journal.end_pass("x", result="1 done", at=AT)
    with sqlite3.connect(journal.path) as connection:
        assert connection.execute("select actor, result from passes").fetchall() == [("anna@desk", "1 done")]
    connection.close()
