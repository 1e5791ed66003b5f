"""May this be done to it now? Checks of codes S, and F03, F04, F07."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import moves, row_of
from reconciler.engine.power import never_started
from reconciler.engine.refuse.restart import begins_again
from reconciler.engine.spec import PROTECTED
from reconciler.model.changes import DESTRUCTIVE, Action, Reason, puts_to_rest
from reconciler.model.names import Kind
from reconciler.model.resources import HostState, Power
from reconciler.model.rules import No
from reconciler.model.world import Status
from reconciler.policy.placement import candidates

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.resources import Host

POWER_CALLS = ("SetPower:start", "SetPower:unfreeze", "SetPower:freeze", "SetPower:stop")


def frozen_by_whom(change: Change, world: World) -> No | None:
    """S01: it should run, it is frozen, and it is not known that we froze it."""
    row = row_of(change)
    if change.wanted is None or change.wanted.power is not Power.RUNNING or row.status is not Status.FROZEN or not moves(change):
        return None
    record = world.ledger.powers.get(row.uuid)
    if record is not None and record.power == "frozen" and record.writer == "git":
        return None
    known = f"{record.power} by {record.writer}" if record else "no record"
    return No(
        "it should run and somebody froze it: it is not known who",
        (("declared", "running"), ("found", "frozen"), ("last set by us", known)),
        world.lxc(change, "start"),
    )


def frozen_needs_start(change: Change, world: World) -> No | None:
    """S02: it should be frozen and is stopped: freezing it means starting it first."""
    row = row_of(change)
    if change.wanted is None or change.wanted.power is not Power.FROZEN or row.status is not Status.STOPPED or not moves(change):
        return None
    if never_started(row):
        return None
    return No(
        "it should be frozen and is stopped; to freeze it means to start it, and what it does at its start would be done",
        (("declared", "frozen"), ("found", "stopped")),
        world.lxc(change, "start"),
    )


def keeps_failing(change: Change, world: World) -> No | None:
    """S03: it failed again and again."""
    ref, limit, failed = str(change.ref), world.desired.policy.limits.failures, 0
    for deed in world.deeds_of.get(ref, ()):
        if deed.host == change.host:
            failed = 0 if deed.done else failed + 1
    if failed < limit:
        return None
    evidence = (("failed in a row, within an hour", str(failed)), ("limit", str(limit)))
    unblock = f"unsandbox history {change.ref}, then wait or unsandbox accept S03 {change.ref}"
    return No("it failed again and again", evidence, unblock)


def frozen_ends(change: Change, world: World) -> No | None:
    """S04: what it holds in its frozen memory would be lost, and we did not freeze it."""
    row = row_of(change)
    record = world.ledger.powers.get(row.uuid)
    ours = record is not None and record.power == "frozen" and record.writer == "git"
    ends = change.action in DESTRUCTIVE or puts_to_rest(change) is Power.HIBERNATED
    if row.status is not Status.FROZEN or ours or not ends or change.reason in {Reason.EXPIRED, Reason.SURPLUS, Reason.SPENT}:
        return None
    evidence = (("status", "frozen"), ("frozen by us", "no"), ("action", change.action))
    return No("it is frozen, and what its memory holds would be lost", evidence, f"unsandbox accept S04 {change.ref}")


def ephemeral(change: Change, world: World) -> No | None:
    """S05: stopping an ephemeral instance deletes it."""
    stops = change.action in {Action.REPLACE, Action.RESTART} or puts_to_rest(change) is Power.HIBERNATED
    if not row_of(change).ephemeral or not stops:
        return None
    return No("it is ephemeral: stopping it deletes it", (("ephemeral", "true"), ("action", change.action)), world.lxc(change, "info"))


def in_use(change: Change, world: World) -> No | None:
    """S06: somebody is connected to it: a command, a console, a migration."""
    health = world.observed.health.get(row_of(change).uuid)
    probes = health.asked if health else ()
    for operation in world.operations.get((change.host, change.instance), ()):
        if operation.kind in {"command", "websocket"} and operation.id not in probes:
            evidence = (("operation", f"{operation.id} {operation.description}"), ("action", change.action))
            return No("somebody is connected to it", evidence, f"lxc operation delete {operation.id}, or wait for its end")
    return None


def snapshots_lost(change: Change, world: World) -> No | None:
    """S07: snapshots or volumes of it are in no manifest and would be lost or left behind."""
    project, row = world.view(change).project, row_of(change)
    if project is None or project.snapshots is None:
        raise ValueError(f"nobody told of the snapshots of {row.name}")
    if row.name not in project.snapshots:
        # Its creation or its deletion was cut off, by our own journal: before the disk was there, or after it was gone.
        ours = change.reason is Reason.UNFINISHED or row.uuid in world.ledger.ending
        return None if ours else _without_disk(change)
    kept = project.snapshots[row.name]
    volumes = [name for name, device in row.devices.items() if device.get("type") == "disk" and name != "root" and device.get("pool")]
    if not kept and not volumes:
        return None
    evidence = (("snapshots", ", ".join(kept) or "none"), ("volumes", ", ".join(volumes) or "none"), ("action", change.action))
    return No("it has snapshots or volumes that no manifest names", evidence, f"unsandbox accept S07 {change.ref}")


def _without_disk(change: Change) -> No:
    evidence = (("instance", change.instance), ("disk", "none that LXD lists"), ("action", change.action))
    return No("LXD lists no disk of it, so what would be lost cannot be told", evidence, f"unsandbox accept S07 {change.ref}")


def protected_by_other(change: Change, _world: World) -> No | None:
    """S10: somebody else protected it: we never protect a cell."""
    if change.ref.kind is not Kind.CELL or row_of(change).config.get(PROTECTED) != "true":
        return None
    if change.action is Action.UPDATE and not any(diff.path == f"config.{PROTECTED}" for diff in change.fields):
        return None
    evidence = ((PROTECTED, "true"), ("ours", "false"))
    return No("somebody else protected it", evidence, f"unsandbox accept S10 {change.ref}, or unsandbox release {change.ref}")


def health_unknown(change: Change, world: World) -> No | None:
    """S08: it is down by itself, so nobody can look whether it is well: that is no reason to make it anew."""
    row, wanted = row_of(change), change.wanted
    record = world.ledger.powers.get(row.uuid)
    rested = record is not None and record.power == "hibernated"
    down = row.status is Status.STOPPED and wanted is not None and wanted.power is Power.RUNNING and not rested
    if not down or change.ref.kind is Kind.CELL or change.reason is Reason.UNFINISHED:
        return None
    evidence = (("declared", "running"), ("found", row.status_text), ("stopped by us", "no"))
    unblock = f"{world.lxc(change, 'start')}, look, then plan again; or unsandbox accept S08 {change.ref}"
    return No("it is down, and whether it is well cannot be told", evidence, unblock)


def flapping(change: Change, world: World) -> No | None:
    """F03: it was made again and again."""
    ref, limit = str(change.ref), world.desired.policy.limits.flaps
    made = sum(deed.done and deed.call == "CreateInstance" for deed in world.deeds_of.get(ref, ()))
    if made < limit or change.ref.kind is Kind.CELL:
        return None
    evidence = (("made within an hour", str(made)), ("limit", str(limit)))
    return No("it was made again and again: something takes it away", evidence, f"unsandbox history {change.ref}")


def fought_over(change: Change, world: World) -> No | None:
    """F07: we keep writing the same field, and somebody keeps writing it back."""
    row, wanted = row_of(change), change.wanted
    known = world.ledger.known.get(row.uuid)
    if wanted is None or known is None or known.document != wanted.document:
        return None
    limit = world.desired.policy.limits.flaps
    written: dict[str, int] = {}
    for deed in world.deeds_of.get(str(change.ref), ()):
        if deed.uuid == row.uuid and deed.done:
            for path in ("power",) if deed.call in POWER_CALLS else deed.paths:
                written[path] = written.get(path, 0) + 1
    if begins_again(change, world):
        # What stops by itself has a cap and a back-off of its own.
        written.pop("power", None)
    fought = [(diff.path, written[diff.path]) for diff in change.fields if written.get(diff.path, 0) >= limit]
    if not fought:
        return None
    evidence = tuple((path, f"written {count} times within an hour, limit {limit}; found {_old(change, path)}") for path, count in fought)
    unblock = f"find who writes it: lxc monitor --type lifecycle; or unsandbox accept F07 {change.ref}"
    return No("somebody keeps changing it back", evidence, unblock)


def _old(change: Change, path: str) -> str:
    return next((diff.old or "absent" for diff in change.fields if diff.path == path), "absent")


def capacity_unknown(change: Change, world: World) -> No | None:
    """F04: several hosts may take it, and it is not stated what they can hold."""
    if change.wanted is None:
        return None
    places = [host for host in candidates(change.wanted.placement, world.desired.hosts) if host.state is HostState.ACTIVE]
    unknown = [host for host in places if _unknown(host)]
    if len(places) < 2 or not unknown:  # noqa: PLR2004 - one host is no choice
        return None
    evidence = (("may live on", ", ".join(host.name for host in places)), ("capacity not stated", ", ".join(host.name for host in unknown)))
    unblock = f"edit {unknown[0].source} (capacity: memory or instances), or {change.wanted.source} (placement.host)"
    return No("several hosts may take it, and it is not stated what they can hold", evidence, unblock, "capacity")


def _unknown(host: Host) -> bool:
    return host.capacity.memory is None and host.capacity.instances is None
