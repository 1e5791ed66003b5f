"""The loop as a whole: it starts the threads, gives each host a worker, and takes everything down in order."""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.health import Prober
from reconciler.app.loop.book import Book
from reconciler.app.loop.consent import Consent
from reconciler.app.loop.crew import Crew
from reconciler.app.loop.deciding import Deciding
from reconciler.app.loop.hostpass import Shared
from reconciler.app.loop.jumps import Jumps
from reconciler.app.loop.lasting import Lasting
from reconciler.app.loop.leading import Leading
from reconciler.app.loop.lookout import Lookout
from reconciler.app.loop.looks import Looks
from reconciler.app.loop.memory import Memory
from reconciler.app.loop.origins import Branch, Folders
from reconciler.app.loop.pools import Pools
from reconciler.app.loop.text import Text
from reconciler.app.notify import Notify
from reconciler.app.paces import Paces
from reconciler.app.writer import only_writer
from reconciler.policy.modes import stricter
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.loop.options import Options
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.resources import Desired

MOST_AT_ONCE = 2
"""Times ``--parallel`` that a host which does not groan may be given at once."""
TICK = 1.0
"""Seconds between two signs of life."""
CUT = 3600.0
"""Seconds between two cuts of the journal."""


class Loop:
    """One run of it. ``run`` returns when ``stop`` was called and what was under way has come to its end, or to the end of the drain."""

    def __init__(self, settings: Settings, options: Options, telemetry: Telemetry) -> None:
        self._settings = settings
        self._options = options
        self._telemetry = telemetry
        self._notify = Notify(os.environ)
        self._stop = threading.Event()
        self._again = threading.Event()
        self._memory = Memory()
        self.broken = ""
        """Why it ended without being told to; "" where it was told."""

    def stop(self) -> None:
        """Begin nothing more; what is under way comes to its end. Safe in a signal handler."""
        self._stop.set()

    def reload(self) -> None:
        """Read the text again, and look at everything. Safe in a signal handler."""
        self._again.set()

    def run(self) -> bool:
        """Work until stopped, or until it cannot go on: see ``broken``. Whether everything under way came to its end in time.

        Raises ``LeaseHeld`` where another process uses the state folder, ``GitError`` for a URL that cannot be followed, or ``StateError``.
        """
        with ExitStack() as stack:
            stack.enter_context(only_writer(self._settings, loop=True))
            journal = stack.enter_context(Journal(self._settings.state_dir / FILE_NAME))
            doors = stack.enter_context(Doors(self._settings, self._telemetry.call))
            self._leading = Leading(self._settings, doors, self._options.lease_ttl, self._telemetry, self._wake)
            self._book = Book(journal, self._memory, self._telemetry, self._options.keep)
            self._prober = prober = Prober(doors, self._wake, self._telemetry.health)
            stack.callback(prober.close)
            self._memory.verdicts = prober.verdicts
            deciding = Deciding(self._memory, journal, doors, self._telemetry)
            shared = Shared(
                settings=self._settings,
                options=self._options,
                memory=self._memory,
                looks=Looks(self._memory, doors, deciding.saw, self._answered),
                deciding=deciding,
                journal=journal,
                book=self._book,
                doors=doors,
                prober=prober,
                paces=Paces(self._settings.parallel, MOST_AT_ONCE * self._settings.parallel),
                consent=Consent(self._settings),
                leading=self._leading,
                telemetry=self._telemetry,
                stop=self._stop,
                wake=self._wake,
            )
            self._crew = Crew(shared)
            self._text = Text(self._settings, self._options, journal, self._telemetry, self._declared)
            self._branch = Branch(self._settings, self._options, self._telemetry, self._text.wakes.wake) if self._options.git else None
            self._folders = Folders(self._settings, self._telemetry, self._branch.watched() if self._branch else (), self._heard)
            try:
                self._start()
                self._attend()
            finally:
                drained = self._take_down()
            return drained

    def _start(self) -> None:
        self._leading.start()
        self._text.start()
        self._folders.start()
        if self._branch is not None:
            self._branch.start()
            self._branch.wakes.wake("start")
        else:
            self._text.wakes.wake("start")

    def _attend(self) -> None:
        """The main thread's part: signs of life, what a signal asked for, and what is done now and then."""
        look, cut, alive = time.monotonic() + self._pause(), time.monotonic(), 0.0
        ready = lost = False
        lasting = Lasting(self._memory)
        pools = Pools(self._settings.state_dir, self._memory, self._wake, lambda text: self._telemetry.note("pools", "", text))
        jumps = Jumps(self._memory.steady)
        lookout = Lookout(self._dead, self._leading, self._settings, self._options.lease_ttl)
        while not self._stop.wait(TICK):
            self.broken = lookout.trouble()
            if self.broken:
                # What a dead thread held, claims or locks or a half-made round, nobody can tell; another start holds nothing.
                self._telemetry.broke(self.broken)
                return
            self._telemetry.beat()
            lasting.attend()
            pools.attend()
            if news := jumps.news():
                self._telemetry.note(*news)
                self._crew.wake_all(news[0])
            moment = time.monotonic()
            if not ready and self._memory.desired is not None:
                ready = True
                self._notify.ready()
            if self._again.is_set():
                self._again.clear()
                self._reload()
            before, lost = lost, self._book.lost()
            if lost and not before:
                self._crew.wake_all("the journal was lost")
            if moment >= look:
                look = moment + self._pause()
                self._crew.wake_all("a look at everything is due")
            if moment >= cut:
                cut = moment + CUT
                self._book.cut()
            if self._notify.interval and moment >= alive and not self._telemetry.stuck():
                alive = moment + self._notify.interval
                self._notify.alive()

    def _dead(self) -> list[threading.Thread]:
        """Threads that ended though the loop goes on."""
        ours = [self._leading, self._text, self._folders, self._prober.thread, *([self._branch] if self._branch else ())]
        return [*(thread for thread in ours if not thread.is_alive()), *self._crew.dead()]

    def _reload(self) -> None:
        self._telemetry.note("reload", "", "SIGHUP")
        self._notify.reloading()
        self._read("reload")
        self._crew.wake_all("reload")
        self._notify.ready()

    def _pause(self) -> float:
        return self._options.full * (0.9 + 0.2 * random.random())  # noqa: S311 - a jitter, no secret

    def _read(self, why: str) -> None:
        """Where a branch is followed it is asked first; it says when the text moved."""
        if self._branch is not None:
            self._branch.wakes.wake(why)
        self._text.wakes.wake(why)

    def _heard(self, text: bool, commits: bool, poked: bool) -> None:
        if commits:
            self._read("a commit came")
        elif text and (self._branch is None or self._memory.desired is not None):
            # A first checkout is read when it is whole, which whoever makes it says.
            self._text.wakes.wake("files changed")
        if poked:
            self._crew.wake_all("somebody asked for a look")

    def _declared(self, desired: Desired) -> None:
        """Another text is in force."""
        desired = stricter(desired, self._options.mode, "--mode")
        self._memory.desired = desired
        self._leading.follow(desired)
        if not self._stop.is_set():
            self._crew.follow(desired.hosts, f"commit {desired.commit.id[:12]}" if desired.commit.id else "the manifests changed")
        self._notify.status(f"commit {desired.commit.id[:12] or 'none'}, {len(desired.hosts)} hosts")

    def _wake(self, host: str, why: str, after: float = 0.0) -> None:
        self._crew.wake(host, why, after)

    def _answered(self, endpoint: str, address: str) -> None:
        # Through a method: who looks is there before the crew that looks.
        self._crew.listen_at(endpoint, address)

    def _take_down(self) -> bool:
        """In order: nothing begins, what is under way ends, leases are given back. Whether it all came to its end within the drain."""
        self._stop.set()
        self._notify.stopping()
        self._telemetry.note("draining", "", f"at most {self._options.drain:g} s")
        end = time.monotonic() + self._options.drain
        self._folders.close()
        if self._branch is not None:
            self._branch.close()
        self._text.close()
        drained = self._crew.close(end)
        self._leading.close()
        if self._leading.is_alive():
            self._leading.join(max(2.0, end - time.monotonic()))
        return drained
