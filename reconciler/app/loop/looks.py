"""Looking for the workers of a loop: members of a cluster that ask at one time are served by one look."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reconciler.app.loop.rounds import Rounds
from reconciler.app.observe import views_of
from reconciler.errors import HostError, Unreachable
from reconciler.model.cluster import by_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.app.doors import Doors
    from reconciler.app.loop.memory import Memory
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

    Saw = Callable[[Sequence[HostView]], None]
    Answered = Callable[[str, str], None]
    """(endpoint, address): which address answered for it."""


class Looks:
    """Safe for threads. What is seen goes to ``saw``, and is in ``memory.views`` when ``at`` returns."""

    def __init__(self, memory: Memory, doors: Doors, saw: Saw, answered: Answered) -> None:
        self._memory = memory
        self._doors = doors
        self._saw = saw
        self._answered = answered
        self._rounds: dict[str, Rounds[bool]] = {}
        self._guard = threading.Lock()

    def at(self, host: Host) -> None:
        """Look at ``host``, and at the rest of its cluster with it, in a look that began after this call did."""
        with self._guard:
            rounds = self._rounds.get(host.endpoint)
            if rounds is None:
                # Of two texts the later one counts: whoever looks goes by what is declared then, and by ``host`` where it is not.
                rounds = self._rounds[host.endpoint] = Rounds(lambda _names: self._look(host))
        # What woke one member's worker woke them all, as a rule: a stream that broke off, a text, a look that is due.
        rounds.ask(host.name, gather=len(self._group(host)) > 1)

    def _look(self, host: Host) -> bool:
        """Through a door that was asked anew who it leads to."""
        group = self._group(host)
        self._ask_again(group[0])
        self._saw(views_of(group, self._doors, self._memory.views))
        if group[0].cluster is not None:
            self._tell(group[0])
        return True

    def _group(self, host: Host) -> tuple[Host, ...]:
        desired = self._memory.desired
        return by_endpoint(desired.hosts).get(host.endpoint, (host,)) if desired else (host,)

    def _ask_again(self, host: Host) -> None:
        """The look says what is wrong; a door that leads nowhere is made anew, in a cluster to another member."""
        try:
            door = self._doors.open(host)
        except HostError:
            return
        try:
            door.ask_again()
        except HostError as error:
            if host.cluster is not None and isinstance(error, Unreachable):
                self._doors.leave(host, door.address)
            else:
                self._doors.forget(host.endpoint)

    def _tell(self, host: Host) -> None:
        try:
            self._answered(host.endpoint, self._doors.open(host).address)
        except HostError:
            return
