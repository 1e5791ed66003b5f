"""Is it its turn? Checks of codes R: rolling updates of pools and services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.rollout import interrupts, names, rollouts
from reconciler.model.rules import No
from reconciler.policy.rollout import Hold, Standing, canaries, most_down

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.engine.rollout import Rollout
    from reconciler.model.changes import Change


def paused(change: Change, world: World) -> No | None:
    """R02: its rollout is paused."""
    rollout = _held(change, world, Hold.PAUSED)
    if rollout is None:
        return None
    evidence = (("rollout", rollout.name), ("update.pause", "true"), _left(rollout))
    return No("its rollout is paused", evidence, f"edit {rollout.source} (update.pause: false)", rollout.name)


def stopped(change: Change, world: World) -> No | None:
    """R03: a member that was changed does not run, or changing it failed."""
    rollout = _held(change, world, Hold.STOPPED)
    if rollout is None:
        return None
    failed = [member for member in rollout.members if member.failed]
    evidence = (("rollout", rollout.name), ("failed", names(failed)), ("update.onFailure", rollout.terms.on_failure.value))
    unblock = f"unsandbox explain {min(member.name for member in failed)}, mend the manifest, or unsandbox accept R03 {change.ref}"
    return No("its rollout is stopped: a member that changed does not run well, or changing it failed", evidence, unblock, rollout.name)


def unproven(change: Change, world: World) -> No | None:
    """R04: the canaries have yet to prove themselves."""
    rollout = _held(change, world, Hold.CANARY)
    if rollout is None:
        return None
    changed = [member for member in rollout.members if not member.old and not member.missing]
    proven = sum(member.standing is Standing.WELL for member in changed)
    evidence = (
        ("rollout", rollout.name),
        ("canaries", f"{canaries(rollout.terms, len(rollout.members))} of {len(rollout.members)} (update.canary: {rollout.terms.canary})"),
        ("proven", f"{proven}, each for {rollout.terms.proven} s"),
        ("not proven", names(member for member in changed if member.standing is not Standing.WELL) or "none"),
        _left(rollout),
    )
    return No("it waits until the canaries of its rollout have proven themselves", evidence, _again(rollout, "canary"), rollout.name)


def waits(change: Change, world: World) -> No | None:
    """R01: as many of its group as may be down are down, changing, not yet proven, or go before it."""
    rollout = _held(change, world, Hold.TURN)
    if rollout is None:
        return None
    members = rollout.members
    evidence = (
        ("rollout", rollout.name),
        ("may be down", f"{most_down(rollout.terms, len(members))} of {len(members)}"),
        ("down", names(member for member in members if member.standing is Standing.DOWN) or "none"),
        ("not proven", names(member for member in members if member.standing in {Standing.FRESH, Standing.UNKNOWN}) or "none"),
        ("next", names(member for member in members if member.ready and not rollout.held[member.name]) or "none"),
        _left(rollout),
    )
    return No("it waits for its turn in its rollout", evidence, _again(rollout, "maxUnavailable"), rollout.name)


def _held(change: Change, world: World, hold: Hold) -> Rollout | None:
    if not interrupts(change):
        return None
    rollout = world.once("rollouts", rollouts).get(str(change.ref))
    return rollout if rollout is not None and hold in rollout.held.get(str(change.ref), ()) else None


def _left(rollout: Rollout) -> tuple[str, str]:
    return ("yet to change", str(sum(member.old for member in rollout.members)))


def _again(rollout: Rollout, field: str) -> str:
    return f"unsandbox apply again in {rollout.terms.proven} s, or edit {rollout.source} (update.{field})"
