"""What there is for runs: the ground they are decided by, a line for each pool, and what the last look at the hosts found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.claims import dead_of, settle_cells
from reconciler.app.clock import now
from reconciler.app.execute.line import Line
from reconciler.app.execute.seats import Seat
from reconciler.app.observe import observe
from reconciler.engine.warm import Place, warm_cells, why_all_shut, why_no_runs
from reconciler.model.execute import ClaimState, Traffic
from reconciler.policy.settling import Settlement
from reconciler.store.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reconciler.app.doors import Doors
    from reconciler.app.execute.ground import Ground
    from reconciler.app.execute.seats import Seats
    from reconciler.model.execute import Claim
    from reconciler.model.rules import No
    from reconciler.model.world import HostView
    from reconciler.store.jobs import JobsFile


class Stock:
    """Moved by one thread, and read by all. Methods raise ``StateError``."""

    def __init__(self, file: JobsFile, doors: Doors, seats: Seats, ground: Ground, wanting: Callable[[], None]) -> None:
        """``wanting`` is called where warm cells are few."""
        self.ground = ground
        self.lines: dict[str, Line] = {}
        self.shut: tuple[str, No] | None = None
        """Why no semitrusted run has a way out, as of the last look; None where one has."""
        self._file = file
        self._doors = doors
        self._seats = seats
        self._wanting = wanting
        self._views: Mapping[str, HostView] = {}
        self._open: frozenset[str] = frozenset()
        """Hosts that take runs."""
        self.follow(ground)

    def follow(self, ground: Ground) -> None:
        """Pools as they are declared by now. One that is gone gives out nothing any more; runs in it come to their end."""
        lines = dict(self.lines)
        for offer in ground.offers:
            line = lines.setdefault(offer.pool, Line(offer, self._wanting))
            line.offer = offer
        declared = {offer.pool for offer in ground.offers}
        for pool in lines.keys() - declared:
            self._spend(lines.pop(pool), lambda _seat: True, "its pool is not declared any more")
        self.lines, self.ground = lines, ground

    def wants(self, *, asked_lately: bool) -> bool:
        """Whether more warm cells would be of use in any pool."""
        return any(line.wants(asked_lately=asked_lately) for line in self.lines.values())

    def look(self) -> None:
        """Ask every host what is there, and settle and give out what that tells."""
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

    def end_over(self) -> None:
        """Spend what waited for its owner for as long as it may."""
        at = now().timestamp()
        for line in self.lines.values():
            self._spend(line, lambda seat: at >= seat.claim.until, "its time is over")

    def count(self) -> None:
        """Tell each line what went on lately, in all processes."""
        found = traffic(self._file, now().timestamp())
        for pool, line in self.lines.items():
            line.traffic = found.get(pool, Traffic())

    def close(self) -> None:
        """Let go of every seat: what is kept stays kept."""
        for line in self.lines.values():
            for seat in line.drop(lambda _seat: True):
                self._seats.leave(seat)

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
            self._spend(line, lambda seat: seat.claim.cell.host not in self._open, "its host takes no runs")

    def _find_kept(self, claims: tuple[Claim, ...], at: datetime) -> None:
        """What processes that ended had kept for their owners: theirs to run in again."""
        kept = [claim for claim in claims if claim.state is ClaimState.KEPT and claim.until > at.timestamp()]
        dead = dead_of(self._file.path.parent, {claim.holder for claim in kept} - {self._seats.holder})
        for pool, line in self.lines.items():
            known, terms = line.seats(), line.offer.terms
            found = (claim for claim in kept if claim.cell.pool == pool and claim.holder in dead and claim.cell.host in self._open)
            line.keep(Seat(claim, terms, claim.until - terms.idle) for claim in found if claim.cell.uuid not in known)

    def _spend(self, line: Line, unfit: Callable[[Seat], bool], why: str) -> None:
        for seat in line.drop(unfit):
            self._seats.spend(seat, why)
