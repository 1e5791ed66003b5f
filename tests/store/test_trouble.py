"""The file under trouble, each for real: deleted while in use, a full disk, a read-only one, another process that holds it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.records import Outcome
from reconciler.store.journal import Journal
from tests.store.test_journal import AT, intent
from tests.store.test_ledger import H1, NOW, WEB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "unsandbox-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def move(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def replace_by_another(path: Path) -> None:
    delete(path)
    with Journal(path) as other:
        other.intend(intent(99))


def delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("lose", [delete, move, replace_by_another, delete_folder])
def test_a_file_that_was_lost_while_in_use_begins_nothing_more(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    path = tmp_path / "state" / "journal.db"
    with Journal(path) as journal:
        journal.certify(H1, [WEB], [], at=AT)
        journal.intend(intent(1))
        lose(path)
        assert journal.lost()
        attempts: list[Callable[[], object]] = [
            lambda: journal.intend(intent(2)),
            lambda: journal.record("i1", Outcome.DONE, detail="", at=AT),
            lambda: journal.ledger(NOW),
            lambda: journal.certify(H1, [WEB], [], at=AT),
        ]
        for attempt in attempts:
            with pytest.raises(StateError, match="deleted or replaced") as caught:
                attempt()
            assert "ls -la" in caught.value.hint
        journal.reopen()
        assert not journal.lost()
        assert journal.ledger(NOW).known == {}, "as strict as without a journal"
        journal.intend(intent(3))
        assert journal.verify().why == ""
    with Journal(path) as again:
        assert "i3" in {row.id for row in again.dangling()}


def test_a_log_that_was_deleted_under_the_file_is_noticed_as_well(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.intend(intent(1))
        assert not journal.lost()
        path.with_name("journal.db-wal").unlink()
        assert journal.lost()
        with pytest.raises(StateError, match="deleted or replaced"):
            journal.intend(intent(2))
        journal.reopen()
        assert not journal.lost()
        journal.intend(intent(3))
        assert journal.verify().why == ""


def test_a_full_disk_is_one_clear_error_and_passes(tmp_path: Path) -> None:
    """Nothing of a write that failed is there, whoever shared its transaction, and nothing is left in memory."""
    with mounted(tmp_path / "small", "3m") as folder, Journal(folder / "journal.db") as journal:
        journal.certify(H1, [WEB], [], at=AT)
        journal.ledger(NOW)
        filler = folder / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k", "status=none"], check=False, capture_output=True)
        failed: list[StateError] = []

        def work(number: int) -> None:
            try:
                journal.note("n", by="a", subject=str(number), detail="x" * 9000, at=AT)
            except StateError as error:
                failed.append(error)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(600)))
        assert failed
        assert all("df -h" in error.hint for error in failed)
        filler.unlink()
        journal.intend(intent(1))
        assert len(journal._rows("select id from notes", {})) == 600 - len(failed)  # noqa: SLF001 - no reader of notes
        with Journal(journal.path) as fresh:
            assert fresh.ledger(NOW) == journal.ledger(NOW)
        assert journal.verify().why == ""


def test_a_disk_that_becomes_read_only_is_one_clear_error(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "3m") as folder:
        with Journal(folder / "journal.db") as journal:
            journal.intend(intent(1))
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(StateError) as caught:
            Journal(folder / "journal.db")
        assert "findmnt" in caught.value.hint
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        with Journal(folder / "journal.db") as journal:
            assert [row.id for row in journal.dangling()] == ["i1"]


def test_one_that_another_holds_for_long_is_one_clear_error_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.store.sqlite.PATIENCE", 0.2)
    with Journal(tmp_path / "journal.db") as journal, closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("begin immediate")

        def work(number: int) -> str:
            try:
                journal.intend(intent(number))
            except StateError as error:
                return error.hint
            return ""

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(work, range(8)))
        assert told == ["try again when the other process ended"] * 8
        assert journal.ledger(NOW).known == {}, "reading goes on"
        other.execute("rollback")
        assert [work(number) for number in range(8)] == [""] * 8
        assert len(journal.dangling()) == 8
