"""Listening to one endpoint, which is a host or all members of a cluster: its event stream, opened again whenever it ends.

Every hint wakes; a gap wakes too, for what was said in it is lost.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from reconciler.errors import Unreachable, UnsandboxError
from reconciler.lxd.events import Stream
from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.hints import Hint
    from reconciler.model.resources import Host

    Heard = Callable[[str, Hint | None], None]
    """(host, hint); None: there is a gap in the stream, and what was told in it is not known."""

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
    """The listener of ``hosts``, which share an endpoint, for as long as they are declared."""

    def __init__(self, hosts: tuple[Host, ...], doors: Doors, heard: Heard, telemetry: Telemetry) -> None:
        super().__init__(name=f"ears-{hosts[0].endpoint}", daemon=True)
        self.hosts = hosts
        self._doors = doors
        self._heard = heard
        self._telemetry = telemetry
        self._ending = threading.Event()
        self._open: tuple[Stream, str] | None = None
        """With the address that it comes from."""

    def run(self) -> None:
        """Listen, and open it again when it ends."""
        failures = 0
        while not self._ending.is_set():
            try:
                with self._opened() as stream:
                    if self._ending.is_set():
                        # Closed while it was opened: whoever closed us saw no stream to end.
                        return
                    self._note("events-open", "listening")
                    failures = 0
                    self._tell(None)
                    self._listen(stream)
            except Exception as error:  # noqa: BLE001 - whatever broke, a host that nobody listens to is one whose changes are met late
                if self._ending.is_set():
                    return
                failures += 1
                if failures == 1:
                    self._lost(error)
            self._ending.wait(delay(failures, random.random(), cap=LONGEST))  # noqa: S311 - a jitter, no secret

    def _opened(self) -> Stream:
        host = self.hosts[0]
        door = self._doors.open(host)
        try:
            stream = Stream.open(door)
        except Unreachable:
            if host.cluster is not None:
                # Another member may be listened to.
                self._doors.leave(host, door.address)
            raise
        self._open = stream, door.address
        return stream

    def _lost(self, error: Exception) -> None:
        self._note("event-gap", error.message if isinstance(error, UnsandboxError) else f"listening broke: {type(error).__name__}")
        if self.hosts[0].cluster is not None:
            # A member of the cluster may have gone, which the others tell.
            self._tell(None)

    def _listen(self, stream: Stream) -> None:
        for hint in stream.hints():
            if hint.action.startswith(NOUNS) and hint.action not in QUIET:
                self._tell(hint)

    def _tell(self, hint: Hint | None) -> None:
        """Every member of a cluster tells what happens on all; each host's worker is woken by what happens on its own."""
        for host in self.hosts:
            if hint is None or not hint.location or host.cluster is None or hint.location == host.member:
                self._heard(host.name, hint)

    def _note(self, kind: str, detail: str) -> None:
        for host in self.hosts:
            self._telemetry.note(kind, host.name, detail)

    def move(self, address: str) -> None:
        """Listen at ``address`` from here on: what is heard at another may be of that member alone."""
        opened = self._open
        if opened is not None and opened[1] != address:
            opened[0].close()

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        if self._open is not None:
            self._open[0].close()
