"""The loop as a whole: it starts the threads, gives each host a worker, and takes everything down in order."""

from __future__ import annotations

import random
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.health import Prober
from reconciler.app.loop.consent import Consent
from reconciler.app.loop.ears import Ears
from reconciler.app.loop.hostpass import Shared
from reconciler.app.loop.leading import Leading
from reconciler.app.loop.memory import Memory
from reconciler.app.loop.text import Text
from reconciler.app.loop.worker import Worker
from reconciler.app.paces import Paces
from reconciler.app.writer import only_writer
from reconciler.policy.modes import stricter
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.loop.options import Options
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.hints import Hint
    from reconciler.model.resources import Desired, Host

MOST_AT_ONCE = 2
"""Times ``--parallel`` that a host which does not groan may be given at once."""
TICK = 1.0
"""Seconds between two signs of life."""


class Loop:
    """One run of it. ``run`` returns when ``stop`` was called and what was under way has come to its end, or to the end of the drain."""

    def __init__(self, settings: Settings, options: Options, telemetry: Telemetry) -> None:
        self._settings = settings
        self._options = options
        self._telemetry = telemetry
        self._stop = threading.Event()
        self._workers: dict[str, Worker] = {}
        self._ears: dict[str, Ears] = {}
        self._guard = threading.Lock()
        self._memory = Memory()
        self._text: Text | None = None
        self._leading: Leading | None = None
        self._shared: Shared | None = None

    def stop(self) -> None:
        """Begin nothing more; what is under way comes to its end. Safe in a signal handler."""
        self._stop.set()

    def reload(self, why: str) -> None:
        """Read the text again, and look at everything."""
        self._telemetry.note("reload", "", why)
        if self._text is not None:
            self._text.wakes.wake(why)
        self.wake_all(why)

    def wake_all(self, why: str) -> None:
        """Look at every host again."""
        for name in list(self._workers):
            self._wake(name, why, 0.0)

    def run(self) -> bool:
        """Work until stopped. Whether everything under way came to its end in time.

        Raises ``LeaseHeld`` where another process uses the state folder, or ``StateError``.
        """
        with ExitStack() as stack:
            stack.enter_context(only_writer(self._settings))
            journal = stack.enter_context(Journal(self._settings.state_dir / FILE_NAME))
            doors = stack.enter_context(Doors(self._settings, self._telemetry.call))
            self._text = Text(self._settings, self._options, journal, self._telemetry, self._declared)
            self._leading = Leading(self._settings, doors, self._options.lease_ttl, self._telemetry, self._led)
            prober = Prober(doors, self._led)
            stack.callback(prober.close)
            self._memory.verdicts = prober.verdicts
            self._shared = Shared(
                settings=self._settings,
                options=self._options,
                memory=self._memory,
                journal=journal,
                doors=doors,
                prober=prober,
                paces=Paces(self._settings.parallel, MOST_AT_ONCE * self._settings.parallel),
                consent=Consent(self._settings),
                leading=self._leading,
                telemetry=self._telemetry,
                stop=self._stop,
                wake=self._wake,
            )
            self._leading.start()
            self._text.start()
            self._text.wakes.wake("start")
            try:
                self._attend()
            finally:
                drained = self._take_down()
            return drained

    def _attend(self) -> None:
        """The main thread's part: signs of life, and now and then a look at everything."""
        due = time.monotonic() + self._pause()
        while not self._stop.wait(TICK):
            self._telemetry.beat()
            if time.monotonic() >= due:
                due = time.monotonic() + self._pause()
                self.wake_all("a look at everything is due")

    def _pause(self) -> float:
        return self._options.full * (0.9 + 0.2 * random.random())  # noqa: S311 - a jitter, no secret

    def _declared(self, desired: Desired) -> None:
        """Another text is in force."""
        desired = stricter(desired, self._options.mode, "--mode")
        self._memory.desired = desired
        if self._leading is not None:
            self._leading.follow(desired)
        with self._guard:
            wanted = {host.name: host for host in desired.hosts}
            self._telemetry.hosts(wanted)
            for name, worker in list(self._workers.items()):
                if wanted.get(name) != worker.host:
                    self._part(name)
            for name, host in wanted.items():
                if name not in self._workers and not self._stop.is_set():
                    self._meet(host)
        self.wake_all(f"commit {desired.commit.id[:12]}" if desired.commit.id else "the manifests changed")

    def _meet(self, host: Host) -> None:
        if self._shared is None:
            return
        worker = self._workers[host.name] = Worker(host, self._shared)
        ears = self._ears[host.name] = Ears(host, self._shared.doors, self._heard, self._telemetry)
        worker.start()
        ears.start()

    def _part(self, name: str) -> None:
        """A host that is not declared any more, or is reached otherwise."""
        self._ears.pop(name).close()
        worker = self._workers.pop(name)
        worker.close()
        worker.join(self._options.drain)
        self._memory.views.pop(name, None)
        if self._shared is not None:
            self._shared.doors.forget(worker.host.endpoint)

    def _heard(self, host: str, hint: Hint | None) -> None:
        if hint is None:
            self._wake(host, "its event stream was opened, what happened before is not known", 0.0)
        elif self._memory.heard(host, hint):
            self._wake(host, f"{hint.action} {hint.instance}".strip(), 0.0)

    def _led(self, host: str, why: str) -> None:
        self._wake(host, why, 0.0)

    def _wake(self, host: str, why: str, after: float) -> None:
        worker = self._workers.get(host)
        if worker is not None:
            worker.wakes.wake(why, after)

    def _take_down(self) -> bool:
        """In order: nothing begins, what is under way ends, leases are given back. Whether it all came to its end within the drain."""
        self._stop.set()
        self._telemetry.note("draining", "", f"at most {self._options.drain:g} s")
        end = time.monotonic() + self._options.drain
        if self._text is not None:
            self._text.close()
        with self._guard:
            for ears in self._ears.values():
                ears.close()
            for worker in self._workers.values():
                worker.close()
        for worker in self._workers.values():
            worker.join(max(0.0, end - time.monotonic()))
        drained = not any(worker.is_alive() for worker in self._workers.values())
        if self._leading is not None:
            self._leading.close()
            self._leading.join(max(2.0, end - time.monotonic()))
        return drained
