"""Looking again and again in a thread of its own, through doors that are kept, for somebody who watches."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from reconciler.app.doors import Doors
from reconciler.app.observe import MAX_THREADS
from reconciler.app.planning import make
from reconciler.app.status import report_of
from reconciler.app.verdicts import verdicts
from reconciler.errors import HostError, UnsandboxError
from reconciler.model.cluster import by_endpoint
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from types import TracebackType

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.app.status import StatusReport
    from reconciler.model.resources import Host

BREATH = 0.5
"""Seconds between two looks at least, however much happens."""


class Watching:
    """Looks every ``every`` seconds, and when ``again`` is called. ``take`` gives what was found since it was last asked."""

    def __init__(self, settings: Settings, every: float) -> None:
        self._settings = settings
        self._every = every
        self._doors = Doors(settings)
        self._hosts: dict[str, Host] = {}
        self._found: queue.SimpleQueue[StatusReport | UnsandboxError] = queue.SimpleQueue()
        self._again = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._again.set()
        self._thread.join(BREATH / 2)

    @property
    def busy(self) -> bool:
        """Whether a look is still under way; after the end there is nothing to wait for."""
        return self._thread.is_alive()

    def again(self) -> None:
        """Look again soon."""
        self._again.set()

    def take(self) -> StatusReport | UnsandboxError | None:
        """The latest, or why nothing could be found; None where there is nothing more than before."""
        latest = None
        with suppress(queue.Empty):
            while True:
                latest = self._found.get_nowait()
        return latest

    def _run(self) -> None:
        with self._doors:
            while not self._end.is_set():
                began = time.monotonic()
                self._again.clear()
                try:
                    self._found.put(report_of(self._look(), verdicts(self._settings)))
                except UnsandboxError as error:
                    self._found.put(error)
                self._end.wait(BREATH)
                self._again.wait(max(0.0, self._every - (time.monotonic() - began)))

    def _look(self) -> Made:
        self._ask_again()
        made = make(self._settings, doors=self._doors)
        if self._moved(made):
            made = make(self._settings, doors=self._doors)
        for endpoint, group in by_endpoint(made.desired.hosts).items():
            # Of a cluster a member may be away while another answers.
            if all(made.observed.hosts[host.name].grade is Grade.UNSEEN for host in group):
                self._doors.forget(endpoint)
        return made

    def _moved(self, made: Made) -> bool:
        """Whether a host is reached otherwise than when its door was opened."""
        before, self._hosts = self._hosts, {host.name: host for host in made.desired.hosts}
        moved = [host for name, host in before.items() if self._hosts.get(name) != host]
        for host in moved:
            self._doors.forget(host.endpoint)
        return bool(moved)

    def _ask_again(self) -> None:
        """Who answers, of each host: a kept door knows who answered when it was opened."""
        if not self._hosts:
            return
        with ThreadPoolExecutor(min(len(self._hosts), MAX_THREADS), thread_name_prefix="ask") as pool:
            list(pool.map(self._ask_one, self._hosts.values()))

    def _ask_one(self, host: Host) -> None:
        try:
            self._doors.open(host).ask_again()
        except HostError:
            self._doors.forget(host.endpoint)
