"""Every rule must be asked and none may say no. What a refusal leaves without ground is refused with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.engine.accept import digest_of
from reconciler.engine.asked import GROUND, RESTART, World
from reconciler.engine.budget import over_budget
from reconciler.engine.refuse.fleet import trip
from reconciler.engine.rules import ALLOWED, RULES
from reconciler.engine.table.rollout import ROLLOUT
from reconciler.model.changes import ENDING, Action, Change, Cleared, Refusal, puts_to_rest
from reconciler.model.rules import FAILED_CAUSE, No, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from reconciler.engine.asked import GuardRule
    from reconciler.model.changes import Changes
    from reconciler.model.names import Ref
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed, Operation

TURNS = frozenset(rule.code for rule in ROLLOUT)
NO_RULE = "X00"
"""Code of the default: no rule speaks in favour of the action."""


def clear(
    changes: Changes,
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    rules: Sequence[GuardRule] = RULES,
    *,
    every: tuple[Change, ...] | None = None,
) -> Cleared:
    """Ask every rule about every change. A rule that fails to answer refuses.

    ``every``: all that would change, where ``changes`` are only those that were asked for; some rules count.
    """
    world = world_of(desired, observed, ledger, changes.items if every is None else every, _may(rules, changes.items))
    about = {action: [rule for rule in rules if action in rule.actions] for action in Action}
    allowed: list[Change] = []
    refusals = list(changes.doubts)
    no_ground: dict[tuple[str, str], Refusal] = {}
    for change in changes.items:
        if change.action is Action.KEEP:
            allowed.append(change)
            continue
        refusal = judge(change, world, about[change.action])
        if refusal is None:
            allowed.append(change)
        else:
            refusals.append(refusal)
            no_ground |= _no_ground(change, refusal)
    allowed, groundless = _stand_on_ground(allowed, no_ground)
    allowed, spent = _within_budget(allowed, changes, refusals, world)
    refusals += [*groundless, *spent]
    return Cleared(tuple(allowed), tuple(sorted(refusals, key=lambda refusal: (refusal.ref, refusal.host, refusal.code))))


def part_of(cleared: Cleared, only: AbstractSet[tuple[str, str, str]]) -> Cleared:
    """What was cleared, and of that nothing but these (reference, host, action). What is refused stays told.

    A part is taken of what was decided as a whole: decided by itself it would count less, and give other turns.
    """
    kept = (item for item in cleared.changes if item.action is Action.KEEP or (str(item.ref), item.host, item.action.value) in only)
    return replace(cleared, changes=tuple(kept))


def _may(rules: Sequence[GuardRule], asked: Sequence[Change]) -> Callable[[Change, World], bool]:
    """Whether a change is one of those ``asked`` for, and everything but its turn speaks for it."""
    before = [rule for rule in rules if rule.code not in TURNS]

    def asked_for(_world: World) -> AbstractSet[tuple[Ref, str]]:
        return {(change.ref, change.host) for change in asked}

    def groundless(world: World) -> dict[tuple[str, str], Refusal]:
        ground = [change for change in world.changes if change.action in GROUND]
        judged = [(change, judge(change, world, before)) for change in ground]
        return {place: no for change, refusal in judged if refusal for place, no in _no_ground(change, refusal).items()}

    def may(change: Change, world: World) -> bool:
        stands = not _stand_on_ground([change], world.once("groundless", groundless))[1]
        mine = world.once("asked for", asked_for)
        return (change.ref, change.host) in mine and stands and judge(change, world, before) is None

    return may


def _within_budget(
    allowed: list[Change], changes: Changes, refusals: Sequence[Refusal], world: World
) -> tuple[list[Change], list[Refusal]]:
    """What the budgets leave. Where they cannot be counted, nothing that they bound is done.

    What waits for its turn is counted in the pass that gives it one.
    """
    waiting = {(refusal.ref, refusal.host) for refusal in refusals if refusal.code in TURNS}
    try:
        return over_budget(allowed, [item for item in changes.items if (str(item.ref), item.host) not in waiting], world)
    except Exception as error:  # noqa: BLE001 - a budget that cannot be counted must refuse, so nothing may pass here
        no = failed("budgets", error, "unsandbox history")
        bounded = [change for change in allowed if change.action in ENDING | RESTART or puts_to_rest(change)]
        return [change for change in allowed if change not in bounded], [refusal_of("F01", change, no) for change in bounded]


def world_of(
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    changes: tuple[Change, ...] = (),
    may: Callable[[Change, World], bool] | None = None,
) -> World:
    """What the rules look up."""
    operations: dict[tuple[str, str], tuple[Operation, ...]] = {}
    for view in observed.hosts.values():
        for item in view.operations:
            place = view.host, item.instance
            operations[place] = (*operations.get(place, ()), item)
    return World(
        desired=desired,
        observed=observed,
        ledger=ledger,
        hosts={host.name: host for host in desired.hosts},
        operations=operations,
        changes=changes,
        may=may or _may(RULES, changes),
    )


def judge(change: Change, world: World, rules: Sequence[GuardRule] = RULES) -> Refusal | None:
    """The first no, or None where every rule was asked and the action is one that may be allowed."""
    for rule in rules:
        if change.action in rule.actions:
            no = ask(rule, change, world)
            if no is not None:
                refusal = refusal_of(rule.code, change, no)
                answered = rule.acceptable and no.cause != FAILED_CAUSE
                if not (answered and digest_of(refusal) in world.ledger.accepted):
                    return refusal
    if change.action in ALLOWED:
        return None
    return refusal_of(
        NO_RULE, change, No("no rule speaks in favour of it", (("action", change.action),), f"unsandbox explain {change.ref}")
    )


def ask(rule: GuardRule, change: Change, world: World) -> No | None:
    """The rule's answer; a check that breaks is a no, whatever broke it. ``model.rules.ask``, in a hurry."""
    try:
        return rule.check(change, world)
    except Exception as error:  # noqa: BLE001 - a check that cannot answer must refuse, so nothing may pass here
        return failed(rule.title, error, f"unsandbox explain {change.ref}")


