"""Cleared changes to a plan: an order, and one LXD call a step. The same values give the same plan, to the byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.engine.calls import calls_for
from reconciler.engine.fingerprint import semantic_fingerprint
from reconciler.model import marks
from reconciler.model.changes import Action, Change
from reconciler.model.plan import Plan, PlannedAction
from reconciler.model.world import Grade
from reconciler.policy.isolation import KEY, SIZE, free_ranges, ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.engine.select import Scope
    from reconciler.model.changes import Cleared
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import Observed

ORDER = {action: number for number, action in enumerate(Action)}
"""Preparing and importing first, then what makes and wakes, then what puts to rest, destroys last: the order of ``Action``."""


def make_plan(cleared: Cleared, desired: Desired, observed: Observed, tool: str, scope: Scope) -> Plan:
    """The plan for what was cleared. Its id is a digest of everything in it but the time."""
    hosts = {host.name: host for host in desired.hosts}
    changes = sorted(
        (change for change in cleared.changes if change.action is not Action.KEEP),
        key=lambda change: (ORDER[change.action], change.ref, change.host, change.instance),
    )
    before = {index: _after(change, changes) for index, change in enumerate(changes)}
    isolated = _isolated(changes, hosts, observed)
    pins = [semantic_fingerprint(change.found) if change.found else "" for change in changes]
    # The creating call carries the id as its intent mark, so the id covers the changes and not the calls.
    plan_id = _identify(list(zip(changes, pins, strict=True)), cleared, desired, observed, tool, scope)
    actions = tuple(
        PlannedAction(
            index=index,
            action=change.action.value,
            kind=change.ref.kind.value,
            name=change.ref.name,
            host=change.host,
            instance=change.instance,
            reason=change.reason.value,
            fields=change.fields,
            calls=calls_for(change, hosts[change.host], desired, observed, plan_id, isolated=index in isolated),
            after=before[index],
            fingerprint=pins[index],
            uuid=change.found.uuid if change.found else "",
            uid=_uid(change),
            note=change.note,
            owner=_owner(change),
        )
        for index, change in enumerate(changes)
    )
    return Plan(
        id=plan_id,
        env=desired.policy.environment,
        commit=desired.commit,
        made_at=observed.at.isoformat(timespec="seconds"),
        tool=tool,
        hosts=_identities(observed),
        actions=actions,
        refusals=cleared.refusals,
        kept=sum(change.action is Action.KEEP for change in cleared.changes),
        unseen=tuple((name, "; ".join(view.why)) for name, view in sorted(observed.hosts.items()) if view.grade is not Grade.COMPLETE),
        scope=scope.words(),
    )


def _isolated(changes: list[Change], hosts: Mapping[str, Host], observed: Observed) -> frozenset[int]:
    """Indexes of what is made with an id range of its own, while there are some. One that is replaced gives its own back."""
    making = [(index, change) for index, change in enumerate(changes) if change.action in {Action.CREATE, Action.REPLACE}]
    free = {host: free_ranges(hosts[host], observed.hosts[host]) for host in {change.host for _, change in making}}
    given = set()
    for index, change in making:
        found = change.found.config if change.found is not None else {}
        back = ranges(nesting=SIZE in found) if found.get(KEY) == "true" else 0
        more = ranges(nesting=change.wanted is not None and change.wanted.nesting) - back
        if more <= max(free[change.host], 0):
            given.add(index)
            free[change.host] -= more
    return frozenset(given)


def _identities(observed: Observed) -> tuple[tuple[str, str], ...]:
    return tuple((name, view.identity.fingerprint) for name, view in sorted(observed.hosts.items()) if view.identity)


def _uid(change: Change) -> str:
    return change.wanted.uid if change.wanted else ""


def _owner(change: Change) -> str:
    if change.found is not None:
        return change.found.config.get(marks.OWNER, "")
    return change.wanted.owner if change.wanted else ""


def _identify(pinned: list[tuple[Change, str]], cleared: Cleared, desired: Desired, observed: Observed, tool: str, scope: Scope) -> str:
    told = [
        [
            change.action.value,
            str(change.ref),
            change.host,
            change.instance,
            change.reason.value,
            [[diff.path, diff.old, diff.new] for diff in change.fields],
            pin,
            change.note,
        ]
        for change, pin in pinned
    ]
    refused = [[refusal.code, refusal.ref, refusal.host, refusal.action, refusal.cause] for refusal in cleared.refusals]
    whole = [told, refused, asdict(desired.commit), desired.policy.environment, _identities(observed), tool, scope.words()]
    return hashlib.sha256(json.dumps(whole, separators=(",", ":")).encode()).hexdigest()[:32]


def _after(change: Change, changes: list[Change]) -> tuple[int, ...]:
    """What must be done before: the host prepared, and its images there, before anything is made on it."""
    if change.action is Action.PREPARE:
        return ()
    ground = [
        (index, other)
        for index, other in enumerate(changes[: _ground_count(changes)])
        if other.is_ground_of(change.host) and (other.action is Action.PREPARE or change.action in {Action.CREATE, Action.REPLACE})
    ]
    if change.action is Action.IMPORT:
        return tuple(index for index, other in ground if other.action is Action.PREPARE)
    return tuple(index for index, other in ground if other.action is Action.PREPARE or _needs(change, other))


def _needs(change: Change, ground: Change) -> bool:
    return change.wanted is not None and ground.image is not None and ground.image.fingerprint == change.wanted.image


def _ground_count(changes: list[Change]) -> int:
    for index, change in enumerate(changes):
        if change.action not in {Action.PREPARE, Action.IMPORT}:
            return index
    return len(changes)
