"""Objects that are declared and were seen nowhere: placed, or refused where they could live out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.fields import as_bytes
from reconciler.model import marks
from reconciler.model.changes import Action, Change, Reason, Refusal
from reconciler.model.names import Kind, instance_name, pool_of
from reconciler.model.rules import failed
from reconciler.model.world import Grade
from reconciler.policy.placement import best, candidates, rooms, take

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host, Workload
    from reconciler.model.world import Observed
    from reconciler.policy.placement import Room


def place(absent: Iterable[Workload], desired: Desired, observed: Observed, ledger: Ledger) -> tuple[list[Change], list[Refusal]]:
    """A create for each that has a place, a doubt for each that has none. In order of reference, so that places are always the same."""
    waiting = sorted(absent, key=lambda workload: workload.ref)
    state = _rooms(desired, observed) if waiting else {}
    changes: list[Change] = []
    doubts: list[Refusal] = []
    by_placement: dict[object, tuple[Host, ...]] = {}
    hosts = sorted(desired.hosts, key=lambda host: host.name)
    for workload in waiting:
        if workload.ref.kind is Kind.SESSION and workload.uid in ledger.ended:
            changes.append(_ended(workload))
            continue
        if workload.placement not in by_placement:
            by_placement[workload.placement] = candidates(workload.placement, hosts)
        possible = by_placement[workload.placement]
        doubt = _out_of_sight(workload, possible, observed)
        if doubt is None:
            group = pool_of(workload.ref) if workload.ref.kind is Kind.CELL else "service"
            try:
                room = best(workload, [state[host.name] for host in possible if host.name in state], group)
                if room is not None:
                    take(room, workload, group)
                    changes.append(_create(workload, room.host))
                    continue
                doubt = _no_room(workload, possible, state)
            except Exception as error:  # noqa: BLE001 - where room cannot be counted there is none
                doubt = _uncounted(workload, error)
        doubts.append(doubt)
    return changes, doubts


def _rooms(desired: Desired, observed: Observed) -> dict[str, Room]:
    memory: dict[str, int] = {}
    declared = {workload.ref: workload.resources.memory for workload in desired.workloads}
    kin: dict[tuple[str, str], int] = {}
    for view in observed.hosts.values():
        for instance in view.instances:
            mark = marks.read_marks(instance.config)
            ours = mark is not None and mark.env == desired.policy.environment
            # Whatever runs takes room, whoever it belongs to; what is declared counts where it is going to be more.
            wanted = declared.get(mark.ref, 0) if mark is not None and ours else 0
            memory[view.host] = memory.get(view.host, 0) + max(wanted, as_bytes(instance.config.get("limits.memory", "")) or 0)
            if mark is None or not ours:
                continue
            group = pool_of(mark.ref) if mark.ref.kind is Kind.CELL else "service"
            kin[view.host, group] = kin.get((view.host, group), 0) + 1
    state = rooms(desired.hosts, observed.hosts, memory)
    for (host, group), count in kin.items():
        if host in state:
            state[host].kin[group] = count
    return state


def _create(workload: Workload, host: Host) -> Change:
    return Change(Action.CREATE, workload.ref, host.name, instance_name(workload.ref), Reason.ABSENT, wanted=workload)


def _ended(workload: Workload) -> Change:
    note = "ended; to have it again give it another name or metadata.uid"
    return Change(Action.KEEP, workload.ref, "", instance_name(workload.ref), Reason.ENDED, wanted=workload, note=note)


def _out_of_sight(workload: Workload, possible: tuple[Host, ...], observed: Observed) -> Refusal | None:
    blind = [host.name for host in possible if host.name not in observed.hosts or observed.hosts[host.name].grade is not Grade.COMPLETE]
    if not blind:
        return None
    views = [observed.hosts.get(name) for name in blind]
    first = views[0]
    return Refusal(
        code=first.code if first and first.grade is Grade.UNSEEN else "O01",
        ref=str(workload.ref),
        host=blind[0],
        cause=f"it could already live on {', '.join(blind)}, which cannot be seen in full",
        evidence=tuple((name, "; ".join(view.why) if view else "not looked at") for name, view in zip(blind, views, strict=True)),
        unblock="unsandbox hosts",
        action=Action.CREATE.value,
    )


def _no_room(workload: Workload, possible: tuple[Host, ...], state: dict[str, Room]) -> Refusal:
    pinned = workload.placement.host is not None and len(possible) == 1
    closed = [host for host in possible if host.state.value != "active"]
    if possible and len(closed) == len(possible):
        return Refusal(
            code="D12",
            ref=str(workload.ref),
            host=possible[0].name,
            cause=f"{'its host is' if pinned else 'every host it may live on is'} {closed[0].state.value}",
            evidence=tuple((host.name, host.state.value) for host in closed),
            unblock=f"edit {possible[0].source} (state: active) or {workload.source} (placement)",
            action=Action.CREATE.value,
        )
    return Refusal(
        code="S09",
        ref=str(workload.ref),
        host=possible[0].name if possible else "",
        cause="no host that it may live on has room" if possible else "no host of the inventory fits its placement",
        evidence=tuple(_arithmetic(workload, state[host.name]) for host in possible if host.name in state)
        or (("placement", str(workload.placement)),),
        unblock=f"edit {workload.source} (placement, resources) or a host's capacity",
        action=Action.CREATE.value,
    )


def _uncounted(workload: Workload, error: Exception) -> Refusal:
    no = failed("room on the hosts", error, "unsandbox hosts")
    return Refusal("S09", str(workload.ref), "", no.cause, no.evidence, no.unblock, Action.CREATE.value)


def _arithmetic(workload: Workload, room: Room) -> tuple[str, str]:
    instances, memory = room.host.capacity.instances, room.host.capacity.memory
    of_instances = f"instances {room.instances} + 1 of {'unstated' if instances is None else instances}"
    of_memory = f"memory {room.memory} + {workload.resources.memory} of {'unstated' if memory is None else memory} bytes"
    return room.host.name, f"{room.host.state.value}, {of_instances}, {of_memory}"
