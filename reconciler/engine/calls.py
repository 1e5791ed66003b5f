"""One change to the LXD calls that make it, in order. Each call is one request that changes something."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.engine.fields import OPTIONAL, OWNED
from reconciler.engine.fingerprint import essence
from reconciler.engine.foundation import foundation
from reconciler.engine.ground import holder_of
from reconciler.engine.power import never_started
from reconciler.engine.spec import PROTECTED, InstanceSpec, instance_spec
from reconciler.errors import Defect
from reconciler.model import marks
from reconciler.model.changes import Action, Change
from reconciler.model.images import image_marks
from reconciler.model.plan import (
    Call,
    CreateInstance,
    DeleteInstance,
    DropProtection,
    ImportImage,
    PushFile,
    RunCommand,
    SetPower,
    UpdateInstance,
)
from reconciler.model.resources import Power
from reconciler.model.world import Status
from reconciler.policy import isolation

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.resources import Desired, Host, Workload
    from reconciler.model.world import Instance, Observed

START_SECONDS = 60
STOP_SECONDS = 30
BOOTSTRAP_SECONDS = 600
BOOTSTRAP_FILE = "/tmp/bootstrap.sh"  # noqa: S108 - a path inside the container, where existing clients expect it


VERBS: dict[tuple[Power, Status], tuple[str, ...]] = {
    (Power.RUNNING, Status.FROZEN): ("unfreeze",),
    (Power.RUNNING, Status.STOPPED): ("start",),
    (Power.FROZEN, Status.RUNNING): ("freeze",),
    (Power.HIBERNATED, Status.RUNNING): ("stop",),
    # LXD does not stop a frozen instance in an orderly way.
    (Power.HIBERNATED, Status.FROZEN): ("unfreeze", "stop"),
}
"""What brings a status to the wanted power, step by step."""


def calls_for(  # noqa: C901, PLR0911 - one case an action
    change: Change, host: Host, desired: Desired, observed: Observed, plan: str, *, isolated: bool
) -> tuple[Call, ...]:
    """The calls of one change. ``plan`` becomes the intent mark; ``isolated`` is for what is made."""
    match change.action:
        case Action.PREPARE:
            identity = observed.hosts[host.name].identity
            return foundation(host, desired.policy, identity.addresses if identity else ()).objects
        case Action.IMPORT:
            return (_import(change, desired, observed),)
        case Action.CREATE:
            return _create(change, host, desired, plan, isolated=isolated)
        case Action.START | Action.UNFREEZE | Action.FREEZE | Action.HIBERNATE:
            return _power(_found(change), _wanted(change).power, force_stop=desired.policy.force_stop)
        case Action.RESTART:
            return _restart(_found(change), force_stop=desired.policy.force_stop)
        case Action.UPDATE:
            return _update(change, host, desired, plan)
        case Action.REPLACE:
            return (*_destroy(_found(change), plan), *_create(change, host, desired, plan, isolated=isolated))
        case Action.QUARANTINE:
            return _quarantine(_found(change), plan, observed.at)
        case Action.DESTROY:
            return _destroy(_found(change), plan)
        case Action.KEEP:
            return ()
        case unreachable:
            assert_never(unreachable)


def _wanted(change: Change) -> Workload:
    if change.wanted is None:
        raise Defect(f"{change.action} of {change.ref} without a workload")
    return change.wanted


def _found(change: Change) -> Instance:
    if change.found is None:
        raise Defect(f"{change.action} of {change.ref} without an instance")
    return change.found


def _import(change: Change, desired: Desired, observed: Observed) -> ImportImage:
    image = change.image
    if image is None:
        raise Defect(f"import of {change.ref} without an image")
    given = image_marks(desired.policy.environment, image.family)
    return ImportImage(image.fingerprint, image.alias, image.file, "" if image.file else holder_of(image, observed), given)


def _create(change: Change, host: Host, desired: Desired, plan: str, *, isolated: bool) -> tuple[Call, ...]:
    wanted = _wanted(change)
    spec = instance_spec(wanted, host, desired.policy, isolated=isolated, commit=desired.commit.id)
    made = CreateInstance(change.instance, wanted.image, {**spec.config, marks.INTENT: plan}, spec.devices, host.member)
    if wanted.power is Power.HIBERNATED:
        return (made,)
    start = SetPower(change.instance, "start", force=False, timeout=START_SECONDS)
    rest = (SetPower(change.instance, "freeze", force=False, timeout=START_SECONDS),) if wanted.power is Power.FROZEN else ()
    return (made, start, *_bootstrap(wanted, change.instance, ""), *rest)


def _bootstrap(wanted: Workload, instance: str, uuid: str) -> tuple[Call, ...]:
    """Push, run, and only then write that it ran: a script that failed is run again by the next apply."""
    if wanted.bootstrap is None:
        return ()
    return (
        PushFile(instance, BOOTSTRAP_FILE, wanted.bootstrap.text),
        RunCommand(instance, ("/bin/sh", BOOTSTRAP_FILE), BOOTSTRAP_SECONDS),
        UpdateInstance(instance, uuid, {marks.BOOTSTRAP: wanted.bootstrap.digest}),
    )


def _power(found: Instance, power: Power, *, force_stop: bool) -> tuple[Call, ...]:
    name, uuid = found.name, found.uuid

    def step(verb: str, timeout: int) -> SetPower:
        return SetPower(name, verb, force=False, timeout=timeout, uuid=uuid, last_resort=force_stop and verb == "stop")

    verbs = ("start", "freeze") if power is Power.FROZEN and never_started(found) else VERBS.get((power, found.status), ())
    return tuple(step(verb, STOP_SECONDS if verb == "stop" else START_SECONDS) for verb in verbs)


def _restart(found: Instance, *, force_stop: bool) -> tuple[Call, ...]:
    """Two calls and not LXD's own restart: after a crash the status tells of each whether it was made."""
    start = SetPower(found.name, "start", force=False, timeout=START_SECONDS, uuid=found.uuid)
    return (*_power(found, Power.HIBERNATED, force_stop=force_stop), start)


