"""Desired and observed to changes: one change an object, each with its reason. What cannot be decided here is a doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reconciler.engine import existing, missing
from reconciler.engine.ground import ground_changes
from reconciler.model import marks
from reconciler.model.changes import Action, Change, Changes, Reason, Refusal
from reconciler.model.names import Kind, Ref, instance_name, pool_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host, Workload
    from reconciler.model.world import Instance, Observed


Who = tuple[Kind, str]
BEFORE_LXD = datetime(2015, 1, 1, tzinfo=UTC)


class Sighting(NamedTuple):
    """An instance of ours on a host, by kind and name."""

    host: str
    instance: Instance
    who: Who

    @property
    def ref(self) -> Ref:
        """The reference it stands for."""
        return Ref(*self.who)

    @property
    def uid(self) -> str:
        """The uid it carries, or ""."""
        return self.instance.config.get(marks.UID, "")


def diff(desired: Desired, observed: Observed, ledger: Ledger) -> Changes:
    """Compare. The time is ``observed.at``; the same values give the same changes, whatever order they came in."""
    sightings = sight(desired.policy.environment, observed)
    wanted = {(workload.ref.kind, workload.ref.name): workload for workload in desired.workloads}
    hosts = {host.name: host for host in desired.hosts}
    items: list[Change] = []
    doubts: list[Refusal] = []
    absent: list[Workload] = []
    for who, workload in wanted.items():
        found = sightings.get(who)
        if found is None:
            absent.append(workload)
            continue
        doubt = _identity(workload, found, hosts)
        if doubt:
            doubts.append(doubt)
        else:
            items.append(_present(workload, found[0], hosts, desired, observed))
    for who in sightings.keys() - wanted.keys():
        found = sightings[who]
        if len(found) == 1:
            items.append(_undeclared(found[0], desired))
        else:
            doubts.append(_several(found, hosts))
    made, unplaced = missing.place(absent, desired, observed, ledger)
    items.extend(made)
    doubts.extend(unplaced)
    items.extend(ground_changes(desired, observed, items))
    items.sort(key=lambda change: (change.host, change.ref.kind, change.ref.name, change.instance))
    return Changes(tuple(items), tuple(sorted(doubts, key=lambda doubt: (doubt.ref, doubt.code))))


def sight(env: str, observed: Observed) -> dict[Who, list[Sighting]]:
    """Every instance with our marks of this environment, by kind and name, hosts in order of name."""
    found: dict[Who, list[Sighting]] = {}
    for host in sorted(observed.hosts):
        for instance in observed.hosts[host].instances:
            who = marks.stands_for(instance.config, env)
            if who is not None:
                found.setdefault(who, []).append(Sighting(host, instance, who))
    return found


def _identity(workload: Workload, found: list[Sighting], hosts: Mapping[str, Host]) -> Refusal | None:
    """Why it is not certain that what was seen is what is declared; None where it is."""
    if len(found) > 1:
        return _several(found, hosts)
    sighting = found[0]
    if sighting.uid == workload.uid:
        return None
    # Writing the other uid over it would hand one object's container to another.
    keep = f"edit {workload.source} (metadata.uid: {sighting.uid}), or " if sighting.uid else ""
    return Refusal(
        code="I02",
        ref=str(workload.ref),
        host=sighting.host,
        cause="what carries its name carries another uid: it is another object",
        evidence=(("found", f"{sighting.instance.name} uid {sighting.uid or 'absent'}"), ("declared", f"uid {workload.uid}")),
        unblock=f"{keep}unsandbox release {workload.ref} --host {sighting.host}",
    )


def _several(found: list[Sighting], hosts: Mapping[str, Host]) -> Refusal:
    ref = found[0].ref
    same = len({sighting.instance.uuid for sighting in found}) == 1
    return Refusal(
        code="O13" if same else "O14",
        ref=str(ref),
        host=found[0].host,
        cause="the same instance on two hosts" if same else "two instances carry the marks of one object",
        evidence=tuple((sighting.host, f"{sighting.instance.name} {sighting.instance.uuid}") for sighting in found),
        unblock=_give_up(found, hosts),
    )


def _give_up(found: list[Sighting], hosts: Mapping[str, Host]) -> str:
    ref = found[0].ref
    if len({sighting.host for sighting in found}) == len(found):
        return f"unsandbox release {ref} --host {found[-1].host}"
    # A copy made on the same host took the marks along; a host name does not tell the two apart.
    copy = next((sighting for sighting in found if sighting.instance.name != instance_name(ref)), found[-1])
    project = f" --project {hosts[copy.host].project}" if copy.host in hosts else ""
    return f"lxc config unset {copy.instance.name} {marks.NAME}{project}"


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
    # LXD writes the year 1 where it does not know: an age that is not known has not run out.
    if made.tzinfo is None or made < BEFORE_LXD:
        return False
    return at - made >= timedelta(seconds=workload.ttl)


def _undeclared(sighting: Sighting, desired: Desired) -> Change:
    ref, claimed = sighting.ref, marks.CLAIM in sighting.instance.config
    if ref.kind is Kind.CELL and claimed:
        return _ending(sighting, None, Action.KEEP, Reason.AS_DECLARED, "claimed: never surplus")
    pools = {pool.ref.name for pool in desired.pools}
    reason = Reason.SURPLUS if ref.kind is Kind.CELL and pool_of(ref) in pools else Reason.NOT_DECLARED
    return _ending(sighting, None, Action.DESTROY, reason, "")


def _ending(sighting: Sighting, workload: Workload | None, action: Action, reason: Reason, note: str) -> Change:
    instance = sighting.instance
    return Change(action, sighting.ref, sighting.host, instance.name, reason, wanted=workload, found=instance, note=note)
