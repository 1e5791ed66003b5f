"""What the workers share between passes: the text in force, the latest look at each host, and who is at work on what.

Nothing here is needed to go on after a restart: all of it is seen and read again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.clock import Steady
from reconciler.app.loop.hints import Hints
from reconciler.app.own import own_instance
from reconciler.model.world import Observed, is_undeclared, unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from reconciler.model.changes import Changes
    from reconciler.model.health import Health
    from reconciler.model.resources import Desired
    from reconciler.model.world import HostView

    Act = tuple[str, str, str]
    """(reference, host, action)."""

AT_ONE_TIME = timedelta(minutes=2)
"""By how much the ends of two looks may be apart that went on at one time."""


@dataclass
class Memory:
    """``deciding`` is held while what a decision begins is claimed, so that no two workers begin the same."""

    desired: Desired | None = None
    views: dict[str, HostView] = field(default_factory=dict)
    every: Changes | None = None
    """What the last decision of any worker found: the next one judges again only what moved since."""
    refused: dict[str, frozenset[str]] = field(default_factory=dict)
    """Host -> codes that its last pass was refused anything for, anywhere."""
    deciding: threading.RLock = field(default_factory=threading.RLock)
    verdicts: Callable[[], Mapping[str, Health]] = dict
    """What probes found, by uuid."""
    steady: Steady = field(default_factory=Steady)
    hints: Hints = field(default_factory=Hints)
    _waiting: set[str] = field(default_factory=set)
    _flights: dict[str, str] = field(default_factory=dict)

    def unknown(self, desired: Desired) -> tuple[str, ...]:
        """Declared hosts that nobody has tried to look at yet. Until there are none nothing is decided: they are not out of sight."""
        return tuple(host.name for host in desired.hosts if host.name not in self.views)

    def waits(self, desired: Desired, host: str) -> bool:
        """Whether ``host``'s worker has to wait until every declared host was looked at; ``waited`` tells of it then."""
        with self.deciding:
            if not self.unknown(desired):
                return False
            self._waiting.add(host)
            return True

    def waited(self) -> frozenset[str]:
        """The hosts whose workers have waited for the last look, which was kept by then. Each is told once."""
        with self.deciding:
            waiting = frozenset(self._waiting)
            self._waiting.clear()
            return waiting

    def observed(self, desired: Desired, clock: Callable[[], datetime], hosts: Collection[str] = ()) -> Observed:
        """The world as last seen: every declared host. What the workers of ``hosts`` claimed is not under way to themselves.

        Members of a declared cluster that nobody declared are in it as well, where they were seen.
        """
        with self.deciding:
            underway = frozenset(ref for ref, by in self._flights.items() if by not in hosts)
        views = dict(self.views)
        # A look that another worker takes meanwhile would be of after the moment at which it is judged, which nothing is decided by.
        at = clock()
        jumped = self.steady.jumped(at)
        clusters = {host.cluster.name for host in desired.hosts if host.cluster}
        others = {name: view for name, view in views.items() if view.cluster in clusters and is_undeclared(view)}
        declared = {host.name: views.get(host.name) or unseen(host.name, "it was not looked at yet", at) for host in desired.hosts}
        return Observed({**others, **declared}, at, own_instance(), underway, self.verdicts(), jumped)

    def saw(self, views: Iterable[HostView]) -> None:
        """The latest look at one endpoint: a member of its cluster that is not in it, and that nobody declared, is there no more."""
        seen = {view.host: view for view in views}
        clusters = {view.cluster for view in seen.values() if view.cluster}
        for name, view in list(self.views.items()):
            if view.cluster in clusters and is_undeclared(view) and name not in seen:
                self.views.pop(name, None)
        # Two workers may look at one host at a time: what was seen earlier does not come to stand over what was seen later.
        self.views.update({name: view for name, view in seen.items() if name not in self.views or not _earlier(view, self.views[name])})

    def begin(self, host: str, acts: Iterable[tuple[str, str]]) -> None:
        """``host``'s worker begins to work on (reference, instance) each. Called under ``deciding``."""
        pairs = list(acts)
        self._flights.update(dict.fromkeys((ref for ref, _ in pairs), host))
        self.hints.begin(host, (instance for _, instance in pairs))

    def end(self, host: str) -> bool:
        """It ended. Whether anything was heard of what it was at work on, which woke nobody."""
        with self.deciding:
            self._flights = {ref: at for ref, at in self._flights.items() if at != host}
        return self.hints.end(host)

    def elsewhere(self, ref: str, host: str) -> bool:
        """Whether the worker of another host is at work on ``ref``."""
        return self._flights.get(ref, host) != host


def _earlier(view: HostView, other: HostView) -> bool:
    """Whether ``view`` is of a look before ``other``'s. One from much before is from after the clock was set back."""
    return timedelta(0) < other.seen_at - view.seen_at <= AT_ONE_TIME
