"""Listening to one host: its event stream, opened again whenever it ends.

Every hint wakes; a gap wakes too, for what was said in it is lost.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from reconciler.errors import UnsandboxError
from reconciler.lxd.events import Stream
from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.hints import Hint
    from reconciler.model.resources import Host

    Heard = Callable[[str, Hint | None], None]
    """(host, hint); None: the stream was opened, and what happened before is not known."""

LONGEST = 10.0
"""Seconds between two tries to open a stream, at most."""
QUIET = frozenset(
    {
        "instance-exec",
        "instance-console",
        "instance-console-retrieved",
        "instance-file-retrieved",
        "instance-file-pushed",
        "instance-log-retrieved",
        "instance-metadata-retrieved",
    }
)
"""What changes nothing that is looked at."""
NOUNS = ("instance-", "image-", "network-", "project-", "storage-")
"""Profiles are left out: our own leases move one every few seconds."""


class Ears(threading.Thread):
    """One host's listener, for as long as the host is declared."""

    def __init__(self, host: Host, doors: Doors, heard: Heard, telemetry: Telemetry) -> None:
        super().__init__(name=f"ears-{host.name}", daemon=True)
        self._host = host
        self._doors = doors
        self._heard = heard
        self._telemetry = telemetry
        self._ending = threading.Event()
        self._stream: Stream | None = None

    def run(self) -> None:
        """Listen, and open it again when it ends."""
        failures = 0
        while not self._ending.is_set():
            try:
                with Stream.open(self._doors.open(self._host)) as self._stream:
                    if self._ending.is_set():
                        # Closed while it was opened: whoever closed us saw no stream to end.
                        return
                    self._telemetry.note("events-open", self._host.name, "listening")
                    failures = 0
                    self._heard(self._host.name, None)
                    self._listen(self._stream)
            except Exception as error:  # noqa: BLE001 - whatever broke, a host that nobody listens to is one whose changes are met late
                if self._ending.is_set():
                    return
                failures += 1
                if failures == 1:
                    told = error.message if isinstance(error, UnsandboxError) else f"listening broke: {type(error).__name__}"
                    self._telemetry.note("event-gap", self._host.name, told)
            self._ending.wait(delay(failures, random.random(), cap=LONGEST))  # noqa: S311 - a jitter, no secret

    def _listen(self, stream: Stream) -> None:
        for hint in stream.hints():
            # Every member of a cluster tells what happens on all; each host's worker is woken by what happens on its own.
            here = hint.location in {"", self._host.member}
            if here and hint.action.startswith(NOUNS) and hint.action not in QUIET:
                self._heard(self._host.name, hint)

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        if self._stream is not None:
            self._stream.close()
