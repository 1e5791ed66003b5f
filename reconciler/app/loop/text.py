"""The text in force: read when somebody says that it may have changed.

What cannot be read changes nothing; the text of before stays in force.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.git import is_repository
from reconciler.app.loop.wakes import Mailbox
from reconciler.app.repository import FOLDERS, load_desired
from reconciler.app.shortage import shortage_of
from reconciler.errors import UnsandboxError
from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.app.loop.options import Options
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.resources import Desired
    from reconciler.store.journal import Journal

    Changed = Callable[[Desired], None]

LONGEST = 60.0
"""Seconds until a text that could not be read is read again, at most."""

QUIET = 0.25
"""Seconds without a write after which files are read as they are. A commit needs none: it is whole or not there."""
PATIENCE = 5.0
"""Seconds that are waited for that at most."""


class Text(threading.Thread):
    """Reads the manifests on a wake and tells who follows them, where they differ from what is in force."""

    def __init__(self, settings: Settings, options: Options, journal: Journal, telemetry: Telemetry, changed: Changed) -> None:
        super().__init__(name="text", daemon=True)
        self.wakes = Mailbox()
        self._settings = settings
        self._options = options
        self._journal = journal
        self._telemetry = telemetry
        self._changed = changed
        self._inputs: tuple[str, str] | None = None
        self._failures = 0

    def run(self) -> None:
        """Read on each wake, until closed."""
        while self.wakes.wait():
            try:
                self._read()
            except UnsandboxError as error:
                # The first line: one broken manifest may give a hundred findings, which `validate` shows.
                self._failed(error.message.splitlines()[0])
            except Exception as error:  # noqa: BLE001 - without this thread no other text would ever come into force
                short = shortage_of(error)
                self._failed(short.message if short else f"reading it broke: {type(error).__name__}")
            else:
                self._failures = 0

    def _failed(self, why: str) -> None:
        self._telemetry.text(None, why)
        # Nobody says so when a full disk has room again, or a file can be read again.
        self._failures += 1
        self.wakes.wake("it could not be read", delay(self._failures, random.random(), cap=LONGEST))  # noqa: S311 - a jitter, no secret

    def _read(self) -> None:
        began = time.monotonic()
        desired = self._load()
        self._telemetry.text(desired.commit, "")
        inputs = desired.commit.id, desired.commit.digest
        if inputs == self._inputs:
            return
        self._telemetry.note("text-read", "", f"{time.monotonic() - began:.3f} s")
        self._changed(desired)
        self._inputs = inputs

    def _load(self) -> Desired:
        applied = self._journal.ledger(now()).applied
        rev = "HEAD" if is_repository(self._settings.root) and not self._options.uncommitted else None
        commit, signatures = (applied.commit, applied.signatures) if applied else ("", False)
        if rev is None:
            self._let_settle()
        return load_desired(self._settings, rev, applied=commit, signatures=signatures)

    def _let_settle(self) -> None:
        """Wait until no file was written for a moment: one that is cut off in the middle of being written declares less than it will."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and (left := QUIET - _youngest(self._settings.root, now().timestamp())) > 0:
            time.sleep(min(left, QUIET))

    def close(self) -> None:
        """Read no more."""
        self.wakes.close()


def _youngest(root: Path, at: float) -> float:
    """Seconds since a file of the text was last written; what cannot be looked at, or was written in the future, is no reason to wait."""
    ages = [QUIET]
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            try:
                age = at - path.stat().st_mtime
            except OSError:
                continue
            if age >= 0:
                ages.append(age)
    return min(ages)
