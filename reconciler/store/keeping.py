"""A thread that keeps what is told, several at once. Who tells never waits for the disk; what does not fit is dropped and counted."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.store.events import EventsFile
from reconciler.store.sqlite import BROKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.model.telling import Telling

EVERY = 0.2
"""Seconds between two writes at least."""
ROOM = 10_000
"""Rows that wait at most: two seconds of the fastest loop there is, or a disk that is full for a while."""
TRIM_AFTER = 5_000
"""Rows between two looks at how many there are."""


class Keeper:
    """Keeps rows in ``path``. ``oldest`` gives the time before which rows go; ``failing`` is told once why rows cannot be kept, then ""."""

    def __init__(self, path: Path, oldest: Callable[[], str], failing: Callable[[str], None]) -> None:
        self._path = path
        self._oldest = oldest
        self._failing = failing
        self._rows: deque[Telling] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._file: EventsFile | None = None
        self._inode = 0
        self._written = TRIM_AFTER
        self._why = ""
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def keep(self, row: Telling) -> None:
        """Take a row in. Returns at once."""
        with self._lock:
            if len(self._rows) >= ROOM:
                self._rows.popleft()
                self.dropped += 1
            self._rows.append(row)
        self._wake.set()

    def close(self, within: float = 3) -> None:
        """Write what waits, at most ``within`` seconds, and end. It may be called twice."""
        self._end.set()
        self._wake.set()
        self._thread.join(within)

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            self._wake.clear()
            self._write()
            self._end.wait(EVERY)
        self._write()
        self._leave()

    def _write(self) -> None:
        with self._lock:
            rows, dropped = list(self._rows), self.dropped
        if not rows:
            return
        try:
            file = self._open()
            file.add(rows)
            self._let_go(len(rows), dropped)
            self._written += len(rows)
            if self._written >= TRIM_AFTER:
                self._written = 0
                file.trim(self._oldest())
        except StateError as error:
            self._shut(error)
        else:
            self._tell("")

    def _let_go(self, written: int, dropped: int) -> None:
        """Forget what is in the file; some of it may have made room for newer rows meanwhile."""
        with self._lock:
            for _ in range(written - (self.dropped - dropped)):
                self._rows.popleft()

    def _open(self) -> EventsFile:
        if self._file is None or not self._is_ours():
            self._leave()
            self._file = EventsFile(self._path)
            # One that goes in this moment is not ours at the next look; this thread must not end for it.
            with suppress(OSError):
                self._inode = self._path.stat().st_ino
        return self._file

    def _is_ours(self) -> bool:
        """Whether the file that is open is the one that others find under its name."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def _leave(self) -> None:
        if self._file:
            with suppress(Exception):
                self._file.close()
            self._file = None

    def _shut(self, error: StateError) -> None:
        """Begin anew with the next row; a file that is broken is not worth keeping."""
        self._leave()
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in BROKEN:
            for end in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        self._tell(error.message)

    def _tell(self, why: str) -> None:
        if why != self._why:
            self._why = why
            self._failing(why)
