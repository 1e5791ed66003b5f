"""May it be changed at all, and at this hour? Checks of codes M."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.model.changes import Reason
from reconciler.model.modes import Mode
from reconciler.model.names import Kind, pool_of
from reconciler.model.rules import No
from reconciler.policy.modes import in_force
from reconciler.policy.windows import is_open, next_opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.modes import Stance
    from reconciler.model.resources import Pool, Source

DECLARED_ENDS = frozenset({Reason.SURPLUS, Reason.SPENT, Reason.EXPIRED, Reason.UNFINISHED})
"""Ends that were declared beforehand, and what was never made to its end: they wait for no window."""


class Voice(NamedTuple):
    """One manifest that speaks about a change."""

    who: str
    source: Source
    stance: Stance


def suspended(change: Change, world: World) -> No | None:
    """M02: it, its host or everything is suspended."""
    for voice in _voices(change, world):
        suspension = in_force(voice.stance, world.observed.at)
        if suspension is not None:
            evidence = (
                ("suspended by", voice.who),
                ("reason", suspension.reason),
                ("until", suspension.until),
                ("would", change.action.value),
            )
            return No("it is suspended", evidence, f"wait until {suspension.until}, or edit {voice.source} (suspend)")
    return None


def detect_only(change: Change, world: World) -> No | None:
    """M01: what differs is told, and nothing is changed."""
    for voice in _voices(change, world):
        if voice.stance.mode is Mode.DETECT:
            told = voice.stance.said_by or voice.who
            fields = tuple((diff.path, f"{diff.old or 'absent'} -> {diff.new or 'absent'}") for diff in change.fields)
            evidence = (("mode", "detect"), ("by", told), ("would", change.action.value), *fields)
            loosen = f"run without {voice.stance.said_by}" if voice.stance.said_by else f"edit {voice.source} (mode: enforce)"
            return No("this would be changed, and its mode is to tell and change nothing", evidence, loosen)
    return None


def outside_window(change: Change, world: World) -> No | None:
    """M03: what is there may be ended or restarted in a maintenance window only, and none is open."""
    policy, at = world.desired.policy, world.observed.at
    if not policy.windows or change.reason in DECLARED_ENDS or is_open(policy.windows, at):
        return None
    opening = next_opening(policy.windows, at)
    if opening is None:
        raise ValueError("there are windows and none of them opens")
    evidence = (("time", at.isoformat()), ("next window opens", opening.isoformat()), ("action", change.action.value))
    return No("no maintenance window is open", evidence, f"wait until {opening.isoformat()}, or edit {policy.source} (windows)")


def _voices(change: Change, world: World) -> Iterator[Voice]:
    """Everything that speaks about the change: the policy, its host, and the object or the pool that its cell belongs to."""
    policy = world.desired.policy
    yield Voice("the policy", policy.source, policy.stance)
    host = world.hosts.get(change.host)
    if host is not None:
        yield Voice(str(host.ref), host.source, host.stance)
    if change.wanted is not None:
        yield Voice(str(change.ref), change.wanted.source, change.wanted.stance)
    elif change.ref.kind is Kind.CELL:
        pool = world.once("pools by name", _pools).get(pool_of(change.ref))
        if pool is not None:
            yield Voice(str(pool.ref), pool.source, pool.stance)


def _pools(world: World) -> Mapping[str, Pool]:
    return {pool.ref.name: pool for pool in world.desired.pools}
