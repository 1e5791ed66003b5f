"""What in a plan needs the approval of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.names import Kind
from reconciler.model.resources import Approval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import Plan, PlannedAction
    from reconciler.model.records import Applied
    from reconciler.model.resources import Policy

DECLARED_ENDS = frozenset({Reason.SURPLUS.value, Reason.SPENT.value, Reason.EXPIRED.value, Reason.UNFINISHED.value})
"""Ends that were declared from the beginning, and what never was alive."""
LOCKS = frozenset({f"config.{marks.LOCKED}"})


def needs_approval(plan: Plan, policy: Policy, applied: Applied | None) -> tuple[str, ...]:
    """Each thing that needs it, in words; empty where nothing does.

    Switching approval off needs it as well: a policy that says off counts only where it said so when it was applied last.
    """
    if policy.approval is Approval.OFF and (applied is None or not applied.approval):
        return ()
    # Without any action as well: else a first apply would switch it off and a second one destroy.
    switched = (f"approval is switched off at {policy.source}",) if policy.approval is Approval.OFF else ()
    return (*switched, *_acts(plan))


def _acts(plan: Plan) -> Iterator[str]:
    for action in plan.actions:
        word = need_of(action)
        if word:
            yield f"{word} {action.ref} on {action.host}"


def need_of(action: PlannedAction) -> str:
    """The word for what in the action needs a person; "" where nothing does."""
    if action.action == Action.DESTROY and action.reason not in DECLARED_ENDS:
        return "destroys"
    if action.action == Action.REPLACE and action.kind != Kind.CELL and action.reason != Reason.UNFINISHED:
        return "replaces"
    unlocks = any(diff.path in LOCKS and diff.old and not diff.new for diff in action.fields)
    return "unlocks" if unlocks else ""
