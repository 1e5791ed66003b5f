"""Rolling updates of a pass: which objects go together, how each of them stands, and what holds it.

No record of a rollout is kept, so that none can be lost: what is old is seen by its own change, and for how long one has run by when
it was made and by what the journal tells of the last hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from reconciler.engine import cells
from reconciler.engine.power import never_started
from reconciler.model.changes import Action, Reason
from reconciler.model.health import Verdict
from reconciler.model.names import Kind, pool_of
from reconciler.model.resources import Power, PowerOwner
from reconciler.model.world import Status
from reconciler.policy.rollout import Hold, Member, Standing, holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.resources import Desired, Source, Workload
    from reconciler.model.rollout import Update
    from reconciler.model.world import Instance

LABEL = "rollout"
"""Services that carry the same value of this label go together, whatever their images."""
BEGINNINGS = frozenset({"CreateInstance", "SetPower:start", "SetPower:unfreeze", "RunCommand"})
"""Calls from which on a member has to prove itself."""
CHANGING = frozenset({Action.REPLACE.value, Action.CREATE.value})
SCRIPT = frozenset({"PushFile", "RunCommand"})


@dataclass(frozen=True, slots=True)
class Rollout:
    """One group. ``held``: reference of each member that has yet to change and may -> what holds it."""

    name: str
    terms: Update
    source: Source
    members: tuple[Member, ...]
    held: Mapping[str, frozenset[Hold]]


def interrupts(change: Change) -> bool:
    """Whether the change takes a member away from those who use it. What never ran is no member yet, and what is spent none any more.

    Most updates are made in place. A script that ran before and is run again sets the service up anew.
    """
    if change.action is Action.REPLACE:
        return change.reason not in {Reason.UNFINISHED, Reason.SPENT}
    return change.action is Action.UPDATE and any(diff.path == "bootstrap" and diff.old for diff in change.fields)


def group_of(workload: Workload) -> str:
    """The name of its group; "" for what is never changed in turns.

    Cells go by pool. Services go by image: they are what one new image reaches at once. A label says otherwise.
    """
    if workload.ref.kind is Kind.CELL:
        return f"{Kind.POOL}/{pool_of(workload.ref)}"
    if workload.ref.kind is not Kind.SERVICE:
        return ""
    label = dict(workload.labels).get(LABEL, "")
    return f"services labelled {LABEL}: {label}" if label else f"services of {Kind.IMAGE}/{workload.image_name}"


def rollouts(world: World) -> Mapping[str, Rollout]:
    """Every group in which something has yet to change in turns: reference of each member -> its group."""
    changes = {change.ref: change for change in world.changes if change.wanted is not None}
    moving = {group_of(change.wanted) for change in changes.values() if change.wanted is not None and interrupts(change)}
    # Turns of services keep within the limit of one pass: over it F01 would refuse them all, and in every pass.
    room = world.desired.policy.limits.replaces - sum(_spends(change) and not interrupts(change) for change in changes.values())
    found: dict[str, Rollout] = {}
    for group, wanted in sorted(_groups(world, moving).items()):
        terms, source = wanted.terms
        ours = [item for item in wanted.workloads if not _claimed(changes.get(item.ref), world)]
        members = tuple(_member(item, changes.get(item.ref), terms, world) for item in ours)
        held = holds(terms, members, room)
        room -= sum(member.spends and held.get(member.name) == frozenset() for member in members)
        rollout = Rollout(group, terms, source, members, held)
        found |= {member.name: rollout for member in members}
    return found


def goes_by_turns(change: Change, desired: Desired) -> bool:
    """Whether the change is one that waits for its turn."""
    if change.wanted is None or not interrupts(change):
        return False
    if change.ref.kind is Kind.CELL:
        return any(pool.update is not None and pool.ref.name == pool_of(change.ref) for pool in desired.pools)
    return change.ref.kind is Kind.SERVICE and desired.policy.update is not None


class _Group(NamedTuple):
    terms: tuple[Update, Source]
    workloads: list[Workload]


def _groups(world: World, moving: AbstractSet[str]) -> dict[str, _Group]:
    """Each group of ``moving`` that has terms, with all that is declared to be in it."""
    policy = world.desired.policy
    pools = {f"{Kind.POOL}/{pool.ref.name}": (pool.update, pool.source) for pool in world.desired.pools}
    found: dict[str, _Group] = {}
    for workload in world.desired.workloads:
        group = group_of(workload)
        update, source = pools.get(group, (policy.update, policy.source))
        if group and group in moving and update is not None:
            found.setdefault(group, _Group((update, source), [])).workloads.append(workload)
    return found


def _spends(change: Change) -> bool:
    """Whether the Policy's limit of replaces counts it."""
    return change.action is Action.REPLACE and change.ref.kind is not Kind.CELL


