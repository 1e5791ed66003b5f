"""May it be started again? Checks of codes H."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import moves, row_of
from reconciler.engine.existing import ails
from reconciler.engine.power import never_started
from reconciler.model.changes import Action
from reconciler.model.health import RestartPolicy
from reconciler.model.resources import Power
from reconciler.model.rules import No
from reconciler.model.world import Status
from reconciler.policy.restart import not_before, tries, window_ends

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.records import Deed
    from reconciler.model.resources import Workload

SLACK = 60
"""Seconds beyond its interval and its time-out for which a verdict is believed."""


def begins_again(change: Change, world: World) -> bool:
    """Whether the change starts what failed: it is unhealthy, or stopped and not by us. What never ran is still being made."""
    if change.action is Action.RESTART:
        return True
    row, wanted = row_of(change), change.wanted
    if wanted is None or wanted.power is not Power.RUNNING or row.status is not Status.STOPPED or not moves(change):
        return False
    record = world.ledger.powers.get(row.uuid)
    return not never_started(row) and (record is None or record.power != "hibernated")


def forbidden(change: Change, world: World) -> No | None:
    """H03: its restart policy leaves it as it is, or it is not known to be unhealthy."""
    if not begins_again(change, world):
        return None
    wanted = _wanted(change)
    policy, restarts = wanted.restart.policy, change.action is Action.RESTART
    if policy is RestartPolicy.NEVER or (policy is RestartPolicy.UNHEALTHY and not restarts):
        found = "unhealthy: " + change.note if restarts else row_of(change).status_text
        evidence = (("restart.policy", policy.value), ("found", found))
        return No("its restart policy leaves it as it is", evidence, world.lxc(change, "restart" if restarts else "start"))
    return _unknown(change, wanted, world) if restarts else None


def _unknown(change: Change, wanted: Workload, world: World) -> No | None:
    row = row_of(change)
    health = world.observed.health.get(row.uuid)
    if health is None or wanted.health is None or not ails(wanted, row, health):
        told = health.verdict.value if health else "nobody asked"
        return No("it is not known to be unhealthy", (("health", told), ("needed", "unhealthy, of this run")), "unsandbox status")
    age, most = (world.observed.at - health.at).total_seconds(), wanted.health.interval + wanted.health.timeout + SLACK
    if 0 <= age <= most:
        return None
    evidence = (("health", health.verdict.value), ("asked last", _time(health.at)), ("believed for", f"{most} s"))
    return No("it was found unhealthy too long ago to act on it", evidence, "unsandbox status")


def capped(change: Change, world: World) -> No | None:
    """H02: it was started again as often as its restart policy allows within its window."""
    if not begins_again(change, world):
        return None
    restart, tried = _wanted(change).restart, _tries(change, world)
    if len(tried) < restart.cap:
        return None
    evidence = (
        (f"restarts within {restart.window} s", str(len(tried))),
        ("restart.cap", str(restart.cap)),
        ("left alone until", _time(window_ends(restart, tried))),
    )
    unblock = f"unsandbox history {change.ref}, then wait or unsandbox accept H02 {change.ref}"
    return No("it was started again and again, and does not stay well", evidence, unblock)


def backing_off(change: Change, world: World) -> No | None:
    """H01: it was started again a moment ago, and its back-off is not over."""
    if not begins_again(change, world):
        return None
    tried = _tries(change, world)
    until = not_before(_wanted(change).restart, tried, world.observed.at)
    if until is None:
        return None
    evidence = (("restarts", str(len(tried))), ("the last at", _time(max(deed.at for deed in tried))), ("again at", _time(until)))
    return No("it was started again a moment ago", evidence, f"wait, or {world.lxc(change, 'start')}")


def next_tries(world: World) -> dict[str, datetime]:
    """Host -> the earliest moment at which one that failed there may be started again: a reason to look at the host then."""
    found: dict[str, datetime] = {}
    for change in world.changes:
        if change.action not in {Action.START, Action.UPDATE, Action.RESTART} or not begins_again(change, world):
            continue
        restart, tried = _wanted(change).restart, _tries(change, world)
        until = window_ends(restart, tried) if len(tried) >= restart.cap else not_before(restart, tried, world.observed.at)
        if until is not None:
            found[change.host] = min(until, found.get(change.host, until))
    return found


def _wanted(change: Change) -> Workload:
    if change.wanted is None:
        raise ValueError(f"{change.ref} is not declared")
    return change.wanted


def _tries(change: Change, world: World) -> tuple[Deed, ...]:
    return tries(_wanted(change).restart, world.deeds_of.get(str(change.ref), ()), row_of(change).uuid, world.observed.at)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
