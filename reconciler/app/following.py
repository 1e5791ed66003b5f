"""Reading what a loop told, also while it goes on telling."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.model.telling import Telling, Told
from reconciler.store.events import FILE_NAME, EventsFile, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.app.settings import Settings

EVERY = 0.25
"""Seconds between two looks at whether somebody wrote. One look reads a number from shared memory."""


class Following:
    """The events file as it is under its name at this moment; there need not be one yet."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.state_dir / FILE_NAME
        self._file: EventsFile | None = None
        self._inode = 0
        self._version = -1

    def close(self) -> None:
        """Close the file."""
        if self._file:
            with suppress(Exception):
                self._file.close()
            self._file = None

    def opened(self) -> EventsFile | None:
        """The file, opened anew where another took its place; None where there is none. Raises ``StateError``."""
        inode = _inode(self._path)
        if inode != self._inode or self._file is None:
            self.close()
            self._inode, self._version = inode, -1
            self._file = EventsFile(self._path) if inode else None
        return self._file

    def moved(self) -> bool:
        """Whether somebody wrote since this was last asked. Raises ``StateError``."""
        file = self.opened()
        before, self._version = self._version, file.version() if file else -1
        return before != self._version

    def newest(self, query: Query, limit: int) -> list[Telling]:
        """The newest ``limit`` rows, the oldest of them first. Raises ``StateError``."""
        file = self.opened()
        return file.newest(query, limit) if file else []

    def last(self) -> int:
        """The number of the newest row there is; 0 where there is none. Raises ``StateError``."""
        return max((row.number for row in self.newest(Query(), 1)), default=0)

    def follow(self, query: Query, waited: Callable[[float], bool]) -> Iterator[Telling]:
        """Rows as they come. ``waited`` is given seconds to let pass, and says whether to go on. Raises ``StateError``."""
        while waited(EVERY):
            inode = self._inode
            if not self.moved():
                continue
            if self._inode != inode:
                # Another file counts from 1 again.
                query = replace(query, after=0)
            while self._file and (rows := self._file.after(query)):
                yield from rows
                query = replace(query, after=rows[-1].number)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


@contextmanager
def following(settings: Settings) -> Iterator[Following]:
    """Open while somebody reads."""
    made = Following(settings)
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True, slots=True)
class LoopState:
    """What a loop told last. ``process`` 0: none runs, as far as the events file knows."""

    process: int = 0
    since: str = ""
    last_pass: Telling | None = None
    leases: tuple[Telling, ...] = ()
    """The latest of each host."""
    drifts: tuple[Telling, ...] = ()
    text: Telling | None = None
    health: tuple[Telling, ...] = ()
    """The latest of each service that is probed; none where no loop runs."""


def loop_state(read: Following) -> LoopState:
    """Of the loop that writes in this state folder. Raises ``StateError``."""
    file = read.opened()
    if file is None:
        return LoopState()
    rows = file.latest([Told.LOOP, Told.PASS, Told.LEASE, Told.DRIFT, Told.TEXT])
    loop = next((row for row in rows if row.kind is Told.LOOP), None)
    if loop is None:
        return LoopState()
    running = loop.state == "started" and _is_there(loop.process)
    mine = [row for row in rows if row.number >= loop.number or not running]
    return LoopState(
        process=loop.process if running else 0,
        since=loop.at,
        last_pass=max((row for row in mine if row.kind is Told.PASS), key=lambda row: row.number, default=None),
        leases=tuple(row for row in mine if row.kind is Told.LEASE) if running else (),
        drifts=tuple(row for row in mine if row.kind is Told.DRIFT and row.changes),
        health=tuple(row for row in file.healths() if row.number >= loop.number) if running else (),
        text=next((row for row in mine if row.kind is Told.TEXT), None),
    )


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError, ValueError):
        return True
    return process > 0
