"""The journal's file: opening, reading, and transactions that always leave an entry in the chain."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.files import make_folder
from reconciler.store.chain import append, carry_out
from reconciler.store.schema import TABLES, NewerFile, prepare
from reconciler.store.sqlite import SqliteFile, next_command, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.store.chain import Op

FILE_NAME = "journal.db"
LOST = "history is lost, containers are not"


class JournalFile(SqliteFile):
    """The file of the journal. Raises ``StateError`` where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            make_folder(path.parent)
            super().__init__(path)
            prepare(self._connection)
        except (sqlite3.Error, OSError) as error:
            raise self._failed("used", error) from error
        except NewerFile as error:
            raise StateError(f"the journal {path} cannot be used: {error}", hint="use the later version that wrote it") from error

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
            raise self._failed("written", error) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file. Raises ``StateError``."""
        try:
            with self._lock, self._transaction("deferred"):
                yield self._connection
        except sqlite3.Error as error:
            raise self._failed("read", error) from error

    def _failed(self, what: str, error: Exception) -> StateError:
        return StateError(f"the journal {self.path} cannot be {what}: {reason(error)}", hint=next_command(self.path, error, LOST))

    def _foreign(self, error: Exception) -> StateError:
        """What stands in a row was not written by any version of this program."""
        return StateError(f"the journal {self.path} holds what this program does not write: {error}", hint="unsandbox history --verify")

    def _rows(self, statement: str, values: Mapping[str, str | int]) -> list[dict[str, str]]:
        with self._reading():
            return list(self._db.query(statement, dict(values)))
