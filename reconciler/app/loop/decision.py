"""A decision over the whole fleet, and what one host's worker asks of it: each answer costs what the host does, not what the fleet does."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.app.planning import part_of_plan
from reconciler.engine.drift import drifts
from reconciler.engine.due import next_due
from reconciler.engine.guard import world_of
from reconciler.engine.refuse.restart import next_tries
from reconciler.engine.rollout import goes_by_turns
from reconciler.model.changes import ENDING, Action, Change, Changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.app.planning import Made, Only
    from reconciler.engine.drift import Hints
    from reconciler.model.changes import Refusal
    from reconciler.model.drift import Drift

TAKING = frozenset({Action.CREATE, Action.RESTART}) | ENDING
"""Actions that make, end or interrupt: never on the strength of a look at another host that is older than this pass."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for the workers of ``hosts``, over the whole fleet as it was seen last."""

    made: Made
    hosts: frozenset[str]
    codes: frozenset[str]
    """Of all that was refused, anywhere."""
    tries: Mapping[str, datetime]
    """Host -> when something that failed there may be started again."""
    gone: tuple[Drift, ...]
    """What nobody declared to be gone, of every host."""
    acting: Made
    """``made`` with nothing but what is to be done: parts are taken of it once for each host, and what stays is most of the fleet."""

    def of(self, host: str) -> tuple[Change, ...]:
        """Every change of ``host``, those that keep as well."""
        items = self.made.every.items
        first = bisect_left(items, host, key=_host_of)
        return items[first : bisect_right(items, host, lo=first, key=_host_of)]

    def refusals(self, host: str) -> tuple[Refusal, ...]:
        """What is refused there, or everywhere."""
        return tuple(refusal for refusal in self.made.refused if refusal.host in {"", host})

    def part(self, only: Only) -> Made:
        """Nothing but these (reference, host, action), as they were decided with all the rest."""
        return part_of_plan(self.acting, only)

    def is_firm(self, host: str, only: Only) -> bool:
        """Whether these acts may follow without another look at every host: none takes, nor has a turn that others wait for."""
        acts = [change for change in self.of(host) if (str(change.ref), host, change.action.value) in only]
        return not any(change.action in TAKING or goes_by_turns(change, self.made.desired) for change in acts)

    def drifts(self, host: str, hints: Hints) -> tuple[Drift, ...]:
        """What differs on ``host`` though nobody declared it."""
        here = Changes(tuple(change for change in self.of(host) if change.found is not None))
        return (*(drift for drift in self.gone if drift.host == host), *drifts(here, self.made.desired, self.made.ledger, hints))

    def due(self, host: str) -> datetime | None:
        """When time alone makes another decision about ``host``."""
        moments = next_due(self.of(host), self.made.desired, host, self.made.observed.at), self.tries.get(host)
        return min((moment for moment in moments if moment is not None), default=None)


def decision_of(made: Made, hosts: frozenset[str], hints: Hints) -> Decision:
    """``made`` with what is asked of it once for all hosts. ``hints``: as ``engine.drift`` takes them."""
    moving = tuple(change for change in made.every.items if change.action is not Action.KEEP)
    absent = Changes(tuple(change for change in moving if change.found is None))
    acting = tuple(change for change in made.cleared.changes if change.action is not Action.KEEP)
    return Decision(
        made=made,
        hosts=hosts,
        codes=frozenset(refusal.code for refusal in made.refused),
        tries=next_tries(world_of(made.desired, made.observed, made.ledger, moving)),
        acting=replace(made, cleared=replace(made.cleared, changes=acting)),
        gone=drifts(absent, made.desired, made.ledger, hints) if absent.items else (),
    )


def _host_of(change: Change) -> str:
    return change.host
