"""Where another text may come from: files that changed, commits that came, and whoever pokes. Each only says "look again"."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.loop.wakes import Mailbox
from reconciler.app.poke import poke_folder
from reconciler.app.repository import FOLDERS
from reconciler.app.sources.branch import GitSource, branches_of
from reconciler.app.sources.folders import keep_watching
from reconciler.errors import UnsandboxError
from reconciler.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.loop.options import Options
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry

    Say = Callable[[str], None]
    Heard = Callable[[bool, bool, bool], None]
    """(text changed, commits came, somebody poked)."""

MENDED_AFTER = 3
"""Fetches that fail in a row, after which the checkout is looked over as at the beginning."""
SHOWN = 12


class Branch(threading.Thread):
    """Follows a branch: fetches every interval and when woken, and says when the text moved."""

    def __init__(self, settings: Settings, options: Options, telemetry: Telemetry, moved: Say) -> None:
        super().__init__(name="branch", daemon=True)
        self.wakes = Mailbox()
        self._source = GitSource(settings, options.git, options.branch)
        self._interval = options.interval
        self._telemetry = telemetry
        self._moved = moved
        self._failures = MENDED_AFTER

    def watched(self) -> tuple[Path, ...]:
        """Folders that change when somebody commits, where the repository is on this machine."""
        return self._source.watched()

    def run(self) -> None:
        """Fetch on each wake, until closed."""
        while self.wakes.wait():
            self._fetch()
            self.wakes.wake("the interval is over", self._interval)

    def _fetch(self) -> None:
        try:
            if self._failures >= MENDED_AFTER:
                fetched = self._source.prepare()
                self._failures = 0
                self._told(fetched.commit, fetched.by, fetched.seconds)
            fetched = self._source.fetch()
        except Exception as error:  # noqa: BLE001 - without this thread no commit would ever be fetched again
            self._failures += 1
            told = error.message if isinstance(error, UnsandboxError) else f"fetching broke: {type(error).__name__}"
            self._telemetry.text(None, told)
            return
        failed, self._failures = self._failures, 0
        if fetched.moved:
            self._told(fetched.commit, fetched.by, fetched.seconds)
        elif failed:
            # Whoever asks how we are is still told that it failed, until the text is read.
            self._moved("it can be fetched again")

    def _told(self, commit: str, by: tuple[str, ...], seconds: float) -> None:
        signed = f", signed by {', '.join(by)}" if by else ""
        self._telemetry.note("fetched", "", f"{commit[:SHOWN]} in {seconds:.3f} s{signed}")
        self._moved(f"commit {commit[:SHOWN]}")

    def close(self) -> None:
        """Fetch no more; a fetch under way is broken off."""
        self.wakes.close()
        self._source.close()


class Folders(threading.Thread):
    """Watches the folders of text, where commits arrive, and where other commands poke."""

    def __init__(self, settings: Settings, telemetry: Telemetry, commits: tuple[Path, ...], heard: Heard) -> None:
        super().__init__(name="folders", daemon=True)
        # What changed is told by its whole path, wherever the folders are named from.
        self._poked = poke_folder(settings).absolute()
        make_folder(self._poked)
        self._commits = tuple(dict.fromkeys(folder.absolute() for folder in (*commits, *branches_of(settings.root))))
        self._paths = [*(settings.root / folder for folder in FOLDERS), self._poked, *self._commits]
        self._telemetry = telemetry
        self._heard = heard
        self._ending = threading.Event()

    def run(self) -> None:
        """Watch until closed."""
        keep_watching(self._paths, self._changed, self._ending, lambda text: self._telemetry.note("watcher-died", "", text))

    def _changed(self, paths: set[str]) -> None:
        poked = {path for path in paths if Path(path).is_relative_to(self._poked)}
        commits = {path for path in paths if any(Path(path).is_relative_to(folder) for folder in self._commits)}
        self._heard(bool(paths - poked - commits), bool(commits), bool(poked))

    def close(self) -> None:
        """Watch no more."""
        self._ending.set()
