"""What is done inside a running container: a file written, a command run to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import OperationFailed
from reconciler.lxd.operations import Waiting, run

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import PushFile, RunCommand

ROOT_ONLY = {"X-LXD-type": "file", "X-LXD-mode": "0700", "X-LXD-uid": "0", "X-LXD-gid": "0", "X-LXD-write": "overwrite"}


def push_file(door: Door, call: PushFile) -> str:
    """Write the file, mode 0700, root."""
    path = door.path("instances", call.name, "files", path=call.path)
    door.send("POST", path, data=call.text.encode(), headers={**ROOT_ONLY, "Content-Type": "application/octet-stream"})
    return ""


def run_command(door: Door, call: RunCommand) -> str:
    """Run the command and wait; an exit status other than 0 is an ``OperationFailed``."""
    body = {"command": list(call.command), "wait-for-websocket": False, "interactive": False, "record-output": False, "environment": {}}
    # A command whose end nobody saw has an exit status that nobody knows: it never counts as done.
    waiting = Waiting(call.timeout, lambda: False)
    ended = run(door, "POST", door.path("instances", call.name, "exec"), body, waiting)
    if ended.get("return") != 0:
        command = " ".join(call.command)
        raise OperationFailed(
            f"{door.host.name}: {command} in {call.name} ended with status {ended.get('return')}",
            hint=f"lxc exec {call.name} --project {door.host.project} -- {command}",
        )
    return ""
