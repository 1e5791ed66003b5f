"""What hosts were heard to say: whom it wakes, who waits for it, and the last that somebody else did with each instance."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.hints import Hint
    from reconciler.model.records import Known
    from reconciler.model.world import HostView

    Place = tuple[str, str]
    """(host, instance)."""

TOUCHES = 4096
"""Instances whose last event is remembered, at most."""


@dataclass(eq=False, slots=True)
class _Wait:
    """Of one who waits for the next hint about an instance."""

    place: Place
    heard: bool = False


class Hints:
    """Safe for threads."""

    def __init__(self) -> None:
        self._working: dict[str, frozenset[str]] = {}
        self._overheard: set[str] = set()
        """Hosts that told something of what their workers are at work on: our own doing, as a rule, but nobody can tell."""
        self._waits: list[_Wait] = []
        self._touches: dict[Place, Hint] = {}
        self._heard = threading.Condition()

    def begin(self, host: str, instances: Iterable[str]) -> None:
        """``host``'s worker is at work on these."""
        with self._heard:
            self._working[host] = frozenset(instances)
            self._overheard.discard(host)

    def end(self, host: str) -> bool:
        """It ended. Whether anything was heard of what it was at work on, which woke nobody."""
        with self._heard:
            self._working.pop(host, None)
            self._heard.notify_all()
            overheard = host in self._overheard
            self._overheard.discard(host)
        return overheard

    def hear(self, host: str, hint: Hint) -> bool:
        """Take a hint in. Whether it is about something that nobody here is at work on."""
        place = host, hint.instance
        with self._heard:
            for wait in self._waits:
                wait.heard = wait.heard or wait.place == place
            self._heard.notify_all()
            foreign = hint.instance not in self._working.get(host, frozenset())
            if not foreign:
                self._overheard.add(host)
            elif hint.instance:
                self._touch(place, hint)
            return foreign

    def _touch(self, place: Place, hint: Hint) -> None:
        self._touches.pop(place, None)
        self._touches[place] = hint
        if len(self._touches) > TOUCHES:
            del self._touches[next(iter(self._touches))]

    def touched(self) -> dict[Place, Hint]:
        """The last thing that somebody else was heard to do with each instance."""
        with self._heard:
            return dict(self._touches)

    def forget(self, views: Mapping[str, HostView], known: Iterable[Known]) -> None:
        """Of what was touched, all that is neither there nor certified: nobody asks who did it. ``known`` is all that is certified."""
        touched = self.touched()
        gone = {place for host in {host for host, _ in touched} for place in _not_on(host, views.get(host), touched)}
        if gone:
            gone.difference_update((item.host, item.instance) for item in known)
        with self._heard:
            for place in gone:
                self._touches.pop(place, None)

    def pause(self, host: str, instance: str, seconds: float) -> None:
        """Wait for the next hint about a busy instance, at most so long."""
        wait = _Wait((host, instance))
        with self._heard:
            self._waits.append(wait)
            try:
                self._heard.wait_for(lambda: wait.heard, seconds)
            finally:
                self._waits.remove(wait)


def _not_on(host: str, view: HostView | None, places: Iterable[Place]) -> Iterable[Place]:
    """Those that ``host`` certainly does not have; none where it was not seen in full."""
    if view is None or view.grade is not Grade.COMPLETE:
        return ()
    names = {row.name for row in view.instances}
    return (place for place in places if place[0] == host and place[1] not in names)
