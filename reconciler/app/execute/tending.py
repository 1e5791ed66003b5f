"""What goes on beside the runs: looking for warm cells, ending what is over, writing what can wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.app.claims import dead_of, settle_cells
from reconciler.app.clock import now
from reconciler.app.execute.ground import read_ground
from reconciler.app.execute.jobs import lose_dead
from reconciler.app.execute.line import Line
from reconciler.app.execute.seats import Seat
from reconciler.app.execute.troubles import Troubles
from reconciler.app.observe import observe
from reconciler.engine.warm import Place, warm_cells, why_all_shut, why_no_runs
from reconciler.errors import UnsandboxError
from reconciler.model.execute import ClaimState, Traffic
from reconciler.policy.settling import Settlement
from reconciler.store.traffic import asked, traffic, trim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reconciler.app.doors import Doors
    from reconciler.app.execute.ground import Ground
    from reconciler.app.execute.jobs import Jobs
    from reconciler.app.execute.seats import Seats
    from reconciler.app.settings import Settings
    from reconciler.model.execute import Ask, Claim
    from reconciler.model.rules import No
    from reconciler.model.world import HostView
    from reconciler.store.jobs import JobsFile

TICK = 0.2
"""Seconds between two turns while nobody wants anything."""
REST = 10.0
"""A look takes its time of LXD: so many times as long passes until the next one."""
LEAST_REST, MOST_REST = 0.5, 30.0
LATELY = 5.0
"""Seconds for which more cells are looked for after somebody came, where nobody waits."""
OLD = 300.0
"""Seconds after which hosts are looked at though nobody wants cells, so that what is held or gone is known."""
READ_AGAIN = 10.0
COUNT_AGAIN = 5.0
RETAIN_AGAIN = 600.0


class Tending:
    """One thread, and what it keeps: the ground that runs are decided by, and a line for each pool."""

    def __init__(self, settings: Settings, file: JobsFile, doors: Doors, seats: Seats, jobs: Jobs, ground: Ground) -> None:
        self.ground = ground
        self.lines: dict[str, Line] = {}
        self.shut: tuple[str, No] | None = None
        """Why no semitrusted run has a way out, as of the last look; None where one has."""
        self.troubles = Troubles()
        self.asks: deque[Ask] = deque(maxlen=100_000)
        self._settings = settings
        self._file = file
        self._doors = doors
        self._seats = seats
        self._jobs = jobs
        self._views: Mapping[str, HostView] = {}
        self._open: frozenset[str] = frozenset()
        """Hosts that take runs."""
        self._due: dict[str, float] = {}
        self._wanted = threading.Event()
        self._wanted_at = 0.0
        self._ending = False
        self._thread = threading.Thread(target=self._loop, name="cells", daemon=True)
        self._follow(ground)

    def start(self) -> None:
        """Look once, so that what is warm is known, and go on beside the runs. Raises ``StateError``."""
        lose_dead(self._file, self._file.path.parent)
        self._look()
        self._due["old look"] = time.monotonic() + OLD
        self._due["read"] = time.monotonic() + READ_AGAIN
        self._thread.start()

    def want(self) -> None:
        """Somebody came, and warm cells are few."""
        self._wanted_at = time.monotonic()
        self._wanted.set()

    def close(self) -> None:
        """Stop, and let go of every seat: what is kept stays kept."""
        self._ending = True
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join()
        for line in self.lines.values():
            for seat in line.drop(lambda _seat: True):
                self._seats.leave(seat)
        with suppress(UnsandboxError):
            self._note()

    def _loop(self) -> None:
        while not self._ending:
            self._wanted.wait(TICK)
            # Whatever fails is tried again in the next turn; who is refused a cell meanwhile is told of it.
            for work in (self._jobs.hear, self._end_over, self._seats.mark, self._note, self._read, self._count, self._retain, self._find):
                self._attempt(work.__name__, work)
            if not self._ending and self._wanted.is_set() and not self._due_in("look", peek=True):
                time.sleep(TICK)

    def _attempt(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from their turn
            self.troubles.add(name, error)
        else:
            self.troubles.over(name)

    def _due_in(self, what: str, seconds: float = 0.0, *, peek: bool = False) -> bool:
        """Whether it is time for something that is done every so many seconds, and if so for the next time."""
        at = time.monotonic()
        if at < self._due.get(what, 0.0):
            return False
        if not peek:
            self._due[what] = at + seconds
        return True

    def _find(self) -> None:
        asked_lately = time.monotonic() - self._wanted_at < LATELY
        wanted = self._wanted.is_set() and any(line.wants(asked_lately=asked_lately) for line in self.lines.values())
        if not wanted:
            self._wanted.clear()
        if (wanted and self._due_in("look", LEAST_REST)) or self._due_in("old look", OLD):
            began = time.monotonic()
            self._look()
            rest = min(MOST_REST, max(LEAST_REST, REST * (time.monotonic() - began)))
            self._due["look"] = time.monotonic() + rest
            self._due["old look"] = time.monotonic() + OLD

    def _look(self) -> None:
        desired = self.ground.desired
        observed = observe(desired.hosts, self._doors, self._views)
        self._views = observed.hosts
        at = observed.at
        self._settle(at)
        claims = {claim.cell.uuid: claim for claim in self._file.claims()}
        warm = warm_cells(desired, self._views, claims, at)
        self.shut = why_all_shut(desired, self._views, at)
        self._leave_closed_hosts(at)
        self._find_kept(tuple(claims.values()), at)
        for pool, line in self.lines.items():
            line.stock(warm.get(pool, ()))

    def _settle(self, at: datetime) -> None:
        env = self.ground.desired.policy.environment
        for settled in settle_cells(self._file, self._views, env, at.timestamp()):
            if settled.what is Settlement.SPEND:
                self._seats.settled(settled.claim)

    def _leave_closed_hosts(self, at: datetime) -> None:
        desired = self.ground.desired
        views = self._views
        places = (Place(host, views[host.name], desired.policy, at) for host in desired.hosts if host.name in views)
        self._open = frozenset(place.host.name for place in places if why_no_runs(place) is None)
        for line in self.lines.values():
            for seat in line.drop(lambda seat: seat.claim.cell.host not in self._open):
                self._seats.spend(seat, "its host takes no runs")

    def _find_kept(self, claims: tuple[Claim, ...], at: datetime) -> None:
        """What processes that ended had kept for their owners: theirs to run in again."""
        kept = [claim for claim in claims if claim.state is ClaimState.KEPT and claim.until > at.timestamp()]
        dead = dead_of(self._file.path.parent, {claim.holder for claim in kept} - {self._seats.holder})
        for pool, line in self.lines.items():
            known, terms = line.seats(), line.offer.terms
            found = (claim for claim in kept if claim.cell.pool == pool and claim.holder in dead and claim.cell.host in self._open)
            line.keep(Seat(claim, terms, claim.until - terms.idle) for claim in found if claim.cell.uuid not in known)

    def _end_over(self) -> None:
        at = now().timestamp()
        for line in self.lines.values():
            for seat in line.drop(lambda seat: at >= seat.claim.until):
                self._seats.spend(seat, "its time is over")

    def _note(self) -> None:
        if self.asks:
            bunch = [self.asks.popleft() for _ in range(len(self.asks))]
            asked(self._file, bunch)

    def _count(self) -> None:
        if self._due_in("count", COUNT_AGAIN):
            found = traffic(self._file, now().timestamp())
            for pool, line in self.lines.items():
                line.traffic = found.get(pool, Traffic())

    def _retain(self) -> None:
        if self._due_in("retain", RETAIN_AGAIN):
            lose_dead(self._file, self._file.path.parent)
            at = now().timestamp()
            self._file.retain(at - self.ground.desired.policy.keep_jobs)
            trim(self._file, at)

    def _read(self) -> None:
        if self._due_in("read", READ_AGAIN):
            found = read_ground(self._settings, self.ground)
            if found is not self.ground:
                self._follow(found)
                self._due["old look"] = 0.0

    def _follow(self, ground: Ground) -> None:
        """Pools as they are declared by now. One that is gone gives out nothing any more; runs in it come to their end."""
        lines = dict(self.lines)
        for offer in ground.offers:
            line = lines.setdefault(offer.pool, Line(offer, self.want))
            line.offer = offer
        declared = {offer.pool for offer in ground.offers}
        for pool in lines.keys() - declared:
            for seat in lines.pop(pool).drop(lambda _seat: True):
                self._seats.spend(seat, "its pool is not declared any more")
        self.lines, self.ground = lines, ground
