"""An object that is declared and there: kept, updated, moved in power, or made anew."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.engine.cells import Standing
from reconciler.engine.fields import UPLINK, config_diffs, device_diffs, image_diff, immutable
from reconciler.engine.foundation import network_name
from reconciler.engine.power import POWER_OF, power_move
from reconciler.engine.spec import stated_config, stated_devices
from reconciler.model import marks
from reconciler.model.changes import Action, Change, FieldDiff, Reason
from reconciler.model.health import Verdict
from reconciler.model.resources import NetworkMode, Power, PowerOwner
from reconciler.model.world import Status
from reconciler.policy.placement import allows

if TYPE_CHECKING:
    from reconciler.model.health import Health
    from reconciler.model.resources import Host, Policy, Workload
    from reconciler.model.world import Instance


def compare(workload: Workload, host: Host, found: Instance, policy: Policy, health: Health | None = None) -> Change:
    """The one change that brings ``found`` to what ``workload`` says. Fields come before its health: they may be what it lacks."""
    diffs = field_diffs(workload, host, found, policy)
    move = power_move(workload, found) or _wakes(workload, found)
    script = _bootstrap_diff(workload, found, move)
    if not diffs and not script and move is None:
        if health is not None and ails(workload, found, health):
            return Change(Action.RESTART, workload.ref, host.name, found.name, Reason.UNHEALTHY, (), workload, found, note=health.why)
        ours = workload.power_owner is PowerOwner.DECLARED
        reason = Reason.AS_DECLARED if ours else Reason.POWER_NOT_OURS
        return Change(Action.KEEP, workload.ref, host.name, found.name, reason, (), workload, found, note=_stays(workload, host))
    change = partial(Change, ref=workload.ref, host=host.name, instance=found.name, wanted=workload, found=found)
    fixed = tuple(diff for diff in diffs if immutable(diff))
    if fixed:
        return change(Action.REPLACE, reason=Reason.IMMUTABLE_DIFFERS, fields=diffs)
    if diffs or script or move is None:
        moved = (FieldDiff("power", POWER_OF.get(found.status, found.status_text), workload.power.value),) if move else ()
        reason = Reason.FIELDS_DIFFER if diffs else Reason.BOOTSTRAP_DIFFERS
        return change(Action.UPDATE, reason=reason, fields=(*diffs, *script, *moved))
    shown = (FieldDiff("power", POWER_OF.get(found.status, found.status_text), workload.power.value),)
    note = "unfrozen, then stopped" if move is Action.HIBERNATE and found.status is Status.FROZEN else ""
    return change(move, reason=Reason.POWER_DIFFERS, fields=shown, note=note)


def compare_cell(workload: Workload, host: Host, found: Instance, policy: Policy, standing: Standing) -> Change:
    """The same of a cell: one that is claimed is neither made anew nor changed, and one that is spent is made anew however it stands.

    Limits that shrink under a run end it, and a claimed cell comes to its end by itself before long.
    """
    change = partial(Change, ref=workload.ref, host=host.name, instance=found.name, wanted=workload, found=found)
    if standing is Standing.SPENT:
        return change(Action.REPLACE, reason=Reason.SPENT)
    compared = compare(workload, host, found, policy)
    if standing is Standing.CLAIMED and compared.action in {Action.REPLACE, Action.UPDATE}:
        return change(Action.KEEP, reason=Reason.AS_DECLARED, note="claimed: finishes its run as it is")
    return compared


def ails(workload: Workload, found: Instance, health: Health) -> bool:
    """Whether it is unhealthy and ours to restart. A verdict on an earlier run says nothing of this one."""
    ours = workload.health is not None and workload.power is Power.RUNNING and workload.power_owner is PowerOwner.DECLARED
    return ours and found.status is Status.RUNNING and health.verdict is Verdict.UNHEALTHY and health.run == found.started_at


def _wakes(workload: Workload, found: Instance) -> Action | None:
    """Quarantine froze it, whoever else its power belongs to: declared again, it goes on where it was."""
    rests = marks.QUARANTINE in found.config and found.status is Status.FROZEN
    return Action.UNFREEZE if rests and workload.power is Power.RUNNING else None


def _stays(workload: Workload, host: Host) -> str:
    return "" if allows(workload.placement, host) else f"lives on {host.name}, outside its placement; what exists is never moved"


def field_diffs(workload: Workload, host: Host, found: Instance, policy: Policy) -> tuple[FieldDiff, ...]:
    """Every field that differs, power and bootstrap apart."""
    config = config_diffs(stated_config(workload, policy.environment, clustered=host.cluster is not None), found)
    devices = device_diffs(stated_devices(workload, host, found.name), found)
    return (*image_diff(workload, found), *config, *devices, *_uplink_left(workload, host, found))


def _uplink_left(workload: Workload, host: Host, found: Instance) -> tuple[FieldDiff, ...]:
    """Devices that nobody states are left alone, but for the NIC of a proxy on what is none any more."""
    network = found.devices.get("eth1", {}).get("network", "")
    if not network or workload.network is NetworkMode.PROXY or network != network_name(host.project, NetworkMode.PROXY):
        return ()
    return (FieldDiff(UPLINK, network, ""),)


def _bootstrap_diff(workload: Workload, found: Instance, move: Action | None) -> tuple[FieldDiff, ...]:
    if workload.bootstrap is None:
        return ()
    ran = found.config.get(marks.BOOTSTRAP, "")
    runs = found.status is Status.RUNNING or move in {Action.START, Action.UNFREEZE}
    if workload.bootstrap.digest == ran or not runs:
        return ()
    return (FieldDiff("bootstrap", ran[:19], workload.bootstrap.digest[:19]),)
