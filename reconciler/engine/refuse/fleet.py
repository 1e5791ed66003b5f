"""What only the whole fleet shows: F02, D06, D18."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.engine.asked import row_of
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.health import Verdict
from reconciler.model.names import Kind, pool_of
from reconciler.model.resources import Power, PowerOwner
from reconciler.model.rules import No
from reconciler.model.world import Grade, Status

if TYPE_CHECKING:
    from reconciler.engine.asked import World

FEW_HOSTS = 2
DOWN = frozenset({Status.STOPPED, Status.ERROR})


def circuit_open(change: Change, world: World) -> No | None:
    """F02: too much is out of sight or down at once, or was and nobody closed the circuit."""
    why = world.ledger.circuit or world.once("trip", trip)
    if change.action is Action.RESTART:
        why = why or world.once("ailing", _ailing)
    if not why:
        return None
    limits = world.desired.policy.limits
    creates = world.once("creates", _creates)
    if change.action is Action.CREATE and creates <= limits.creates:
        return None
    evidence = (("opened because", why), ("creates", f"{creates}, allowed while it is open: {limits.creates}"))
    unblock = f"find the cause (unsandbox hosts, unsandbox status), then unsandbox accept F02 {change.ref}"
    return No("the circuit is open: nothing is ended or made in bulk until a person closes it", evidence, unblock, "circuit")


def trip(world: World) -> str:
    """Why the circuit opens; "" where it does not."""
    limits, views = world.desired.policy.limits, world.observed.hosts
    blind = sorted(view.host for view in views.values() if view.grade is Grade.UNSEEN)
    if len(blind) >= FEW_HOSTS and len(blind) >= limits.unseen_share * len(views):
        return f"{len(blind)} of {len(views)} hosts are out of sight ({limits.unseen_share:.0%} allowed): {', '.join(blind[:10])}"
    meant = _meant_to_run(world)
    down = sum(meant.values())
    if down and len(meant) >= limits.small_fleet and down >= limits.unhealthy_share * len(meant):
        return f"{down} of {len(meant)} objects that should run are down ({limits.unhealthy_share:.0%} allowed)"
    return ""


def _ailing(world: World) -> str:
    """Why restarts wait; "" where they do not. What many suffer from at once no restart cures, and it may pass by itself."""
    limits, health, meant = world.desired.policy.limits, world.observed.health, _meant_to_run(world)
    ill = sum(down or (uuid in health and health[uuid].verdict is Verdict.UNHEALTHY) for uuid, down in meant.items())
    if len(meant) < limits.small_fleet or ill < limits.unhealthy_share * len(meant):
        return ""
    return f"{ill} of {len(meant)} objects that should run are down or unhealthy ({limits.unhealthy_share:.0%} allowed)"


def _creates(world: World) -> int:
    return sum(other.action is Action.CREATE for other in world.changes)


def _meant_to_run(world: World) -> dict[str, bool]:
    """Uuid of each object that is declared to run and that we did not put to rest -> whether it is down.

    A row that cannot be read is not among them: its health is unknown, which is not the same as bad.
    """
    found = {}
    declared = {workload.uid: workload for workload in world.desired.workloads}
    for known in world.ledger.known.values():
        view, wanted = world.observed.hosts.get(known.host), declared.get(known.uid)
        record = world.ledger.powers.get(known.uuid)
        if view is None or wanted is None or wanted.power is not Power.RUNNING or wanted.power_owner is not PowerOwner.DECLARED:
            continue
        row = world.rows.get((known.host, known.instance))
        if row is not None and row.uuid == known.uuid and (record is None or record.power == "running"):
            found[known.uuid] = row.status in DOWN
    return found


def pool_shrinks(change: Change, world: World) -> No | None:
    """D06: more surplus cells of one pool than a pass may destroy."""
    if change.reason is not Reason.SURPLUS or change.ref.kind is not Kind.CELL:
        return None
    pool, limit = pool_of(change.ref), world.desired.policy.limits.shrink
    surplus = world.once("surplus", _surplus)[pool]
    if surplus <= limit:
        return None
    declared = next((str(item.minimum) for item in world.desired.pools if item.ref.name == pool), "none")
    evidence = (("surplus", str(surplus)), ("limit", str(limit)), ("declared size", declared))
    unblock = f"shrink Pool/{pool} in steps, edit the Policy (limits.shrink), or unsandbox accept D06 {change.ref}"
    return No("the pool would shrink by more than one pass may take", evidence, unblock, f"Pool/{pool}")


def _surplus(world: World) -> Counter[str]:
    return Counter(pool_of(other.ref) for other in world.changes if other.reason is Reason.SURPLUS)


def default_moved(change: Change, world: World) -> No | None:
    """D18: much of the fleet would change though the manifests of those objects did not: a default, a tier, a policy or the tool moved."""
    if not _unedited(change, world):
        return None
    moved = world.once("unedited", _moved)
    limits = world.desired.policy.limits
    if world.fleet < limits.small_fleet or len(moved) <= limits.update_share * world.fleet:
        return None
    applied = world.ledger.applied
    evidence = (
        ("would change", f"{len(moved)} of {world.fleet} ({limits.update_share:.0%} allowed)"),
        ("fields", ", ".join(sorted({diff.path for other in moved for diff in other.fields})[:5])),
        ("applied last by", applied.tool if applied else "unknown"),
        ("manifests", "the same files" if applied and applied.inputs == world.desired.commit.digest else "other files changed"),
    )
    unblock = f"look at unsandbox plan, then unsandbox accept D18 {change.ref}"
    return No("much of the fleet would change though its own manifests did not", evidence, unblock, "fleet-wide change")


def _moved(world: World) -> tuple[Change, ...]:
    return tuple(other for other in world.changes if _unedited(other, world))


def _unedited(change: Change, world: World) -> bool:
    if change.found is None or change.wanted is None or change.action is Action.KEEP or not change.fields:
        return False
    known = world.ledger.known.get(row_of(change).uuid)
    return known is not None and bool(known.document) and known.document == change.wanted.document
