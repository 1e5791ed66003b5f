"""The journal's file: opening, reading, and transactions that always leave an entry in the chain."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import sqlite_utils

from reconciler.errors import StateError
from reconciler.store.chain import append, carry_out
from reconciler.store.schema import TABLES, NewerFile, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from reconciler.store.chain import Op

FILE_NAME = "journal.db"


class JournalFile:
    """One SQLite file, safe for the threads of one process and for several processes. Raises ``StateError`` where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
            prepare(self._connection)
        except (sqlite3.Error, OSError) as error:
            raise StateError(
                f"the journal {path} cannot be used: {error}",
                hint=f"mv {path} {path}.broken  # history is lost, containers are not",
            ) from error
        except NewerFile as error:
            raise StateError(f"the journal {path} cannot be used: {error}", hint="use the later version that wrote it") from error
        self._db = sqlite_utils.Database(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def _write(self, at: str, kind: str, *ops: Op) -> None:
        """Carry out ``ops`` and chain them, all or nothing. Returns only when they are on disk."""
        self._change(at, kind, lambda: ops)

    def _change(self, at: str, kind: str, decide: Callable[[], Sequence[Op]]) -> bool:
        """As ``_write``, with the operations decided inside the transaction. False where there were none, and then nothing is written."""
        try:
            with self._lock, self._transaction("immediate"):
                ops = decide()
                for op in ops:
                    carry_out(self._connection, TABLES[op[1]].key, op)
                if ops:
                    append(self._connection, at, kind, ops)
                return bool(ops)
        except sqlite3.Error as error:
            raise StateError(f"the journal {self.path} cannot be written: {error}", hint="df -h .; unsandbox doctor") from error

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        self._connection.execute(f"begin {mode}")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            # A full disk makes SQLite roll back by itself, and a second rollback would hide the first error.
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file. Raises ``StateError``."""
        try:
            with self._lock, self._transaction("deferred"):
                yield self._connection
        except sqlite3.Error as error:
            raise StateError(f"the journal {self.path} cannot be read: {error}", hint="unsandbox doctor") from error

    def _rows(self, statement: str, values: Mapping[str, str | int]) -> list[dict[str, str]]:
        with self._reading():
            return list(self._db.query(statement, dict(values)))
