"""Snapshots of instances, and the volumes that tell of them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from tests.fake.answers import Answer, Refused, etag_of, sync
from tests.fake.events import stamp
from tests.fake.state import path_of

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.instances import Instances
    from tests.fake.operations import Operations
    from tests.fake.state import State

TAKEN = 'Failed creating instance snapshot record "{}": Add snapshot info to the database: This "instances_snapshots" entry already exists'


class Snapshots:
    """The requests under ``/1.0/instances/NAME/snapshots``, and a pool's volumes."""

    def __init__(self, state: State, instances: Instances, operations: Operations) -> None:
        self._state = state
        self._instances = instances
        self._operations = operations

    def listed(self, request: Request) -> Answer:
        """Paths."""
        project, item = self._instances.found(request)
        return sync([path_of(f"instances/{item.name}/snapshots", name, project.name) for name in sorted(item.snapshots)])

    def one(self, request: Request) -> Answer:
        """One of them."""
        _, item = self._instances.found(request)
        snapshot = item.snapshots.get(request.parts[3])
        if snapshot is None:
            raise Refused(404, "Snapshot not found")
        return sync({"name": request.parts[3], **snapshot}, etag_of(snapshot))

    def make(self, request: Request) -> Answer:
        """Take one: it has the instance's uuid."""
        project, item = self._instances.found(request)
        name = str(request.json().get("name", "")) or f"snap{len(item.snapshots)}"

        def work() -> None:
            if name in item.snapshots:
                raise Refused(400, TAKEN.format(name))
            item.snapshots[name] = {"config": dict(item.config), "devices": deepcopy(item.devices), "created_at": stamp()}
            self._tell("created", project.name, item.name, name)

        return self._operations.start(request, "Snapshotting instance", [item.name], work)

    def delete(self, request: Request) -> Answer:
        """Remove one."""
        project, item = self._instances.found(request)
        if request.parts[3] not in item.snapshots:
            raise Refused(404, "Snapshot not found")

        def work() -> None:
            item.snapshots.pop(request.parts[3], None)
            self._tell("deleted", project.name, item.name, request.parts[3])

        return self._operations.start(request, "Deleting snapshot", [item.name], work)

    def _tell(self, what: str, project: str, instance: str, name: str) -> None:
        self._state.events.lifecycle(f"instance-snapshot-{what}", ("instances", f"{instance}/snapshots/{name}"), project)

    def volumes(self, request: Request) -> Answer:
        """A pool's volumes, of all kinds or of one: of each instance whose root lies there, and of its snapshots."""
        pool = request.parts[1]
        if pool not in self._state.pools:
            raise Refused(404, "Storage pool not found")
        project = self._state.project(request)
        if request.parts[3:] not in {(), ("container",)}:
            return sync([])
        noun = f"storage-pools/{pool}/volumes/container"
        found = []
        for name, item in sorted(project.instances.items()):
            if item.devices.get("root", {}).get("pool", pool) == pool:
                found.append(path_of(noun, name, project.name))
                found += [path_of(noun, f"{name}/snapshots/{each}", project.name) for each in sorted(item.snapshots)]
        return sync(found)
