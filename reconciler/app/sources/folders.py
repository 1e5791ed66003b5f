"""Watching folders: whoever follows them is told once after they settled. What is told is a hint, and the reader reads all.

Every folder below the watched ones is watched by itself, and so is the one above each: a folder that goes and comes again, or comes for the
first time, is noticed there.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from reconciler.app.tree import is_hidden, is_wanted
from reconciler.errors import StateError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    Heard = Callable[[set[str]], None]
    Note = Callable[[str], None]
    Folders = frozenset[tuple[str, int, int]]

STEP, DEBOUNCE = 50, 2000
"""Milliseconds without a change after which it is told, and after which it is told in any case."""
AFRESH = 30_000
"""Milliseconds after which it is checked that the folders are the ones that are watched."""
POLL = 1000
"""Milliseconds between two looks where there are no notifications."""
PAUSE = 5.0
"""Seconds until a watcher that died is started again."""
MOST = 20_000
POLLING = "WATCHFILES_FORCE_POLLING"
"""Set in the environment for filesystems that do not notify, such as NFS: a word other than false."""


def keep_watching(paths: Sequence[Path], heard: Heard, stop: threading.Event, note: Note) -> None:
    """``watch`` until ``stop``; one that dies is noted and started again, and what was missed meanwhile counts as a change."""
    while not stop.is_set():
        try:
            watch(paths, heard, stop)
        except StateError as error:
            note(error.message)
            if not stop.wait(PAUSE):
                heard({str(path) for path in paths})


def watch(paths: Sequence[Path], heard: Heard, stop: threading.Event, *, polling: bool | None = None) -> None:
    """Call ``heard`` with the paths that changed below ``paths``, until ``stop``. Raises ``StateError`` where it cannot go on."""
    tops = tuple(path.absolute() for path in paths)
    polls = polling_wanted(os.environ) if polling is None else polling
    untold: set[str] = set()
    while not stop.is_set():
        folders = _folders(tops)
        try:
            with _watcher(folders, polls=polls) as watcher:
                if _folders(tops) == folders:
                    # The folders that came are watched first: what is written there from here on is heard.
                    if untold:
                        heard(untold)
                    untold = _listen(watcher, tops, heard, stop, folders)
        except FileNotFoundError:
            # A folder went between the look and the watch.
            stop.wait(STEP / 1000)
        except (OSError, WatchfilesRustInternalError, RuntimeError) as error:
            raise StateError(f"files cannot be watched: {error}", hint=f"sysctl fs.inotify, or set {POLLING}=1") from error


def _watcher(folders: Folders, *, polls: bool) -> RustNotify:
    """Of each folder by itself, not of what is below it; one that may not be read is left out."""
    debug, recursive, ignore = False, False, True
    return RustNotify(sorted(name for name, _, _ in folders), debug, polls, POLL, recursive, ignore)


def polling_wanted(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether the environment asks for polling."""
    return environ.get(POLLING, "").lower() not in {"", "0", "false", "disable", "disabled"}


def _listen(watcher: RustNotify, tops: Sequence[Path], heard: Heard, stop: threading.Event, folders: Folders) -> set[str]:
    """Tell of changes until the folders may be others than those that are watched; gives back what is to be told then."""
    watched = {name for name, _, _ in folders}
    above = {str(folder) for top in tops for folder in top.parents}
    while True:
        told = watcher.watch(DEBOUNCE, STEP, AFRESH, stop)
        if told in {"stop", "signal"}:
            return set()
        names = {name for _, name in told} if isinstance(told, set) else set()
        wanted = {name for name in names if _is_ours(Path(name), tops)}
        if names and not wanted and not (names & above):
            # Beside what is followed, such as the journal's own files.
            continue
        # A folder that went and came may have the very number that it had.
        if (wanted & watched) or _folders(tops) != folders:
            return wanted or {str(top) for top in tops}
        if wanted:
            heard(wanted)


def _is_ours(path: Path, tops: Iterable[Path]) -> bool:
    return any(path == top or (path.is_relative_to(top) and is_wanted(path.relative_to(top))) for top in tops)


def _folders(tops: Sequence[Path]) -> Folders:
    """Each folder to be watched, with what tells it from another of the same name. Raises ``StateError`` where they are too many."""
    names = {str(_there(top.parent)) for top in tops}
    for top in tops:
        for folder, below, _ in os.walk(top):
            below[:] = [name for name in below if not is_hidden(name)]
            names.add(folder)
            if len(names) > MOST:
                raise StateError(f"more than {MOST} folders below {top} cannot be watched", hint=f"find {top} -type d | head")
    found = set()
    for name in names:
        with suppress(OSError):
            told = Path(name).stat()
            found.add((name, told.st_dev, told.st_ino))
    return frozenset(found)


def _there(path: Path) -> Path:
    """The nearest folder above that is there."""
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path
