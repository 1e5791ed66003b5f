"""Limits of one pass on what is hard to take back. Over the limit nothing of that kind is done: choosing some would be guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.changes import Action, Change, Reason, Refusal, puts_to_rest
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from reconciler.engine.rules import World

EXEMPT = frozenset({Reason.EXPIRED, Reason.SURPLUS})
"""Ends that were declared from the beginning: a session's ttl, a pool's size. Replacing a cell is one too: nobody used it yet."""


def over_budget(allowed: list[Change], world: World) -> tuple[list[Change], list[Refusal]]:
    """Take out what exceeds a limit of the policy, with the arithmetic."""
    limits = world.desired.policy.limits
    destroys = [change for change in allowed if change.action is Action.DESTROY and change.reason not in EXEMPT]
    replaces = [change for change in allowed if change.action is Action.REPLACE and change.ref.kind is not Kind.CELL]
    freezes = [change for change in allowed if puts_to_rest(change)]
    over: dict[int, Refusal] = {}
    for code, changes, limit, name in (
        ("F01", destroys, limits.destroys, "destroys"),
        ("F01", replaces, limits.replaces, "replaces"),
        ("F01", freezes, limits.freezes, "freezes"),
    ):
        if len(changes) > limit:
            evidence = ((name, str(len(changes))), ("limit", str(limit)))
            over |= {
                id(change): _refuse(code, change, f"{len(changes)} {name} in one pass, {limit} are allowed", evidence, name)
                for change in changes
            }
    over |= _share(destroys, world)
    if not over:
        return allowed, []
    return [change for change in allowed if id(change) not in over], list(over.values())


def _share(destroys: list[Change], world: World) -> dict[int, Refusal]:
    if not destroys:
        return {}
    limits, env = world.desired.policy.limits, world.desired.policy.environment
    fleet = sum(row.config.get(marks.ENV) == env for row in world.rows.values())
    if fleet < limits.small_fleet or len(destroys) <= limits.destroy_share * fleet:
        return {}
    evidence = (
        ("destroys", str(len(destroys))),
        ("fleet", str(fleet)),
        ("share", f"{len(destroys) / fleet:.0%} of {limits.destroy_share:.0%} allowed"),
    )
    cause = f"{len(destroys)} of {fleet} objects would be destroyed"
    return {id(change): _refuse("F01", change, cause, evidence, "destroyShare") for change in destroys}


def _refuse(code: str, change: Change, cause: str, evidence: tuple[tuple[str, str], ...], name: str) -> Refusal:
    unblock = f"unsandbox apply --target {change.ref}, in parts, or edit the Policy (limits.{name})"
    return Refusal(code, str(change.ref), change.host, cause, evidence, unblock, change.action.value)
