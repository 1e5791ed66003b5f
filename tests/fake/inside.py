"""Inside a container: files, and commands whose status can be foretold."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from tests.fake.answers import Answer, Refused, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fake.answers import Request
    from tests.fake.instances import Instances
    from tests.fake.operations import Operations
    from tests.fake.state import Instance, State

    Ran = Callable[[Instance, Sequence[str]], tuple[int, float]]

FOLDERS = frozenset({"/", "/root", "/tmp", "/etc", "/bin", "/var"})  # noqa: S108 - a folder inside a container that is none
PROGRAMS = frozenset({"sh", "true", "false", "sleep", "echo", "cat", "rm", "test"})
NOT_FOUND = 127


def ran(instance: Instance, command: Sequence[str]) -> tuple[int, float]:
    """Status and seconds of a command: ``sleep N``, ``sh -c 'exit N'``, ``false``, a file that was pushed; all else gives 0."""
    program = posixpath.basename(command[0])
    if program not in PROGRAMS and command[0] not in instance.files:
        return NOT_FOUND, 0.0
    last = command[-1].split()
    if program == "sleep":
        return 0, float(command[1])
    if program == "sh" and len(last) > 1 and last[0] == "exit":
        return int(last[1]), 0.0
    return int(program == "false"), 0.0


class Inside:
    """The requests under ``/1.0/instances/NAME/files`` and ``/exec``."""

    def __init__(self, state: State, instances: Instances, operations: Operations) -> None:
        self._state = state
        self._instances = instances
        self._operations = operations
        self.ran: Ran = ran
        """What becomes of a command; a test may put another in its place."""

    def push(self, request: Request) -> Answer:
        """Write a file. LXD does so in a stopped container too."""
        _, item = self._instances.found(request)
        path = request.query.get("path", "")
        if posixpath.dirname(path) not in FOLDERS:
            raise Refused(404, "Not Found")
        item.files[path] = request.body
        return sync({})

    def pull(self, request: Request) -> Answer:
        """Read a file."""
        _, item = self._instances.found(request)
        path = request.query.get("path", "")
        if path not in item.files:
            raise Refused(404, "Not Found")
        return Answer(200, headers={"Content-Type": "application/octet-stream", "X-LXD-type": "file"}, raw=item.files[path])

    def run(self, request: Request) -> Answer:
        """Run a command without a websocket; the operation's metadata tells the status."""
        _, item = self._instances.found(request)
        if item.status == "Frozen":
            raise Refused(400, "Instance is frozen")
        if item.status != "Running":
            raise Refused(400, "Instance is not running")
        body = request.json()
        if body.get("wait-for-websocket") or body.get("interactive"):
            raise Refused(501, "this fake runs commands without websockets only")
        command = [str(word) for word in body.get("command") or [""]]
        status, seconds = self.ran(item, command)

        def work() -> dict[str, object]:
            if status == NOT_FOUND:
                raise Refused(400, "Command not found")
            self._state.events.lifecycle("instance-exec", ("instances", item.name), request.project, context={"command": command})
            return {"return": status}

        return self._operations.start(request, "Executing command", [item.name], work, seconds)
