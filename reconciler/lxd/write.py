"""Making one call of a plan. Whatever is done already counts as done; whatever is not what was meant is a ``Conflict``."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from reconciler.errors import Defect
from reconciler.lxd import destroy, instances
from reconciler.lxd.connect import Door
from reconciler.lxd.create import create
from reconciler.lxd.foundation import put_object
from reconciler.lxd.gallery import delete_image, mark_image
from reconciler.lxd.images import import_image
from reconciler.lxd.inside import push_file, run_command
from reconciler.lxd.power import set_power
from reconciler.model.plan import (
    CreateInstance,
    DeleteImage,
    DeleteInstance,
    DropProtection,
    ImportImage,
    MarkImage,
    PushFile,
    PutObject,
    RunCommand,
    SetPower,
    UpdateInstance,
)

if TYPE_CHECKING:
    from reconciler.model.plan import Call


def perform(door: Door, call: Call) -> str:
    """Make ``call`` on the door's host, in its project. Returns the instance's uuid where it is known, else "". Raises a ``HostError``."""
    return _perform(call, door)


@singledispatch
def _perform(call: Call, _door: Door) -> str:
    raise Defect(f"{type(call).__name__} is not a call of this version")


@_perform.register
def _create(call: CreateInstance, door: Door) -> str:
    return create(door, call)


@_perform.register
def _update(call: UpdateInstance, door: Door) -> str:
    return instances.update(door, call)


@_perform.register
def _drop(call: DropProtection, door: Door) -> str:
    return destroy.drop_protection(door, call)


@_perform.register
def _delete(call: DeleteInstance, door: Door) -> str:
    return destroy.delete(door, call)


@_perform.register
def _power(call: SetPower, door: Door) -> str:
    return set_power(door, call)


@_perform.register
def _push(call: PushFile, door: Door) -> str:
    return push_file(door, call)


@_perform.register
def _run(call: RunCommand, door: Door) -> str:
    return run_command(door, call)


@_perform.register
def _import(call: ImportImage, door: Door) -> str:
    import_image(door, call)
    return ""


@_perform.register
def _mark(call: MarkImage, door: Door) -> str:
    mark_image(door, call)
    return ""


@_perform.register
def _delete_image(call: DeleteImage, door: Door) -> str:
    delete_image(door, call)
    return ""


@_perform.register
def _object(call: PutObject, door: Door) -> str:
    put_object(door, call)
    return ""
