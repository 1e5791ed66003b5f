"""Watching another lead a host: what it does there is written down as git's doing, as our own would be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.engine.refuse.observation import MAX_SKEW
from reconciler.engine.watched import ends, powers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from reconciler.app.planning import Made
    from reconciler.model.changes import Change
    from reconciler.store.journal import Journal

EARLY = timedelta(seconds=2)
"""By which the leader's clock may be ahead of ours."""


class Watched:
    """Of one host. Used by its worker alone."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[str, datetime]] = {}

    def note(self, journal: Journal, changes: Collection[Change], made: Made) -> None:
        """Remember who rests as declared, and which sessions ended. ``changes`` are those of the host. Raises ``StateError``."""
        for uuid, record in powers(changes, made.ledger):
            journal.power_set(uuid, record.power, record.writer, stamp())
        there = ends(changes)
        self._ends |= there
        if abs(made.observed.jumped) > MAX_SKEW:
            return
        for uid, (ref, end) in list(self._ends.items()):
            if end <= made.observed.at + EARLY and uid not in made.ledger.ended and (end <= made.observed.at or uid not in there):
                journal.session_ended(uid, ref, stamp())
            if uid not in there:
                del self._ends[uid]
