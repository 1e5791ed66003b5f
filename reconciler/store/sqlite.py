"""One SQLite file: open, its transactions, its end. What is in it and what its failure means is for those who build on it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

import sqlite_utils

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


PATIENCE = 10
"""Seconds to wait for another process that writes."""
WAL_SIZE = 4_000_000
"""Bytes that the write-ahead log is cut back to when it begins again."""
CACHE = 512
"""KiB of pages that a connection keeps. The system keeps the file as well, and what is asked of one again and again is few rows."""
BROKEN = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
CLOSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def reason(error: Exception) -> str:
    """What the system or SQLite says, in one line."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def next_command(path: Path, error: Exception, lost: str) -> str:
    """What to type where ``path`` could not be used. Only a file that is broken is moved away, for then ``lost`` is lost."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code in BROKEN:
        return f"mv {path} {path}.broken  # {lost}"
    if code in FULL:
        return f"df -h {path.parent}"
    if code in BUSY:
        return "try again when the other process ended"
    if code in CLOSED:
        return f"ls -la {path.parent}; findmnt --target {path.parent}"
    return f"ls -la {path.parent}"


class SqliteFile:
    """Safe for the threads of one process, which take ``_lock``, and for several processes. Whatever is committed is on disk."""

    def __init__(self, path: Path) -> None:
        """Open ``path``. Raises ``sqlite3.Error``."""
        self.path = path
        self._lock = threading.Lock()
        self._connect()

    def _connect(self) -> None:
        self._connection = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False, isolation_level=None)
        # Only of use in a file that is being made, and there only before anything else: what is cut is given back to the disk.
        self._connection.execute("pragma auto_vacuum=incremental")
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute(f"pragma journal_size_limit={WAL_SIZE}")
        self._connection.execute("pragma synchronous=full")
        self._connection.execute(f"pragma cache_size=-{CACHE}")
        self._db = sqlite_utils.Database(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it cannot be used afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        """All or nothing of what happens inside. Raises ``sqlite3.Error``."""
        self._connection.execute(f"begin {mode}")
        try:
            yield
            self._connection.execute("commit")
        finally:
            # A full disk makes SQLite roll back by itself. A rollback that fails leaves nothing behind: nothing was committed.
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("rollback")