def _claimed(change: Change | None, world: World) -> bool:
    """Whoever claimed a cell has it to its end: it is neither ours to interrupt nor in stock."""
    if change is None or change.found is None or change.ref.kind is not Kind.CELL:
        return False
    return cells.standing(change.found, world.ledger.claims or {}) is not cells.Standing.FREE


def _member(workload: Workload, change: Change | None, terms: Update, world: World) -> Member:
    name, missing = str(workload.ref), change is None or change.found is None
    old = change is not None and interrupts(change)
    standing = Standing.DOWN if change is None else _standing(workload, change, terms, world)
    return Member(
        name=name,
        standing=standing,
        old=old,
        ready=change is not None and old and world.may(change, world),
        failed=_try_failed(name, world) or (change is not None and not old and _fell(workload, change, world)),
        missing=missing,
        spends=change is not None and _spends(change),
    )


def _standing(workload: Workload, change: Change, terms: Update, world: World) -> Standing:
    found = change.found
    if found is None or change.reason is Reason.UNFINISHED or _busy(change, world):
        return Standing.DOWN
    if found.status is not Status.RUNNING:
        return Standing.WELL if _may_rest(workload) and found.status in {Status.STOPPED, Status.FROZEN} else Standing.DOWN
    told = _told(workload, found, world)
    if told is Verdict.UNHEALTHY:
        return Standing.DOWN
    if told is Verdict.UNKNOWN:
        return Standing.UNKNOWN
    age = _age(change, world)
    return Standing.WELL if age is not None and age >= terms.proven else Standing.FRESH


def _told(workload: Workload, found: Instance, world: World) -> Verdict:
    """What its probe tells of this very run. Where nobody probes it, or nobody here listens, to run is all that is asked."""
    if workload.health is None or not world.observed.health:
        return Verdict.HEALTHY
    health = world.observed.health.get(found.uuid)
    return health.verdict if health is not None and health.run == found.started_at else Verdict.UNKNOWN


def _may_rest(workload: Workload) -> bool:
    return workload.power is not Power.RUNNING or workload.power_owner is not PowerOwner.DECLARED


def _busy(change: Change, world: World) -> bool:
    # Two workers that decided at the same moment each see here what the other has begun.
    return str(change.ref) in world.observed.underway or any(
        operation.kind == "task" for operation in world.operations.get((change.host, change.instance), ())
    )


def _fell(workload: Workload, change: Change, world: World) -> bool:
    """Whether one that has the change does not run. One that is on its way there, or that somebody froze, did not fail."""
    found = change.found
    if found is None or change.reason is Reason.UNFINISHED or _busy(change, world) or never_started(found):
        return False
    if found.status is Status.RUNNING:
        return _told(workload, found, world) is Verdict.UNHEALTHY
    return found.status is Status.ERROR or (found.status is Status.STOPPED and not _may_rest(workload))


def _try_failed(ref: str, world: World) -> bool:
    """Whether the last call of the last hour that was to change it failed."""
    tries = [deed for deed in world.deeds_of.get(ref, ()) if deed.action in CHANGING or deed.call in SCRIPT]
    return bool(tries) and not tries[-1].done


def _age(change: Change, world: World) -> float | None:
    """Seconds since it was made, started or set up last; None where that cannot be told."""
    begun = [deed.at for deed in world.deeds_of.get(str(change.ref), ()) if deed.done and deed.call in BEGINNINGS]
    made = _moment(change.found.created_at) if change.found else None
    return (world.observed.at - max([made, *begun])).total_seconds() if made is not None else None


def _moment(text: str) -> datetime | None:
    """A time with a zone; None where LXD tells none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def names(members: Iterable[Member]) -> str:
    """A few of them and how many more."""
    told = sorted(member.name for member in members)
    return ", ".join(told[:5]) + (f" and {len(told) - 5} more" if len(told) > 5 else "")  # noqa: PLR2004 - as many as one line holds
