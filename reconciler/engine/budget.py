"""Limits on what is hard to take back. Over the limit nothing of that kind is done: choosing some would be guessing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from reconciler.model import marks
from reconciler.model.changes import Action, Change, Reason, Refusal, puts_to_rest
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.engine.asked import World
    from reconciler.model.records import Deed
    from reconciler.model.resources import Limits

EXEMPT = frozenset({Reason.EXPIRED, Reason.SURPLUS, Reason.SPENT, Reason.THAWED})
"""Ends that were declared from the beginning: a session's ttl, a pool's size, one owner a cell.

Replacing a cell is one too: nobody used it yet.

One that was put in quarantine before was counted then."""


class Budget(NamedTuple):
    """One limit. ``group`` gives what is counted together: everything, one host, or one owner."""

    name: str
    """Of the Policy's limit, as it is written there."""
    noun: str
    limit: int
    span: str
    group: Callable[[str, str], str]
    """(host, owner) to the group."""


def _all(_host: str, _owner: str) -> str:
    return ""


def _by_host(host: str, _owner: str) -> str:
    return f"host {host}"


def _by_owner(_host: str, owner: str) -> str:
    return f"owner {owner}" if owner else ""


PASS, HOUR = "pass", "hour"


def budgets(limits: Limits) -> tuple[tuple[str, tuple[Budget, ...]], ...]:
    """The limits by noun, the narrowest first."""
    destroys = (
        Budget("destroys", "destroys", limits.destroys, PASS, _all),
        Budget("destroysPerHost", "destroys", limits.destroys_per_host, HOUR, _by_host),
        Budget("destroysPerOwner", "destroys", limits.destroys_per_owner, HOUR, _by_owner),
        Budget("destroysPerHour", "destroys", limits.destroys_per_hour, HOUR, _all),
    )
    replaces = (
        Budget("replaces", "replaces", limits.replaces, PASS, _all),
        Budget("replacesPerHour", "replaces", limits.replaces_per_hour, HOUR, _all),
    )
    freezes = (
        Budget("freezes", "freezes", limits.freezes, PASS, _all),
        Budget("freezesPerHour", "freezes", limits.freezes_per_hour, HOUR, _all),
    )
    restarts = (
        Budget("restarts", "restarts", limits.restarts, PASS, _all),
        Budget("restartsPerHour", "restarts", limits.restarts_per_hour, HOUR, _all),
    )
    return (("destroys", destroys), ("replaces", replaces), ("freezes", freezes), ("restarts", restarts))


def over_budget(allowed: list[Change], proposed: Iterable[Change], world: World) -> tuple[list[Change], list[Refusal]]:
    """Take out what exceeds a limit of the policy, with the arithmetic.

    Counted over all that is ``proposed``, refused or not: were only what is allowed counted, a refusal could make room for others.
    """
    by_noun: dict[str, list[Change]] = {"destroys": [], "replaces": [], "freezes": [], "restarts": []}
    for change in proposed:
        # Almost every object is kept, and what is kept counts against nothing.
        noun = "" if change.action is Action.KEEP else noun_of(change)
        if noun:
            by_noun[noun].append(change)
    over: dict[int, Refusal] = {}
    for noun, rows in budgets(world.desired.policy.limits):
        changes = by_noun[noun]
        spent = _spent(noun, world.ledger.deeds) if changes else []
        for budget in rows:
            over = _exceeding(budget, changes, spent) | over
    over = _share(by_noun["destroys"], world) | over
    if not over:
        return allowed, []
    kept = [change for change in allowed if id(change) not in over]
    return kept, [over[id(change)] for change in allowed if id(change) in over]


def noun_of(change: Change) -> str:
    """Which limit the change counts against; "" where none."""
    if change.action in {Action.DESTROY, Action.QUARANTINE}:
        return "" if change.reason in EXEMPT else "destroys"
    if change.action is Action.REPLACE:
        return "" if change.ref.kind is Kind.CELL else "replaces"
    if change.action is Action.RESTART:
        return "restarts"
    return "freezes" if puts_to_rest(change) else ""


STOPS = "SetPower:stop"
RESTS = frozenset({"SetPower:freeze", STOPS})
RESTING = frozenset({Action.FREEZE.value, Action.HIBERNATE.value, Action.UPDATE.value})


def _noun_of_deed(deed: Deed) -> str:
    """Which limit a past call counted against; "" where none. A session's or cell's destroy may have been declared: it does not count."""
    if deed.action == Action.QUARANTINE:
        return "destroys"
    service = deed.ref.startswith(f"{Kind.SERVICE}/")
    if deed.action == Action.DESTROY:
        return "destroys" if service else ""
    if deed.action == Action.REPLACE:
        return "replaces" if service else ""
    if deed.action == Action.RESTART:
        return "restarts" if deed.call == STOPS else ""
    return "freezes" if deed.action in RESTING and deed.call in RESTS else ""


def _spent(noun: str, deeds: Iterable[Deed]) -> list[tuple[str, str, str]]:
    """(reference, host, owner) of each object that was counted within the last hour."""
    found = {(deed.ref, deed.host): deed.owner for deed in deeds if deed.done and _noun_of_deed(deed) == noun}
    return [(ref, host, owner) for (ref, host), owner in found.items()]


def _exceeding(budget: Budget, changes: list[Change], spent: list[tuple[str, str, str]]) -> dict[int, Refusal]:
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(budget.group(change.host, _owner(change)), []).append(change)
    past = Counter(budget.group(host, owner) for _, host, owner in spent) if budget.span == HOUR else Counter[str]()
    over: dict[int, Refusal] = {}
    for group, members in groups.items():
        if len(members) + past[group] <= budget.limit or (budget.group is _by_owner and not group):
            continue
        where = f" of {group}" if group else ""
        cause = f"{len(members)} {budget.noun}{where} in one {budget.span}, {budget.limit} are allowed"
        evidence = [(budget.noun, str(len(members))), ("limit", str(budget.limit))]
        if budget.span == HOUR:
            evidence[1:1] = [("in the last hour", str(past[group])), ("counted for", group or "everything")]
            cause = f"{len(members)} {budget.noun}{where} with {past[group]} in the last hour, {budget.limit} are allowed"
        over |= {id(change): _refuse(change, cause, tuple(evidence), budget.name) for change in members}
    return over


def _owner(change: Change) -> str:
    return change.found.config.get(marks.OWNER, "") if change.found else ""


def _share(destroys: list[Change], world: World) -> dict[int, Refusal]:
    if not destroys:
        return {}
    limits, fleet = world.desired.policy.limits, world.fleet
    if fleet < limits.small_fleet or len(destroys) <= limits.destroy_share * fleet:
        return {}
    evidence = (
        ("destroys", str(len(destroys))),
        ("fleet", str(fleet)),
        ("share", f"{len(destroys) / fleet:.0%} of {limits.destroy_share:.0%} allowed"),
    )
    cause = f"{len(destroys)} of {fleet} objects would be destroyed"
    return {id(change): _refuse(change, cause, evidence, "destroyShare") for change in destroys}


def _refuse(change: Change, cause: str, evidence: tuple[tuple[str, str], ...], name: str) -> Refusal:
    unblock = f"unsandbox apply --target {change.ref}, in parts, or edit the Policy (limits.{name})"
    return Refusal("F01", str(change.ref), change.host, cause, evidence, unblock, change.action.value)
