"""Desired and observed to changes: one change an object, each with its reason. What cannot be decided here is a doubt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.engine import existing, missing
from reconciler.engine.ground import ground_changes
from reconciler.model import marks
from reconciler.model.changes import Action, Change, Changes, Reason, Refusal
from reconciler.model.names import Kind, Ref, pool_of
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host, Workload
    from reconciler.model.world import Instance, Observed


@dataclass(frozen=True, slots=True)
class Sighting:
    """An instance of ours on a host."""

    host: str
    instance: Instance
    marks: marks.Marks


def diff(desired: Desired, observed: Observed, ledger: Ledger) -> Changes:
    """Compare. The time is ``observed.at``; the same values give the same changes, whatever order they came in."""
    sightings = sight(desired.policy.environment, observed)
    wanted = {workload.ref: workload for workload in desired.workloads}
    hosts = {host.name: host for host in desired.hosts}
    items: list[Change] = []
    doubts: list[Refusal] = []
    absent: list[Workload] = []
    for ref, workload in wanted.items():
        found = sightings.get(ref, [])
        if len(found) > 1:
            doubts.append(_several(ref, found))
        elif found:
            items.append(_present(workload, found[0], hosts, desired, observed))
        else:
            absent.append(workload)
    for ref, found in sightings.items():
        if ref not in wanted:
            items.extend(_undeclared(sighting, desired) for sighting in found)
    made, unplaced = missing.place(absent, desired, observed, ledger)
    items.extend(made)
    doubts.extend(unplaced)
    items.extend(ground_changes(desired, observed, items))
    items.sort(key=lambda change: (change.host, change.ref, change.instance))
    return Changes(tuple(items), tuple(sorted(doubts, key=lambda doubt: (doubt.ref, doubt.code))))


def sight(env: str, observed: Observed) -> dict[Ref, list[Sighting]]:
    """Every instance with our marks of this environment, by reference, hosts in order of name."""
    found: dict[Ref, list[Sighting]] = defaultdict(list)
    for host in sorted(observed.hosts):
        for instance in observed.hosts[host].instances:
            mark = marks.read_marks(instance.config)
            if mark is not None and mark.env == env:
                found[mark.ref].append(Sighting(host, instance, mark))
    return found


def _several(ref: Ref, found: list[Sighting]) -> Refusal:
    same = len({sighting.instance.uuid for sighting in found}) == 1
    return Refusal(
        code="O13" if same else "O14",
        ref=str(ref),
        host=found[0].host,
        cause="the same instance on two hosts" if same else "two instances carry the marks of one object",
        evidence=tuple((sighting.host, f"{sighting.instance.name} {sighting.instance.uuid}") for sighting in found),
        unblock=f"unsandbox release {ref} --host {found[-1].host}",
    )


def _present(workload: Workload, sighting: Sighting, hosts: Mapping[str, Host], desired: Desired, observed: Observed) -> Change:
    if _expired(workload, sighting.instance, observed.at):
        return _ending(sighting, workload, Action.DESTROY, Reason.EXPIRED, f"its ttl of {workload.ttl} s is over")
    host = hosts.get(sighting.host)
    if host is None:
        return _ending(sighting, workload, Action.KEEP, Reason.AS_DECLARED, "its host is not in the inventory")
    return existing.compare(workload, host, sighting.instance, desired.policy)


def _expired(workload: Workload, instance: Instance, at: datetime) -> bool:
    if workload.ref.kind is not Kind.SESSION or not workload.ttl:
        return False
    try:
        made = datetime.fromisoformat(instance.created_at)
    except ValueError:
        return False
    return made + timedelta(seconds=workload.ttl) <= at


def _undeclared(sighting: Sighting, desired: Desired) -> Change:
    ref, claimed = sighting.marks.ref, marks.CLAIM in sighting.instance.config
    if ref.kind is Kind.CELL and claimed:
        return _ending(sighting, None, Action.KEEP, Reason.AS_DECLARED, "claimed: never surplus")
    pools = {pool.ref.name for pool in desired.pools}
    reason = Reason.SURPLUS if ref.kind is Kind.CELL and pool_of(ref) in pools else Reason.NOT_DECLARED
    return _ending(sighting, None, Action.DESTROY, reason, "")


def _ending(sighting: Sighting, workload: Workload | None, action: Action, reason: Reason, note: str) -> Change:
    instance = sighting.instance
    return Change(action, sighting.marks.ref, sighting.host, instance.name, reason, wanted=workload, found=instance, note=note)


def is_certain(observed: Observed, host: str) -> bool:
    """Whether absence on ``host`` means absence."""
    return host in observed.hosts and observed.hosts[host].grade is Grade.COMPLETE
