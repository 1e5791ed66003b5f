"""Somebody with an editor for SQLite at the journal: whatever is touched shows, with the first entry that does not hold."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StateError
from reconciler.model.records import Applied, Certified, Outcome, Writer
from reconciler.store.chain import ROOT, link
from reconciler.store.journal import Journal
from tests.store.test_journal import intent
from tests.store.test_ledger import AT, H1, OLD_FILE, WEB, acceptance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """One of everything; intents i0 to i3 are entries 2 to 9, each followed by its outcome."""
    with Journal(tmp_path / "journal.db") as opened:
        opened.begin_pass("pass-1", plan="p", actor="anna@desk", commit="c", at=AT)
        for number in range(4):
            opened.intend(intent(number))
            opened.record(f"i{number}", Outcome.DONE, detail="", at=AT)
        opened.end_pass("pass-1", result="4 done", at=AT)
        opened.certify(H1, [WEB], [], at=AT)
        opened.power_set("u1", "frozen", Writer.GIT, AT)
        opened.session_ended("s1", "Session/a", AT)
        opened.applied(Applied("c", "d", "t", approval=True), at=AT)
        opened.open_circuit("too much is down", at=AT)
        opened.accept(acceptance("digest-1", AT))
        opened.use_plan("plan-1", by="anna@desk", at=AT)
        opened.note("approval", by="anna@desk", subject="plan-1", detail="", at=AT)
        yield opened


@contextmanager
def editor(journal: Journal) -> Iterator[sqlite3.Connection]:
    """Past the journal, the triggers taken down first, as somebody who knows of them would."""
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        for name in ("chain_keeps", "chain_holds", "chain_grows"):
            connection.execute(f"drop trigger {name}")
        yield connection


def test_an_untouched_journal_holds(journal: Journal) -> None:
    sound = journal.verify()
    assert (sound.why, sound.seq, sound.entries) == ("", 0, 18)
    (last,) = journal._rows("select hash from chain order by seq desc limit 1", {})  # noqa: SLF001 - read past the code under test
    assert sound.head == last["hash"]


TAMPERINGS = [
    ("a body edited", ["update chain set body = replace(body, 'svc-web', 'svc-db') where seq = 4"], 4, "edited"),
    ("a time edited", ["update chain set at = '2020-01-01T00:00:00.000+00:00' where seq = 5"], 5, "edited"),
    ("a kind edited", ["update chain set kind = 'note' where seq = 5"], 5, "edited"),
    ("a hash edited", ["update chain set hash = prev where seq = 5"], 5, "edited"),
    ("a body that is no text", ["update chain set body = x'00' where seq = 6"], 6, "edited"),
    ("an entry deleted", ["delete from chain where seq = 6"], 6, "missing"),
    ("the first entry deleted", ["delete from chain where seq = 1"], 1, "missing"),
    (
        "an entry deleted and the rest moved up",
        ["delete from chain where seq = 6", "update chain set seq = seq - 1 where seq > 6"],
        6,
        "follow",
    ),
    (
        "two entries swapped",
        ["update chain set seq = 100 where seq = 4", "update chain set seq = 4 where seq = 5", "update chain set seq = 5 where seq = 100"],
        4,
        "follow",
    ),
    ("an intent edited", ["update intents set actor = 'bob' where id = 'i1'"], 5, "intents i1 was edited.*actor is 'bob'"),
    ("an outcome edited", ["update intents set outcome = 'failed' where id = 'i2'"], 7, "the chain says 'done'"),
    ("an outcome taken away", ["update intents set outcome = null where id = 'i2'"], 7, "outcome is empty"),
    ("an intent deleted", ["delete from intents where id = 'i1'"], 5, "intents i1 is gone"),
    ("an intent inserted", ["insert into intents (id, call) values ('i9', 'DeleteInstance')"], 19, "intents i9 is in no entry"),
    (
        "intents reordered",
        [
            "update intents set rowid = 100 where id = 'i1'",
            "update intents set rowid = 2 where id = 'i2'",
            "update intents set rowid = 3 where id = 'i1'",
        ],
        5,
        "intents i1 is not in the place",
    ),
    ("a pass edited", ["update passes set result = '0 done'"], 10, "passes pass-1"),
    ("a pass deleted", ["delete from passes"], 10, "passes pass-1 is gone"),
    ("a known object edited", ["update known set uuid = 'u2'"], 11, "known u1 is gone"),
    ("a host's count edited", ["update certified set count = 0"], 11, "count is 0"),
    ("a power edited", ["update powers set writer = 'operator'"], 12, "powers u1"),
    ("a session's end taken back", ["delete from ended"], 13, "ended s1"),
    ("approval said to be off", ["update applied set approval = 0"], 14, "approval is 0"),
    ("the circuit closed by hand", ["update circuit set why = ''"], 15, "circuit last"),
    ("an acceptance made to last", ["update accepted set until = '2999'"], 16, "until is '2999'"),
    ("an acceptance forged", ["insert into accepted (digest, until) values ('d', '2999')"], 19, "accepted d is in no entry"),
    ("a plan made fresh", ["delete from used_plans"], 17, "used_plans plan-1"),
    ("an approval edited", ["update notes set by = 'bob'"], 18, "by is 'bob'"),
    ("two at once: the first is told", ["update notes set by = 'bob'", "delete from intents where id = 'i1'"], 5, "intents i1"),
]


@pytest.mark.parametrize(("statements", "seq", "why"), [row[1:] for row in TAMPERINGS], ids=[row[0] for row in TAMPERINGS])
def test_what_was_tampered_with_shows(journal: Journal, statements: Sequence[str], seq: int, why: str) -> None:
    with editor(journal) as connection:
        for statement in statements:
            connection.execute(statement)
    broken = journal.verify()
    assert broken.seq == seq, broken.why
    assert re.search(why, broken.why)


def test_a_cut_tail_shows_against_a_head_that_was_kept(journal: Journal) -> None:
    kept = journal.verify().head
    with editor(journal) as connection:
        for statement in ("delete from chain where seq > 16", "delete from notes", "delete from used_plans"):
            connection.execute(statement)
    assert journal.verify().why == "", "this is why the head is to be kept elsewhere"
    broken = journal.verify(kept)
    assert (broken.seq, broken.entries) == (17, 16)
    assert kept in broken.why


def test_a_head_kept_earlier_still_holds_after_the_journal_grew(journal: Journal) -> None:
    kept = journal.verify().head
    journal.intend(intent(7))
    assert journal.verify(kept).why == ""


def test_a_chain_written_anew_shows_against_a_head_that_was_kept(journal: Journal) -> None:
    """The whole chain computed again over another actor, which anybody can who can write the file."""
    kept, prev = journal.verify().head, ROOT
    with editor(journal) as connection:
        for seq, at, kind, body in connection.execute("select seq, at, kind, replace(body, 'anna', 'bob') from chain").fetchall():
            forged = link(prev, seq, at, kind, body)
            connection.execute("update chain set body = ?, prev = ?, hash = ? where seq = ?", (body, prev, forged, seq))
            prev = forged
        connection.execute("update passes set actor = 'bob@desk'")
        connection.execute("update used_plans set by = 'bob@desk'")
        connection.execute("update notes set by = 'bob@desk'")
    assert journal.verify().why == ""
    assert "written anew" in journal.verify(kept).why


@pytest.mark.parametrize(
    "statement",
    [
        "update chain set body = '[]' where seq = 3",
        "delete from chain where seq = 18",
        "insert or replace into chain select seq, at, kind, '[]', prev, hash from chain where seq = 3",
        "insert into chain values (100, '', '', '', '', '')",
    ],
)
def test_the_first_wall_stops_the_plain_ways(journal: Journal, statement: str) -> None:
    connection = sqlite3.connect(journal.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert journal.verify().why == ""


def test_a_chain_that_was_thrown_away_is_not_begun_again_in_silence(journal: Journal) -> None:
    path = journal.path
    with sqlite3.connect(path) as connection:
        connection.execute("drop table chain")
    connection.close()
    with Journal(path) as again:
        assert "in no entry" in again.verify().why


def test_a_file_from_before_the_chain_is_held_from_its_first_opening_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    shutil.copy(OLD_FILE, path)
    with Journal(path) as journal:
        assert (journal.verify().why, journal.verify().entries) == ("", 1)
        journal.intend(intent(9))
        journal.record("i4", Outcome.DONE, detail="settled", at=AT)
        assert journal.verify().why == ""
        with sqlite3.connect(path) as connection:
            connection.execute("update intents set outcome = 'done' where id = 'i2'")
        connection.close()
        assert journal.verify().seq == 1


def test_a_write_that_fails_leaves_neither_row_nor_entry(journal: Journal) -> None:
    before = journal.verify()
    with pytest.raises(StateError, match="cannot be written"):
        journal.intend(intent(1))
    assert journal.verify() == before


def test_half_a_character_from_a_host_does_not_lose_an_outcome(journal: Journal) -> None:
    journal.intend(intent(8))
    journal.record("i8", Outcome.FAILED, detail="said \ud800", at=AT)
    assert journal.entries(None, 1)[0].detail == "said ?"
    assert journal.verify().why == ""


WRITES: list[Callable[[Journal, int], object]] = [
    lambda journal, number: journal.intend(intent(number)),
    lambda journal, number: journal.record(f"i{number - 1}", Outcome.DONE, detail="", at=AT),
    lambda journal, number: journal.certify(Certified("h1", "lxd1", number % 3), [WEB], ["u1"] * (number % 2), at=AT),
    lambda journal, number: journal.power_set(f"u{number % 2}", "frozen", Writer.GIT, AT),
    lambda journal, number: journal.open_circuit(f"why {number}", at=AT),
    lambda journal, _: journal.close_circuit(at=AT, by="anna"),
    lambda journal, number: journal.accept(acceptance(f"d{number % 2}", AT)),
    lambda journal, number: journal.use_plan(f"p{number % 2}", by="anna", at=AT),
    lambda journal, _: journal.forget_known("u1", at=AT),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(WRITES) - 1), max_size=25))
def test_whatever_is_written_in_whatever_order_holds(tmp_path_factory: pytest.TempPathFactory, choices: list[int]) -> None:
    with Journal(tmp_path_factory.mktemp("chain") / "journal.db") as journal:
        for number, choice in enumerate(choices):
            WRITES[choice](journal, number)
        assert journal.verify().why == ""
