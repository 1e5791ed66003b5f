"""The events file: what the loop told, bounded by count and by age. Losing it loses nothing that matters."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.model.telling import Level, Telling, Told
from reconciler.store.sqlite import SqliteFile, next_command, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

FILE_NAME = "events.db"
KEPT = 50_000
"""Rows at most, and a tenth more until they are next counted."""
DAYS = 14
"""A row older than that goes."""
WAL_LIMIT = 4 * 1024 * 1024
"""Bytes to which the write-ahead log is cut after a checkpoint."""
LOST = "what the loop told in the past is lost, nothing else"

_COLUMNS = tuple(field.name for field in fields(Telling) if field.name != "number")
_KINDS = {"str": "text", "float": "real", "int": "integer"}
_TYPES = ", ".join(f"{field.name} {_KINDS.get(str(field.type), 'text')} not null" for field in fields(Telling) if field.name != "number")
_TABLE = (
    f"create table if not exists told (number integer primary key autoincrement, {_TYPES})",
    "create index if not exists told_latest on told (kind, host, number)",
)
_ADD = f"insert into told ({', '.join(_COLUMNS)}) values ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608 - our own names
_STANDS = """select max(number) from told
  where kind in ('loop', 'lease', 'text', 'drift', 'health') and number >= (select max(number) from told where kind = 'loop')
  group by kind, host, ref"""
"""What the latest loop told and did not take back: it is told once, however long it holds."""
_TRIM = f"""delete from told
  where (number <= (select max(number) from told) - :kept or at < :before) and number not in ({_STANDS})"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows: "" stands for any. ``since`` is ISO 8601 in UTC; ``after`` a number that is not wanted again."""

    host: str = ""
    ref: str = ""
    kind: str = ""
    since: str = ""
    after: int = 0


class EventsFile(SqliteFile):
    """Safe for threads and for several processes. What was added last may be lost with the machine. Methods raise ``StateError``."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, made if it is not there."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            super().__init__(path)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise _failed(path, "used", error) from error

    def _prepare(self) -> None:
        # Other than the journal: a pass does not wait for the disk because somebody may want to read of it later.
        self._connection.execute("pragma synchronous=normal")
        self._connection.execute(f"pragma journal_size_limit={WAL_LIMIT}")
        for statement in _TABLE:
            self._connection.execute(statement)
        self._connection.execute("select kind from told limit 1").fetchall()

    def add(self, told: Sequence[Telling]) -> None:
        """Add rows, all or none."""
        rows = [{name: getattr(row, name) for name in _COLUMNS} for row in told]
        try:
            with self._lock, self._transaction("immediate"):
                self._connection.executemany(_ADD, rows)
        except sqlite3.Error as error:
            raise _failed(self.path, "written", error) from error

    def trim(self, before: str) -> None:
        """Let go of what is older than ``before``, and of all beyond ``KEPT`` rows, but for what stands. The room is used again."""
        try:
            with self._lock, self._transaction("immediate"):
                self._connection.execute(_TRIM, {"kept": KEPT, "before": before})
        except sqlite3.Error as error:
            raise _failed(self.path, "written", error) from error

    def version(self) -> int:
        """Another number than before: another process wrote. Cheap."""
        try:
            with self._lock:
                return int(self._connection.execute("pragma data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise _failed(self.path, "read", error) from error

    def newest(self, query: Query, limit: int) -> list[Telling]:
        """The newest ``limit`` rows, the oldest of them first."""
        return self._select(query, f"order by number desc limit {int(limit)}")[::-1]

    def after(self, query: Query, limit: int = 1000) -> list[Telling]:
        """The rows that follow ``query.after``, the oldest first."""
        return self._select(query, f"order by number limit {int(limit)}")

    def latest(self, kinds: Iterable[Told]) -> list[Telling]:
        """Of each of ``kinds`` and each host the newest row."""
        found: list[Telling] = []
        for kind in kinds:
            numbers = "number in (select max(number) from told where kind = :kind group by host)"
            found += self._rows(f"select * from told where {numbers} order by host", {"kind": kind.value})  # noqa: S608 - our own words
        return found

    def healths(self) -> list[Telling]:
        """The newest row about the health of each service on each host."""
        numbers = "number in (select max(number) from told where kind = :kind group by host, ref)"
        return self._rows(f"select * from told where {numbers} order by number", {"kind": Told.HEALTH.value})  # noqa: S608 - our own words

    def _select(self, query: Query, tail: str) -> list[Telling]:
        words = {"host": query.host, "ref": query.ref, "kind": query.kind}
        where = ["number > :after", "at >= :since", *(f"{name} = :{name}" for name, value in words.items() if value)]
        values: dict[str, str | int] = {**words, "after": query.after, "since": query.since}
        return self._rows(f"select * from told where {' and '.join(where)} {tail}", values)  # noqa: S608 - our own words, values are bound

    def _rows(self, statement: str, values: Mapping[str, str | int]) -> list[Telling]:
        try:
            with self._lock:
                rows = list(self._db.query(statement, dict(values)))
        except sqlite3.Error as error:
            raise _failed(self.path, "read", error) from error
        return [row for row in map(_telling, rows) if row]


def _telling(row: Mapping[str, str]) -> Telling | None:
    """None for what another version of this program wrote."""
    values: dict[str, object] = {**row}
    try:
        return Telling(**{**values, "kind": Told(row["kind"]), "level": Level(row["level"])})  # type: ignore[arg-type]  # as the columns are typed
    except (ValueError, TypeError):
        return None


def _failed(path: Path, what: str, error: Exception) -> StateError:
    return StateError(f"the events file {path} cannot be {what}: {reason(error)}", hint=next_command(path, error, LOST))
