"""Power: start, stop, restart, freeze, unfreeze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake.answers import Answer, Refused, sync
from tests.fake.events import stamp
from tests.fake.rows import CODES, IDMAP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake.answers import Request
    from tests.fake.instances import Instances
    from tests.fake.operations import Operations
    from tests.fake.state import Instance, Project, State

TOLD = {"start": "started", "stop": "stopped", "restart": "restarted", "freeze": "paused", "unfreeze": "resumed"}
WORDS = {"start": "Starting", "stop": "Stopping", "restart": "Restarting", "freeze": "Freezing", "unfreeze": "Unfreezing"}


class Power:
    """The requests under ``/1.0/instances/NAME/state``."""

    def __init__(self, state: State, instances: Instances, operations: Operations) -> None:
        self._state = state
        self._instances = instances
        self._operations = operations

    def told(self, request: Request) -> Answer:
        """The state of one."""
        _, item = self._instances.found(request)
        return sync({"status": item.status, "status_code": CODES[item.status], "pid": 0 if item.status == "Stopped" else 4711})

    def put(self, request: Request) -> Answer:
        """Begin a change of state. Whether it may be is found out by the operation, as on the real one."""
        project, item = self._instances.found(request)
        verb = str(request.json().get("action", ""))
        if verb not in WORDS:
            raise Refused(400, f"Unknown action: '{verb}'")
        work: dict[str, Callable[[Project, Instance], None]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "freeze": self._freeze,
            "unfreeze": self._unfreeze,
        }

        clean = verb == "stop" and not request.json().get("force")

        def act() -> None:
            work[verb](project, item)
            told = f"instance-{'shutdown' if clean else TOLD[verb]}"
            self._state.events.lifecycle(told, ("instances", item.name), project.name, by=request.requestor, location=item.location)
            if item.name not in project.instances:
                self._state.events.lifecycle("instance-deleted", ("instances", item.name), project.name, location=item.location)

        return self._operations.start(request, f"{WORDS[verb]} instance", [item.name], act, self._state.pace.power)

    def _start(self, _project: Project, item: Instance) -> None:
        if item.status != "Stopped":
            raise Refused(400, "The instance is already running")
        item.config.pop("volatile.apply_template", None)
        item.config |= {"volatile.idmap.current": IDMAP, "volatile.last_state.idmap": IDMAP, "volatile.last_state.power": "RUNNING"}
        item.status, item.last_used_at = "Running", stamp()

    def _stop(self, project: Project, item: Instance) -> None:
        """A frozen one stops too, forced or not; an ephemeral one is gone with it."""
        if item.status == "Stopped":
            raise Refused(400, "The instance is already stopped")
        item.config["volatile.last_state.power"] = "STOPPED"
        item.status = "Stopped"
        if item.ephemeral:
            project.instances.pop(item.name, None)

    def _restart(self, project: Project, item: Instance) -> None:
        self._stop(project, item)
        self._start(project, item)

    def _freeze(self, _project: Project, item: Instance) -> None:
        if item.status == "Stopped":
            raise Refused(400, "The container isn't running")
        if item.status == "Frozen":
            raise Refused(400, "The container is already frozen")
        item.status = "Frozen"

    def _unfreeze(self, _project: Project, item: Instance) -> None:
        if item.status == "Stopped":
            raise Refused(400, "The container isn't running")
        if item.status == "Running":
            raise Refused(400, "The container is already running")
        item.status = "Running"
