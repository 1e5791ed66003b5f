"""The events file, and the thread that keeps it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.telling import Level, Telling, Told
from reconciler.store import events, keeping
from reconciler.store.events import EventsFile, Query
from reconciler.store.keeping import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG_AGO = "2020-01-01T00:00:00.000+00:00"


def telling(number: int = 0, host: str = "", ref: str = "", detail: str = "") -> Telling:
    return Telling(f"2026-01-01T00:00:{number % 60:02}.000+00:00", Told.NOTE, Level.INFO, f"n{number}", host, ref, detail=detail)


def states(path: Path, query: Query | None = None, limit: int = 100_000) -> list[str]:
    with EventsFile(path) as file:
        return [row.state for row in file.newest(query or Query(), limit)]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_rows_come_back_as_they_were_told(tmp_path: Path) -> None:
    row = Telling(LONG_AGO, Told.PASS, Level.ERROR, "failed", "h1", "Service/a", "p", "state", "create", "x", 1.5, 2, 3, 4)
    with EventsFile(tmp_path / "events.db") as file:
        file.add([row])
        (found,) = file.newest(Query(), 10)
    assert found.number == 1
    assert [getattr(found, name) for name in Telling.__slots__ if name != "number"] == [
        getattr(row, name) for name in Telling.__slots__ if name != "number"
    ]
    assert (tmp_path / "events.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), ["n0", "n1", "n2", "n3"]),
        (Query(host="h1"), ["n0", "n2"]),
        (Query(ref="Service/b"), ["n1"]),
        (Query(kind="note"), ["n0", "n1", "n2", "n3"]),
        (Query(kind="pass"), []),
        (Query(since="2026-01-01T00:00:02.000+00:00"), ["n2", "n3"]),
        (Query(after=3), ["n3"]),
        (Query(host="' or 1=1 --"), []),
    ],
)
def test_a_query_picks(tmp_path: Path, query: Query, found: list[str]) -> None:
    with EventsFile(tmp_path / "events.db") as file:
        file.add([telling(0, host="h1"), telling(1, ref="Service/b"), telling(2, host="h1"), telling(3)])
    assert states(tmp_path / "events.db", query) == found
    assert states(tmp_path / "events.db", query, 1) == found[-1:]


def test_of_each_kind_and_host_the_latest(tmp_path: Path) -> None:
    with EventsFile(tmp_path / "events.db") as file:
        file.add([telling(0, host="h1"), telling(1, host="h2"), telling(2, host="h1")])
        assert [row.state for row in file.latest([Told.NOTE, Told.PASS])] == ["n2", "n1"]


def test_it_stays_bounded_by_count_and_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 500)
    path = tmp_path / "events.db"
    sizes = []
    with EventsFile(path) as file:
        for turn in range(20):
            file.add([telling(turn, detail="x" * 400) for _ in range(500)])
            file.trim(LONG_AGO)
            assert len(file.newest(Query(), 10_000)) == 500
            sizes.append(path.stat().st_size + path.with_name("events.db-wal").stat().st_size)
        assert max(sizes[10:]) <= max(sizes[:10]) + 65536
        last = file.newest(Query(), 1)[0].number
        file.trim("2030-01-01T00:00:00.000+00:00")
        assert file.newest(Query(), 1) == []
        file.add([telling()])
        assert file.newest(Query(), 1)[0].number == last + 1


def test_another_process_is_noticed(tmp_path: Path) -> None:
    with EventsFile(tmp_path / "events.db") as reading, EventsFile(tmp_path / "events.db") as writing:
        before = reading.version()
        assert reading.version() == before
        writing.add([telling()])
        assert reading.version() != before


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_text("this is no database, " * 100)
    with pytest.raises(StateError, match="events file") as failed:
        EventsFile(tmp_path / "events.db")
    assert "nothing else" in failed.value.hint


def test_rows_of_another_version_are_left_out(tmp_path: Path) -> None:
    with EventsFile(tmp_path / "events.db") as file:
        file.add([telling(0), telling(1)])
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection, connection:
        connection.execute("update told set kind = 'of-tomorrow' where number = 1")
    assert states(tmp_path / "events.db") == ["n1"]


def test_the_keeper_writes_many_at_once_and_the_rest_at_its_end(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "state" / "events.db", lambda: LONG_AGO, lambda _: None)

    def many() -> None:
        for number in range(100):
            keeper.keep(telling(number))

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keeper.close()
    keeper.close()
    assert len(states(tmp_path / "state" / "events.db")) == 800
    assert keeper.dropped == 0


def test_the_keeper_begins_anew_where_the_file_is_gone_or_broken(tmp_path: Path) -> None:
    path, told = tmp_path / "events.db", list[str]()
    keeper = Keeper(path, lambda: LONG_AGO, told.append)
    keeper.keep(telling(1))
    until(lambda: path.exists() and states(path) == ["n1"])
    for end in ("", "-wal", "-shm"):
        path.with_name(f"events.db{end}").unlink(missing_ok=True)
    keeper.keep(telling(2))
    until(lambda: path.exists() and states(path) == ["n2"])
    for end in ("", "-wal", "-shm"):
        path.with_name(f"events.db{end}").unlink(missing_ok=True)
    path.write_text("this is no database, " * 100)
    keeper.keep(telling(3))
    until(lambda: bool(told))
    keeper.keep(telling(4))
    keeper.close()
    assert states(path) == ["n3", "n4"]
    assert ["" if not why else "why" for why in told] == ["why", ""]


def test_the_keeper_holds_what_a_full_disk_refuses_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "ROOM", 10)
    folder, told = tmp_path / "state", list[str]()
    folder.write_text("no folder")
    keeper = Keeper(folder / "events.db", lambda: LONG_AGO, told.append)
    for number in range(25):
        keeper.keep(telling(number))
    until(lambda: bool(told))
    assert keeper.dropped == 15
    folder.unlink()
    keeper.close()
    assert states(folder / "events.db") == [f"n{number}" for number in range(15, 25)]
