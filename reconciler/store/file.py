"""The journal's file: opening, reading, and transactions that always leave an entry in the chain."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.files import make_folder
from reconciler.store.chain import append, carry_out
from reconciler.store.group import Group, Write
from reconciler.store.held import Held
from reconciler.store.past import data_version
from reconciler.store.schema import TABLES, NewerFile, prepare
from reconciler.store.sqlite import SqliteFile, next_command, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.store.chain import Op

FILE_NAME = "journal.db"
LOST = "history is lost, containers are not"


class JournalFile(SqliteFile):
    """The file of the journal. Raises ``StateError`` where it cannot be used.

    A file that was deleted or replaced under an open journal is used no more: nothing is read from it and nothing begun, until
    ``reopen`` takes what is at the path then. So no pass that decided by the lost file writes to another.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: Held | None = None
        self._group = Group(self._commit)
        try:
            make_folder(path.parent)
            super().__init__(path)
        except (sqlite3.Error, OSError) as error:
            raise self._failed("used", error) from error

    def _connect(self) -> None:
        try:
            super()._connect()
            prepare(self._connection)
            self._place = self._places()
        except NewerFile as error:
            raise StateError(f"the journal {self.path} cannot be used: {error}", hint="use the later version that wrote it") from error

    def lost(self) -> bool:
        """Whether the file that was opened, or its write-ahead log, is no longer the one at the path."""
        return self._places() != self._place

    def _places(self) -> tuple[object, object]:
        # With its log deleted, all that is written goes where no other process reads it, though the file itself is there.
        return _place(self.path), _place(self.path.with_name(f"{self.path.name}-wal"))

    def reopen(self) -> None:
        """Begin again with what is at the path, an empty journal where nothing is. Only while no pass is under way.

        Decisions are then as strict as after a restart without a journal.
        """
        try:
            with self._lock:
                self._held = None
                self._db.close()
                make_folder(self.path.parent)
                self._connect()
        except (sqlite3.Error, OSError) as error:
            raise self._failed("used", error) from error

    def _write(self, at: str, kind: str, *ops: Op) -> None:
        """Carry out ``ops`` and chain them, all or nothing. Returns only when they are on disk."""
        self._change(at, kind, lambda: ops)

    def _change(self, at: str, kind: str, decide: Callable[[], Sequence[Op]], after: Callable[[], None] | None = None) -> bool:
        """As ``_write``, with the operations decided inside the transaction. False where there were none, and then nothing is written.

        ``decide`` and ``after``, which is called when the entry is in the chain, run in whichever thread commits.
        """
        write = Write(at, kind, decide, after)
        self._group.write(write)
        error = write.error
        if isinstance(error, StateError):
            raise StateError(error.message, hint=error.hint) from error
        if isinstance(error, sqlite3.Error | OSError):
            raise self._failed("written", error) from error
        if error is not None:
            raise error
        return write.written

    def _commit(self, batch: Sequence[Write]) -> None:
        """Carry out writes that waited together, in one transaction."""
        with self._lock:
            try:
                self._must_be_there()
                with self._transaction("immediate"):
                    for write in batch:
                        self._carry_out(write)
                self._must_be_there()
            except (sqlite3.Error, StateError) as error:
                self._held = None
                for write in batch:
                    write.error = write.error or error
            except BaseException:
                self._held = None
                raise

    def _carry_out(self, write: Write) -> None:
        """One write, all or nothing whatever becomes of the others. Raises ``sqlite3.Error`` where the whole transaction is gone."""
        self._connection.execute("savepoint one")
        try:
            ops = write.decide()
            for op in ops:
                carry_out(self._connection, TABLES[op[1]].key, op)
            if ops:
                append(self._connection, write.at, write.kind, ops)
                if write.after is not None:
                    write.after()
        except Exception as error:
            write.error = error
            if not self._connection.in_transaction:
                raise
            self._connection.execute("rollback to one")
        else:
            write.written = bool(ops)
            if self._held is not None:
                for op in ops:
                    self._held.follow(op)
        self._connection.execute("release one")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file. Raises ``StateError``."""
        try:
            with self._lock:
                self._must_be_there()
                with self._transaction("deferred"):
                    yield self._connection
        except sqlite3.Error as error:
            raise self._failed("read", error) from error

    def _hold(self) -> Held:
        """The ledger's tables as they are in the transaction that is open, read only where another process wrote since."""
        if self._held is None or self._held.version != data_version(self._connection):
            self._held = None
            try:
                self._held = Held(self._connection)
            except (ValueError, TypeError) as error:
                raise self._foreign(error) from error
        return self._held

    def _must_be_there(self) -> None:
        if self.lost():
            message = f"the journal {self.path} was deleted or replaced while it was in use; nothing more is begun on its word"
            raise StateError(message, hint=f"ls -la {self.path.parent}  # put it back, or begin again with an empty one: {LOST}")

    def _failed(self, what: str, error: Exception) -> StateError:
        return StateError(f"the journal {self.path} cannot be {what}: {reason(error)}", hint=next_command(self.path, error, LOST))

    def _foreign(self, error: Exception) -> StateError:
        """What stands in a row was not written by any version of this program."""
        return StateError(f"the journal {self.path} holds what this program does not write: {error}", hint="unsandbox history --verify")

    def _rows(self, statement: str, values: Mapping[str, str | int]) -> list[dict[str, str]]:
        with self._reading():
            return list(self._db.query(statement, dict(values)))


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file from another at the same path; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
