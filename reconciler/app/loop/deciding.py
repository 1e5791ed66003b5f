"""Making the decisions of a loop: over the latest looks of all workers, or over looks at every host that were taken anew for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.loop.consent import as_strict_as_applied
from reconciler.app.loop.decision import Decision, decision_of
from reconciler.app.loop.rounds import Rounds
from reconciler.app.observe import MAX_THREADS, views_of
from reconciler.app.planning import weigh
from reconciler.app.standing import bearing_of
from reconciler.model.cluster import by_endpoint
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.app.doors import Doors
    from reconciler.app.loop.memory import Memory
    from reconciler.app.planning import Made
    from reconciler.app.standing import Bearing
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.changes import Changes
    from reconciler.model.resources import Desired
    from reconciler.model.world import HostView
    from reconciler.store.journal import Journal


class Deciding:
    """Safe for threads.

    What another worker is at work on is ``underway`` in a decision. The workers that it is made for share it, so among them no claim is in
    the way: what they begin is taken of one and the same plan, whose turns and budgets hold for all of them together.
    """

    def __init__(self, memory: Memory, journal: Journal, doors: Doors, telemetry: Telemetry) -> None:
        self._memory = memory
        self._journal = journal
        self._doors = doors
        self._telemetry = telemetry
        self._bearing: tuple[Changes, Bearing] | None = None
        self._measuring = threading.Lock()
        self.latest = Rounds(self._decide)
        """Over what was seen last."""
        self.anew = Rounds(self._look_and_decide)
        """Over looks at every host that are no older than the question."""

    def saw(self, views: Collection[HostView]) -> None:
        """Keep what was seen, for the next decision."""
        self._memory.saw(views)
        for view in views:
            self._telemetry.seen(view)

    def bearing(self, made: Made) -> Bearing:
        """What the decision that ``made`` is or is a part of means for what is certified: found once, for all that share it."""
        with self._measuring:
            last = self._bearing
            if last is None or last[0] is not made.every:
                self._bearing = last = made.every, bearing_of(self._journal, made, last[1] if last else None)
            return last[1]

    def _decide(self, hosts: frozenset[str]) -> Decision | None:
        memory = self._memory
        if memory.desired is None or memory.unknown(memory.desired):
            return None
        ledger = self._journal.ledger(now())
        desired = as_strict_as_applied(memory.desired, ledger)
        observed = memory.observed(desired, now, hosts)
        made = weigh(desired, observed, ledger, self._journal, self._doors, places=hosts, before=memory.every)
        memory.every = made.every
        memory.hints.forget(memory.views, ledger.known.values())
        return decision_of(made, hosts, memory.hints.touched())

    def _look_and_decide(self, hosts: frozenset[str]) -> Decision | None:
        if self._memory.desired is not None:
            self._look_at_all(self._memory.desired)
        return self._decide(hosts)

    def _look_at_all(self, desired: Desired) -> None:
        """Absence here proves nothing as long as it may live elsewhere: every host that was in sight is looked at once more."""
        views = self._memory.views
        seen = [host for host in desired.hosts if host.name in views and views[host.name].grade is not Grade.UNSEEN]
        groups = list(by_endpoint(seen).values())
        with ThreadPoolExecutor(min(MAX_THREADS, max(1, len(groups))), thread_name_prefix="look") as pool:
            for told in pool.map(lambda group: views_of(group, self._doors, views), groups):
                self.saw(told)
