"""What a rule of the guard is asked: a change, and the world around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from reconciler.model import marks
from reconciler.model.changes import ENDING, Action, Change
from reconciler.model.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.records import Deed, Known, Ledger
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import HostView, Instance, Observed, Operation

T = TypeVar("T")

ALL = frozenset(Action) - {Action.KEEP}
OBJECT = ALL - {Action.PREPARE, Action.IMPORT}
EXISTING = OBJECT - {Action.CREATE}
MAKING = frozenset({Action.CREATE, Action.REPLACE})
GROUND = frozenset({Action.PREPARE, Action.IMPORT})
RESTING = frozenset({Action.FREEZE, Action.HIBERNATE, Action.UPDATE})
WAKING = frozenset({Action.START, Action.UNFREEZE, Action.UPDATE, Action.RESTART})
BEGINNING = frozenset({Action.START, Action.UPDATE, Action.RESTART})
"""What may start one that had stopped or is unhealthy."""
RESTART = frozenset({Action.RESTART})
POWER = frozenset({Action.START, Action.UNFREEZE, Action.FREEZE, Action.HIBERNATE, Action.UPDATE})
CREATE = frozenset({Action.CREATE})
WRITING = EXISTING - {Action.DESTROY, Action.QUARANTINE}
TAKING = MAKING | ENDING
"""What makes or ends an object: never on the strength of less than a complete view."""


@dataclass(frozen=True)
class World:
    """What the rules may know. What most passes never ask for is indexed at the first question."""

    desired: Desired
    observed: Observed
    ledger: Ledger
    hosts: Mapping[str, Host]
    operations: Mapping[tuple[str, str], tuple[Operation, ...]]
    changes: tuple[Change, ...] = ()
    """Every change of the pass, for rules that count."""
    may: Callable[[Change, World], bool] = field(default=lambda _change, _world: False, repr=False, compare=False)
    """Whether a change is asked for and nothing but its turn keeps it from being made, for rules that give turns."""
    _kept: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def env(self) -> str:
        """Our environment."""
        return self.desired.policy.environment

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Instance]:
        """(host, instance name) -> row."""
        return {(view.host, row.name): row for view in self.observed.hosts.values() for row in view.instances}

    @cached_property
    def fleet(self) -> int:
        """How many objects of ours were seen."""
        return sum(row.config.get(marks.ENV) == self.env for view in self.observed.hosts.values() for row in view.instances)

    @cached_property
    def twins(self) -> frozenset[str]:
        """Each uuid that was seen on more than one host."""
        seen: set[str] = set()
        twice: set[str] = set()
        for view in self.observed.hosts.values():
            uuids = {row.uuid for row in view.instances}
            twice |= seen & uuids
            seen |= uuids
        return frozenset(twice - {""})

    @cached_property
    def known_as(self) -> Mapping[str, tuple[Known, ...]]:
        """``Kind/name`` -> what past passes certified under it."""
        found: dict[str, tuple[Known, ...]] = {}
        for known in self.ledger.known.values():
            found[known.ref] = (*found.get(known.ref, ()), known)
        return found

    def known_of(self, change: Change) -> tuple[Known, ...]:
        """What past passes certified of the change's object, under its name and under the one that it had before."""
        found = self.known_as.get(str(change.ref), ())
        if change.wanted is None or not change.wanted.moved:
            return found
        return (*found, *self.known_as.get(f"{change.ref.kind}/{change.wanted.moved}", ()))

    @cached_property
    def known_on(self) -> Mapping[str, frozenset[str]]:
        """Host -> uuids that were certified there."""
        found: dict[str, set[str]] = {}
        for known in self.ledger.known.values():
            found.setdefault(known.host, set()).add(known.uuid)
        return {host: frozenset(uuids) for host, uuids in found.items()}

    @cached_property
    def deeds_of(self) -> Mapping[str, tuple[Deed, ...]]:
        """``Kind/name`` -> calls of the last hour, oldest first."""
        found: dict[str, list[Deed]] = {}
        for deed in self.ledger.deeds:
            found.setdefault(deed.ref, []).append(deed)
        return {ref: tuple(deeds) for ref, deeds in found.items()}

    def once(self, name: str, make: Callable[[World], T]) -> T:
        """What ``make`` gives, made at the first question and kept: the fleet is the same for every change."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return cast("T", self._kept[name])

    def view(self, change: Change) -> HostView:
        """The change's host as it was seen. Raises ``KeyError`` where it was not looked at."""
        return self.observed.hosts[change.host]

    def near(self, change: Change) -> tuple[HostView, ...]:
        """The change's host, and every other member of its cluster: where a name is taken for all of them."""
        view = self.view(change)
        if not view.cluster:
            return (view,)
        others = self.once("clusters", _clusters)[view.cluster]
        return (view, *(other for other in others if other is not view))

    def named(self, change: Change) -> tuple[str, Instance] | None:
        """Host and row of what has the name of the change's instance, on its host or elsewhere in its cluster."""
        found = ((view.host, self.rows.get((view.host, change.instance))) for view in self.near(change))
        return next(((host, row) for host, row in found if row is not None), None)

    def lxc(self, change: Change, words: str) -> str:
        """A command of LXD's own client about the change's instance."""
        return f"lxc {words} {change.instance} --project {self.hosts[change.host].project}"


def _clusters(world: World) -> dict[str, tuple[HostView, ...]]:
    found: dict[str, tuple[HostView, ...]] = {}
    for view in world.observed.hosts.values():
        if view.cluster:
            found[view.cluster] = (*found.get(view.cluster, ()), view)
    return found


def row_of(change: Change) -> Instance:
    """The instance that a change is about. Raises ``ValueError`` where there is none."""
    if change.found is None:
        raise ValueError(f"{change.ref} has no instance")
    return change.found


def moves(change: Change) -> bool:
    """Whether the change sets the power state."""
    return change.action in {Action.UNFREEZE, Action.FREEZE, Action.START, Action.HIBERNATE} or any(
        diff.path == "power" for diff in change.fields
    )


@dataclass(frozen=True, slots=True)
class GuardRule(Rule[[Change, World]]):
    """A rule of the guard. ``actions`` are those it is asked about."""

    actions: frozenset[Action] = ALL
