"""Why one object is as it is: what is declared, what was seen, what differs, what each rule said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.diff import diff, sight
from reconciler.engine.drift import drifts
from reconciler.engine.guard import ask, clear, world_of
from reconciler.engine.rules import RULES
from reconciler.model.changes import Action, Changes

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change, Refusal
    from reconciler.model.drift import Drift
    from reconciler.model.names import Ref
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Source
    from reconciler.model.world import Observed


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """One rule and what it said: ``allows``, ``refuses``, or ``not asked`` where it is not about this action."""

    code: str
    title: str
    verdict: str
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known about one reference. ``declared`` and ``seen`` are sentences; ``change`` None means: nothing of that name."""

    ref: Ref
    declared: str
    seen: tuple[str, ...]
    hosts: tuple[tuple[str, str], ...]
    """Host -> its grade, with why where it is not complete."""
    change: Change | None
    rules: tuple[RuleVerdict, ...]
    refusals: tuple[Refusal, ...]
    drift: tuple[Drift, ...] = ()
    """Which of the differences nobody declared."""
    health: str = ""
    """What probes found and why; "" where nobody asks."""


def explain(ref: Ref, desired: Desired, observed: Observed, ledger: Ledger) -> Explanation:
    """Walk the diff and every rule for ``ref``. A rule's refusal by budget is shown with the others."""
    changes = diff(desired, observed, ledger)
    world = world_of(desired, observed, ledger, changes.items)
    mine = [change for change in changes.items if change.ref == ref]
    cleared = clear(Changes(changes.items, changes.doubts), desired, observed, ledger)
    change = mine[0] if mine else None
    return Explanation(
        ref=ref,
        declared=_declared(ref, desired),
        seen=_seen(ref, desired, observed),
        hosts=tuple(
            (name, view.grade.value + (f": {'; '.join(view.why)}" if view.why else "")) for name, view in sorted(observed.hosts.items())
        ),
        change=change,
        rules=_verdicts(change, world) if change else (),
        refusals=tuple(refusal for refusal in cleared.refusals if refusal.ref == str(ref)),
        drift=drifts(Changes(tuple(mine)), desired, ledger),
    )


def _declared(ref: Ref, desired: Desired) -> str:
    places: dict[Ref, Source] = {workload.ref: workload.source for workload in desired.workloads}
    places |= {pool.ref: pool.source for pool in desired.pools}
    places |= {host.ref: host.source for host in desired.hosts}
    places |= {image.ref: image.source for image in desired.images}
    places |= {tier.ref: tier.source for tier in desired.tiers}
    places |= {key.ref: key.source for key in desired.keys}
    return f"declared at {places[ref]}" if ref in places else "not declared by any manifest"


def _seen(ref: Ref, desired: Desired, observed: Observed) -> tuple[str, ...]:
    return tuple(
        f"{item.host}: {item.instance.name}, {item.instance.status_text}, uuid {item.instance.uuid}, made {item.instance.created_at}"
        for item in sight(ref, desired.policy.environment, observed)
    )


def _verdicts(change: Change, world: World) -> tuple[RuleVerdict, ...]:
    rows = []
    for rule in RULES:
        if change.action is Action.KEEP or change.action not in rule.actions:
            rows.append(RuleVerdict(rule.code, rule.title, "not asked", f"not about {change.action}"))
            continue
        no = ask(rule, change, world)
        rows.append(RuleVerdict(rule.code, rule.title, "refuses" if no else "allows", no.cause if no else ""))
    return tuple(rows)
