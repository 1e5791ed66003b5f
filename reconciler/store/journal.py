"""The journal: what was about to be done, what came of it, and the ledger that decisions read.

An intent is on disk (WAL, ``synchronous=FULL``) before its call is made, its outcome right after. Losing the file loses history and makes
decisions stricter; it never loses a container.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import fields
from typing import TYPE_CHECKING, Self

import sqlite_utils

from reconciler.errors import StateError
from reconciler.model.records import Intent, Ledger, Outcome, PowerRecord, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

FILE_NAME = "journal.db"

_TABLES: dict[str, tuple[dict[str, type], str]] = {
    "intents": ({field.name: str for field in fields(Intent)}, "id"),
    "passes": ({"id": str, "plan": str, "actor": str, "commit": str, "started_at": str, "ended_at": str, "result": str}, "id"),
    "powers": ({"uuid": str, "power": str, "writer": str, "at": str}, "uuid"),
    "ended": ({"uid": str, "ref": str, "at": str}, "uid"),
}


class Journal:
    """One SQLite file, safe for the threads of one process. Raises ``StateError`` where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
            self._db = sqlite_utils.Database(connection)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StateError(
                f"the journal {path} cannot be used: {error}",
                hint=f"mv {path} {path}.broken  # history is lost, containers are not",
            ) from error

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        existing = set(self._db.table_names())
        for name, (columns, key) in _TABLES.items():
            if name not in existing:
                self._db.table(name).create(columns, pk=key, if_not_exists=True)
        if "intents" not in existing:
            self._db.table("intents").create_index(["ref"], if_not_exists=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def _write(self, statement: str, values: Mapping[str, str | None]) -> None:
        try:
            with self._lock:
                self._db.execute(statement, dict(values))
        except sqlite3.Error as error:
            raise StateError(f"the journal {self.path} cannot be written: {error}", hint="df -h .; unsandbox doctor") from error

    def _rows(self, statement: str, values: Mapping[str, str | int]) -> list[dict[str, str]]:
        try:
            with self._lock:
                return list(self._db.query(statement, dict(values)))
        except sqlite3.Error as error:
            raise StateError(f"the journal {self.path} cannot be read: {error}", hint="unsandbox doctor") from error

    def begin_pass(self, pass_id: str, *, plan: str, actor: str, commit: str, at: str) -> None:
        """Record that a pass began. ``at`` is ISO 8601 in UTC, here and everywhere below."""
        self._write(
            'insert into passes (id, plan, actor, "commit", started_at) values (:id, :plan, :actor, :commit, :at)',
            {"id": pass_id, "plan": plan, "actor": actor, "commit": commit, "at": at},
        )

    def end_pass(self, pass_id: str, *, result: str, at: str) -> None:
        """Record how a pass ended."""
        self._write("update passes set result = :result, ended_at = :at where id = :id", {"id": pass_id, "result": result, "at": at})

    def intend(self, intent: Intent) -> None:
        """Put the intent on disk. Returns only when it is there; a ``StateError`` means: do not make the call."""
        row = {field.name: getattr(intent, field.name) for field in fields(Intent)}
        columns = ", ".join(f'"{name}"' for name in row)
        self._write(f"insert into intents ({columns}) values ({', '.join(':' + name for name in row)})", row)  # noqa: S608 - our own columns

    def record(self, intent_id: str, outcome: Outcome, *, detail: str, at: str) -> None:
        """Record what came of an intent."""
        self._write(
            "update intents set outcome = :outcome, detail = :detail, ended_at = :at where id = :id",
            {"id": intent_id, "outcome": outcome.value, "detail": detail, "at": at},
        )

    def power_set(self, uuid: str, power: str, writer: Writer, at: str) -> None:
        """Remember who set the power state of an instance last."""
        self._write(
            "insert or replace into powers (uuid, power, writer, at) values (:uuid, :power, :writer, :at)",
            {"uuid": uuid, "power": power, "writer": writer.value, "at": at},
        )

    def session_ended(self, uid: str, ref: str, at: str) -> None:
        """Remember that a session reached its end, so that it is not created again."""
        self._write("insert or replace into ended (uid, ref, at) values (:uid, :ref, :at)", {"uid": uid, "ref": ref, "at": at})

    def ledger(self) -> Ledger:
        """What decisions may know of the past."""
        powers = self._rows("select uuid, power, writer from powers", {})
        ended = self._rows("select uid from ended", {})
        return Ledger(
            powers={row["uuid"]: PowerRecord(row["power"], Writer(row["writer"])) for row in powers},
            ended=frozenset(row["uid"] for row in ended),
        )

    def dangling(self) -> tuple[Intent, ...]:
        """Intents without an outcome, oldest first: it is not known whether their calls were made."""
        return tuple(self._intents("where outcome is null or outcome = 'unknown' order by rowid", {}))

    def check(self) -> str:
        """What SQLite finds wrong with the file; "" where it is sound."""
        (row,) = self._rows("pragma quick_check(1)", {})
        found = next(iter(row.values()))
        return "" if found == "ok" else str(found)

    def entries(self, ref: str | None, limit: int) -> tuple[Intent, ...]:
        """The newest ``limit`` intents, newest first, of one reference or of all."""
        where = "where ref = :ref" if ref else "where :ref = ''"
        return tuple(self._intents(f"{where} order by rowid desc limit :limit", {"ref": ref or "", "limit": limit}))

    def _intents(self, where: str, values: Mapping[str, str | int]) -> Iterator[Intent]:
        for row in self._rows(f"select * from intents {where}", values):  # noqa: S608 - our own words, values are bound
            texts = {name: value or "" for name, value in row.items() if name != "outcome"}
            yield Intent(**texts, outcome=Outcome(row["outcome"]) if row["outcome"] else None)
