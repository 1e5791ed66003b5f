"""A journal that is cut loses nothing that a decision asks for, gives its room back, and can still be held against its chain."""

from __future__ import annotations

import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StateError
from reconciler.model.records import Applied, Certified, Intent, Outcome, Writer
from reconciler.store.cut import Cut
from reconciler.store.journal import Journal
from reconciler.store.retention import Keep, There
from tests.store.test_held import WRITES
from tests.store.test_journal import intent
from tests.store.test_ledger import AT, H1, NOW, OLD_FILE, WEB, acceptance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = NOW + timedelta(days=60)
LATE = LATER.isoformat(timespec="milliseconds")
NOWHERE = There(frozenset({"h1"}), every=True, declared=frozenset())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Entries 1 to 17 are sixty days old; one more is of today."""
    with Journal(tmp_path / "journal.db") as opened:
        opened.begin_pass("pass-1", plan="p", actor="anna@desk", commit="c", at=AT)
        for number, outcome in enumerate((Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN)):
            opened.intend(replace(intent(number), plan=f"p{number}"))
            opened.record(f"i{number}", outcome, detail="", at=AT)
        opened.end_pass("pass-1", result="4 done", at=AT)
        opened.certify(H1, [WEB], [], at=AT)
        opened.power_set("u1", "frozen", Writer.GIT, AT)
        opened.power_set("u9", "frozen", Writer.GIT, AT)
        opened.session_ended("s1", "Session/a", AT)
        opened.applied(Applied("c", "d", "t", approval=True), at=AT)
        opened.open_circuit("too much is down", at=AT)
        opened.accept(acceptance("digest-1", AT))
        opened.use_plan("plan-1", by="anna@desk", at=AT, until=AT)
        opened.note("approval", by="anna@desk", subject="plan-1", detail="", at=AT)
        opened.intend(replace(intent(9), at=LATE))
        yield opened


@contextmanager
def editor(journal: Journal) -> Iterator[sqlite3.Connection]:
    """Past the journal, the triggers taken down first."""
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        for name in ("chain_keeps", "chain_holds", "chain_grows"):
            connection.execute(f"drop trigger {name}")
        yield connection


def pages(journal: Journal) -> int:
    (row,) = journal._rows("pragma page_count", {})  # noqa: SLF001 - what is in the WAL counts as well
    return int(next(iter(row.values())))


def keys(journal: Journal, table: str, key: str) -> list[str]:
    return [row[key] for row in journal._rows(f"select {key} from {table} order by rowid", {})]  # noqa: S608, SLF001 - past the code under test


def test_what_is_old_and_asked_for_by_nobody_goes(journal: Journal) -> None:
    before = journal.ledger(LATER)
    cut = journal.cut(LATER)
    assert cut.rows == 5, "a pass, a create that was done, a plan, an acceptance, a note"
    assert keys(journal, "intents", "id") == ["i1", "i2", "i9"], "half made, or not known"
    for table, key in (("passes", "id"), ("used_plans", "plan"), ("accepted", "digest"), ("notes", "id")):
        assert keys(journal, table, key) == []
    assert journal.ledger(LATER) == before
    sound = journal.verify()
    assert (sound.why, sound.cut > 16) == ("", True)
    assert journal.cut(LATER) == Cut(), "there is no more to go"


def test_what_is_nowhere_goes_where_every_host_was_seen(journal: Journal) -> None:
    journal.cut(LATER, exists=NOWHERE)
    assert keys(journal, "powers", "uuid") == ["u1"], "it is certified"
    assert keys(journal, "ended", "uid") == []
    assert keys(journal, "intents", "id") == ["i2", "i9"]
    assert journal.verify().why == ""


def test_what_is_there_stays(journal: Journal) -> None:
    seen = replace(NOWHERE, uuids=frozenset({"u9"}), instances=frozenset({("h1", "svc-web")}), declared=frozenset({"s1"}))
    journal.cut(LATER, exists=seen)
    assert (keys(journal, "powers", "uuid"), keys(journal, "ended", "uid")) == (["u1", "u9"], ["s1"])
    assert keys(journal, "intents", "id") == ["i1", "i2", "i9"]


def test_nothing_goes_that_is_young(journal: Journal) -> None:
    assert journal.cut(NOW + timedelta(days=29), exists=NOWHERE) == Cut()
    assert journal.cut(NOW, Keep(timedelta(0)), NOWHERE).rows == 0, "deeds of the last hour count whatever is asked for"


def test_a_create_that_was_done_goes_after_the_one_that_it_made_good(journal: Journal) -> None:
    """Gone first, the failed one would count as half made, and what came of it be destroyed without a question."""
    for number, outcome in ((20, Outcome.FAILED), (21, Outcome.DONE)):
        journal.intend(replace(intent(number), plan="again"))
        journal.record(f"i{number}", outcome, detail="", at=AT)
    before = journal.ledger(LATER).begun
    journal.cut(LATER)
    assert journal.ledger(LATER).begun == before
    assert {"i20", "i21"}.isdisjoint(keys(journal, "intents", "id"))
    journal.intend(replace(intent(22), plan="young", at=LATE))
    journal.intend(replace(intent(23), plan="young"))
    journal.record("i23", Outcome.DONE, detail="", at=AT)
    before = journal.ledger(LATER).begun
    journal.cut(LATER)
    assert journal.ledger(LATER).begun == before
    assert "i23" in keys(journal, "intents", "id")


def test_of_many_failed_deletes_of_one_the_last_stays(journal: Journal) -> None:
    for number in range(30, 35):
        journal.intend(Intent(f"i{number}", "p", "h1", "Service/web", "svc-web", "DeleteInstance", AT, uuid="u5"))
        journal.record(f"i{number}", Outcome.FAILED, detail="", at=AT)
    journal.cut(LATER)
    assert journal.ledger(LATER).ending == {"u5"}
    assert [key for key in keys(journal, "intents", "id") if key >= "i30" and key != "i9"] == ["i34"]


def test_too_many_entries_go_however_young_and_rows_stay(journal: Journal) -> None:
    for number in range(100, 200):
        journal.note("approval", by="anna", subject=str(number), detail="", at=LATE)
    journal.cut(LATER, Keep(entries=50))
    sound = journal.verify()
    assert (sound.why, sound.entries <= 50) == ("", True)
    assert len(keys(journal, "notes", "id")) == 100


TAMPERINGS = [
    ("the base edited", ["update base set row = replace(row, 'lxd1', 'lxd2') where name = 'certified'"], "were cut was edited"),
    ("a row of the base deleted", ["delete from base where name = 'known'"], "were cut was edited"),
    ("the base reordered", ["update base set place = place + 1000 where name = 'known'"], "were cut was edited"),
    ("the checkpoint forged", ["update cuts set digest = '0'"], "were cut was edited"),
    ("the checkpoint moved", ["update cuts set seq = seq + 1"], "edited|missing"),
    ("the checkpoint taken away", ["delete from cuts"], "none was cut"),
    ("the checkpoint and the base taken away", ["delete from cuts", "delete from base"], "entry 1 is missing"),
    ("its entry deleted", ["delete from chain where kind = 'cut'"], "no entry says|missing"),
    ("the first entry that stayed deleted", ["delete from chain where seq = (select min(seq) from chain)"], "missing"),
    ("all entries deleted", ["delete from chain"], "no entry says"),
    ("a row that was told before", ["update certified set count = 0"], "count is 0"),
    ("an intent that stayed", ["update intents set outcome = 'done' where id = 'i1'"], "outcome is 'done'"),
    ("a row that was cut put back", ["insert into notes (id) values ('x')"], "in no entry"),
]


@pytest.mark.parametrize(("statements", "why"), [row[1:] for row in TAMPERINGS], ids=[row[0] for row in TAMPERINGS])
def test_it_shows_after_a_cut(journal: Journal, statements: list[str], why: str) -> None:
    journal.cut(LATER)
    with editor(journal) as connection:
        for statement in statements:
            connection.execute(statement)
    assert re.search(why, journal.verify().why), journal.verify().why


def test_a_row_that_was_edited_is_not_cut_out_of_sight(journal: Journal) -> None:
    with editor(journal) as connection:
        connection.execute("update intents set actor = 'bob' where id = 'i0'")
    journal.cut(LATER)
    assert "intents i0 was edited" in journal.verify().why


def test_an_entry_that_was_edited_stops_the_cut(journal: Journal) -> None:
    with editor(journal) as connection:
        connection.execute("update chain set body = '[]' where seq = 3")
    with pytest.raises(StateError, match="entry 3 does not hold"):
        journal.cut(LATER)
    assert journal.verify().seq == 3


def test_a_kept_head_is_met_at_the_cut_and_after_it_and_not_before(journal: Journal) -> None:
    old = journal._rows("select hash from chain where seq = 5", {})[0]["hash"]  # noqa: SLF001 - a head as printed then
    young = journal.verify().head
    journal.cut(LATER)
    assert journal.verify(young).why == ""
    assert "that were cut" in journal.verify(old).why


@pytest.mark.parametrize("statement", ["delete from chain", "update chain set kind = ''"])
def test_the_first_wall_lets_only_a_cut_through(journal: Journal, statement: str) -> None:
    journal.cut(LATER)
    with closing(sqlite3.connect(journal.path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    assert journal.verify().why == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WRITES) - 1), st.integers(0, 11)), max_size=30), st.integers(0, 30), st.integers(3, 40))
def test_the_ledger_is_the_same_after_any_cut(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], middle: int, entries: int
) -> None:
    with Journal(tmp_path_factory.mktemp("cut") / "journal.db") as journal:
        for number, (choice, value) in enumerate(steps):
            WRITES[choice](journal, value)
            if number == middle:
                journal.cut(NOW + timedelta(days=30), Keep(entries=entries))
        for now in (NOW, NOW + timedelta(days=31)):
            before = journal.ledger(now)
            journal.cut(now, Keep(entries=entries))
            assert journal.ledger(now) == before
            with Journal(journal.path) as fresh:
                assert fresh.ledger(now) == before
            assert journal.verify().why == ""


def test_the_file_stays_bounded_and_gives_its_room_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        sizes = []
        for day in range(3):
            now = NOW + timedelta(days=day)
            at = now.isoformat(timespec="milliseconds")
            for number in range(150):
                journal.note("n", by="anna", subject=f"{day}-{number}", detail="x" * 200, at=at)
            full = pages(journal)
            journal.cut(now + timedelta(hours=12), Keep(timedelta(hours=6)))
            sizes.append(pages(journal))
            assert sizes[-1] < full * 0.8
        assert sizes[2] < sizes[1] * 1.2
        assert journal.path.stat().st_size <= sizes[2] * 4096
        assert journal.path.with_name("journal.db-wal").stat().st_size < 8_000_000
        assert journal.verify().why == ""


def test_others_write_while_it_is_cut(journal: Journal) -> None:
    with ThreadPoolExecutor(5) as pool:
        writes = [pool.submit(journal.intend, intent(number)) for number in range(100, 300)]
        cuts = [pool.submit(journal.cut, LATER, Keep(entries=20)) for _ in range(5)]
        assert [done.result() for done in writes] == [None] * 200
        assert all(done.result().entries >= 0 for done in cuts)
    assert journal.verify().why == ""
    assert len(journal.dangling()) == 202


def test_a_file_of_the_first_version_is_brought_up_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    shutil.copy(OLD_FILE, path)
    with Journal(path) as journal:
        before = journal.ledger(LATER)
        assert journal.cut(LATER).rows > 0
        assert (journal.ledger(LATER), journal.verify().why) == (before, "")
        (mode,) = journal._rows("pragma auto_vacuum", {})  # noqa: SLF001 - the setting has no other sign
        assert [int(value) for value in mode.values()] == [2]


def test_certified_again_after_a_cut_is_held(journal: Journal) -> None:
    journal.cut(LATER)
    journal.certify(Certified("h1", "lxd1", 2), [replace(WEB, generation="g2")], [], at=LATE)
    assert journal.verify().why == ""