def tripped(desired: Desired, observed: Observed, ledger: Ledger) -> str:
    """Why the circuit opens by what was seen; "" where it does not."""
    return trip(world_of(desired, observed, ledger))


def refusal_of(code: str, change: Change, no: No) -> Refusal:
    """A rule's no as a refusal of ``change``."""
    subject = change.found.uuid if change.found else change.wanted.uid if change.wanted else ""
    return Refusal(code, str(change.ref), change.host, no.cause, no.evidence, no.unblock, change.action.value, subject)


def _no_ground(change: Change, refusal: Refusal) -> dict[tuple[str, str], Refusal]:
    """(host, reference) of each host that would have stood on it."""
    return dict.fromkeys(((host, refusal.ref) for host in (change.host, *change.serves)), refusal) if change.action in GROUND else {}


def _stand_on_ground(allowed: list[Change], no_ground: dict[tuple[str, str], Refusal]) -> tuple[list[Change], list[Refusal]]:
    """A create whose host may not be prepared, or whose image may not come, is refused for the same cause.

    ``no_ground``: (host, reference) of what is refused -> the refusal.
    """
    no_host = {host: refusal for (host, _), refusal in no_ground.items() if refusal.action == Action.PREPARE}
    no_image = {place: refusal for place, refusal in no_ground.items() if refusal.action == Action.IMPORT}
    if not no_host and not no_image:
        return allowed, []
    kept: list[Change] = []
    refused: list[Refusal] = []
    for change in allowed:
        root = _root(change, no_host, no_image)
        if root is None:
            kept.append(change)
        else:
            no = No(f"{root.action} of {root.ref} is refused: {root.cause}", root.evidence, root.unblock)
            refused.append(refusal_of(root.code, change, no))
    return kept, refused


def _root(change: Change, no_host: dict[str, Refusal], no_image: dict[tuple[str, str], Refusal]) -> Refusal | None:
    if change.action not in {Action.CREATE, Action.REPLACE, Action.IMPORT} or change.wanted is None:
        return no_host.get(change.host) if change.action is Action.IMPORT else None
    return no_host.get(change.host) or no_image.get((change.host, f"Image/{change.wanted.image_name}"))