def _update(change: Change, host: Host, desired: Desired, plan: str) -> tuple[Call, ...]:
    wanted, found = _wanted(change), _found(change)
    spec = instance_spec(wanted, host, desired.policy, isolated=False, commit=desired.commit.id, instance=found.name)
    calls: list[Call] = []
    if any(diff.path.startswith(("config.", "devices.")) for diff in change.fields):
        calls.append(_write(spec, found, plan))
    script = _bootstrap(wanted, found.name, found.uuid) if any(diff.path == "bootstrap" for diff in change.fields) else ()
    power = _power(found, wanted.power, force_stop=desired.policy.force_stop) if any(diff.path == "power" for diff in change.fields) else ()
    # A script needs a running container: after it was woken, before it is put to rest.
    return (*calls, *power, *script) if wanted.power is Power.RUNNING else (*calls, *script, *power)


def _write(spec: InstanceSpec, found: Instance, plan: str) -> UpdateInstance:
    config = {key: value for key, value in spec.config.items() if key != isolation.KEY} | {marks.INTENT: plan}
    gone = [key for key in found.config if key not in config and (key.startswith(OWNED) or key in OPTIONAL)]
    devices = {name: device for name, device in spec.devices.items() if found.devices.get(name) != device}
    return UpdateInstance(found.name, found.uuid, config, tuple(sorted(gone)), devices)


def _quarantine(found: Instance, plan: str, at: datetime) -> tuple[Call, ...]:
    """The mark before the freeze: between the two it runs on and is known to be leaving; a mark that is there keeps its time."""
    mark = {marks.QUARANTINE: at.isoformat(timespec="seconds"), marks.INTENT: plan}
    marked = () if marks.QUARANTINE in found.config else (UpdateInstance(found.name, found.uuid, mark),)
    if found.status is not Status.RUNNING:
        return marked
    return (*marked, SetPower(found.name, "freeze", force=False, timeout=START_SECONDS, uuid=found.uuid))


def _destroy(found: Instance, plan: str) -> tuple[Call, ...]:
    whole = essence(found)
    calls: list[Call] = []
    tombstone = ""
    if found.config.get(PROTECTED) == "true":
        tombstone = plan
        calls.append(DropProtection(found.name, found.uuid, plan, whole))
    if found.status is not Status.STOPPED:
        calls.append(SetPower(found.name, "stop", force=True, timeout=STOP_SECONDS, uuid=found.uuid, essence=whole))
    return (*calls, DeleteInstance(found.name, found.uuid, tombstone, whole))
