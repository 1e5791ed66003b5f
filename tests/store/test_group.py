"""Writers that wait together share a transaction, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.records import Known, Outcome, PowerRecord, Writer
from reconciler.store.group import Group, Write
from reconciler.store.journal import Journal
from tests.store.test_journal import AT, NOW, intent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def together(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the transactions from here on."""
    sizes: list[int] = []
    commit = journal._group._commit  # noqa: SLF001 - how many shared one has no other sign

    def counted(batch: Sequence[Write]) -> None:
        sizes.append(len(batch))
        commit(batch)

    monkeypatch.setattr(journal._group, "_commit", counted)  # noqa: SLF001 - as above
    return sizes


def test_writers_that_wait_share_transactions_and_each_is_on_disk_when_it_returns(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, missing = together(journal, monkeypatch), []

    def work(number: int) -> None:
        with closing(sqlite3.connect(journal.path)) as other:
            for turn in range(20):
                made = intent(number * 100 + turn)
                journal.intend(made)
                if not other.execute("select 1 from intents where id = ?", (made.id,)).fetchone():
                    missing.append(made.id)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(work, range(24)))
    assert missing == []
    assert sum(sizes) == 480
    assert len(sizes) < 400, "some were written together"
    sound = journal.verify()
    assert (sound.why, sound.entries) == ("", 480), "each has an entry of its own"


def test_one_that_fails_takes_no_other_down(journal: Journal) -> None:
    """Every third is of an id that is there, and every fourth raises while it decides."""
    journal.intend(intent(0))
    begin = threading.Barrier(24)

    def boom() -> list[object]:
        raise ZeroDivisionError

    def work(number: int) -> str:
        begin.wait()
        try:
            if number % 4 == 3:
                journal._change(AT, "boom", boom)  # type: ignore[arg-type]  # noqa: SLF001 - no method of the journal raises there
            else:
                journal.intend(intent(0 if number % 3 == 0 else number))
        except (StateError, ZeroDivisionError) as error:
            return type(error).__name__
        return ""

    with ThreadPoolExecutor(24) as pool:
        told = list(pool.map(work, range(24)))
    expected = ["ZeroDivisionError" if n % 4 == 3 else "StateError" if n % 3 == 0 else "" for n in range(24)]
    assert told == expected
    assert {row.id for row in journal.dangling()} == {"i0", *(f"i{n}" for n in range(24) if not expected[n])}
    assert journal.verify().why == ""


def test_one_that_leads_and_is_interrupted_leaves_nobody_waiting() -> None:
    began, go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[Write]) -> None:
        if batch[0].kind == "first":
            began.set()
            go_on.wait()
            raise KeyboardInterrupt

    group = Group(commit)
    first, second = Write(AT, "first", list), Write(AT, "second", list)

    def lead() -> None:
        with pytest.raises(KeyboardInterrupt):
            group.write(first)

    threads = [threading.Thread(target=lead), threading.Thread(target=group.write, args=(second,))]
    threads[0].start()
    began.wait()
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert isinstance(first.error, InterruptedError)
    assert second.error is None


def test_an_outcome_and_what_follows_from_it_are_one_entry(journal: Journal) -> None:
    journal.know(Known("u1", "Service/web", "uid", "h1", "svc-web", "g", "", "d"), at=AT)
    for number in (1, 2):
        journal.intend(intent(number))
    before = journal.verify().entries
    journal.record("i1", Outcome.DONE, detail="", at=AT, uuid="u1", power=PowerRecord("frozen", Writer.GIT))
    assert dict(journal.ledger(NOW).powers) == {"u1": PowerRecord("frozen", Writer.GIT)}
    journal.record("i2", Outcome.DONE, detail="", at=AT, uuid="u1", gone=True)
    assert journal.verify().entries == before + 2
    ledger = journal.ledger(NOW)
    assert (dict(ledger.powers), dict(ledger.known)) == ({}, {})
