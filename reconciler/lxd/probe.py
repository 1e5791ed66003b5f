"""Asking a container whether it is well: a command begun in it, and a look at how that ended. Neither waits for long.

Everything is asked inside: a container has no address that we could reach, and no port of it is opened for this (decision 0022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import Malformed, NotFound
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.permit import Within
from reconciler.model.health import Answer, Reply

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.health import Probe

ANSWER_WITHIN = 5.0
"""Seconds in which LXD must answer each request."""
NO_CLIENT = 69
"""Status by which our own script says that the image has neither bash nor nc."""
NOT_THERE = frozenset({126, 127})
"""Statuses of a command that cannot be run or is not there."""
ENDED = 200
"""LXD's status code of an operation that ended well; the lower ones are of one that goes on."""
NO_TIMEOUT = "the command of the probe is not in it, or cannot be run"
_LOOP = "127.0.0.1"
_TCP = f"""t=$1 p=$2
if command -v bash >/dev/null; then exec bash -c ': <>/dev/tcp/{_LOOP}/$0' "$p"; fi
command -v nc >/dev/null || exit {NO_CLIENT}
nc -z -w "$t" {_LOOP} "$p" || nc -w "$t" {_LOOP} "$p" -e true
"""
_HTTP = f"""t=$1 p=$2 path=$3 host=$4 want=$5
ask() {{ printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\nUser-Agent: unsandbox\\r\\nConnection: close\\r\\n\\r\\n' "$path" "$host"; }}
if command -v bash >/dev/null; then
  line=$(ask | bash -c 'exec 3<>/dev/tcp/{_LOOP}/$0 || exit 1; cat >&3; IFS= read -r -t "$1" -n 64 line <&3; printf %s "$line"' "$p" "$t")
elif command -v nc >/dev/null; then
  line=$(ask | nc -w "$t" {_LOOP} "$p" | head -n 1)
else
  exit {NO_CLIENT}
fi
case $line in "HTTP/1."*" "[1-5][0-9][0-9]*) ;; *) exit 1 ;; esac
line=${{line#* }} code=${{line%"${{line#???}}"}}
[ "$want" = 0 ] || {{ [ "$code" = "$want" ]; exit; }}
[ "$code" -ge 200 ] && [ "$code" -le 399 ]
"""
"""Only the first line is looked at, and it never leaves the container."""


def command_of(probe: Probe, *, bounded: bool) -> tuple[str, ...]:
    """What is run. ``bounded``: by a ``timeout`` of the image's own, so that one that hangs does not stay."""
    seconds = str(probe.timeout)
    if not probe.port:
        command = probe.command
    elif probe.path:
        command = ("/bin/sh", "-c", _HTTP, "probe", seconds, str(probe.port), probe.path, probe.host, str(probe.status))
    else:
        command = ("/bin/sh", "-c", _TCP, "probe", seconds, str(probe.port))
    return ("timeout", "-s", "KILL", seconds, *command) if bounded else command


def begin(door: Door, name: str, command: tuple[str, ...]) -> str:
    """Begin ``command`` in ``name``, its output thrown away; the operation's id. Sent under the lease, and nothing else can be.

    Raises a ``HostError``, ``Refused`` without a lease, ``LeaseHeld`` where it is lost.
    """
    path = door.path("instances", name, "exec")
    body = {"command": list(command), "wait-for-websocket": False, "interactive": False, "record-output": False, "environment": {}}
    response = _narrow(door, path).send("POST", path, body)
    found = metadata_of(response, door.host.name)
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise Malformed(f"{door.host.name}: the answer to a command is not an operation")
    return str(found["id"])


def _narrow(door: Door, path: str) -> Door:
    permit = door.permit
    return door.under(Within(permit, "a probe", (("POST", path),)) if permit else None, within=ANSWER_WITHIN)


def ended(door: Door, probe: Probe, operation: str, seconds: int) -> Answer | None:
    """How what ``probe`` runs ended, waiting for at most ``seconds``; None while it goes on. Raises a ``HostError``."""
    quick = door.under(None, within=ANSWER_WITHIN)
    try:
        found = quick.get(quick.path("operations", operation, "wait", project=False, timeout=str(seconds)))
    except NotFound:
        return Answer(Reply.UNASKED, "LXD forgot how the probe ended")
    if not isinstance(found, dict) or not isinstance(found.get("status_code"), int):
        raise Malformed(f"{door.host.name}: what it tells of a command is not an operation")
    if found["status_code"] < ENDED:
        return None
    status = (found.get("metadata") or {}).get("return")
    if probe.port and status == NO_CLIENT:
        return Answer(Reply.UNASKED, "its image has neither bash nor nc to ask with")
    return _told(status) if found["status_code"] == ENDED else Answer(Reply.UNASKED, NO_TIMEOUT)


def _told(status: object) -> Answer:
    if not isinstance(status, int) or status < 0:
        return Answer(Reply.UNASKED, "LXD does not tell how the probe ended")
    if status in NOT_THERE:
        return Answer(Reply.UNASKED, NO_TIMEOUT)
    if status == 0:
        return Answer(Reply.PASSED, "the probe ended with status 0")
    return Answer(Reply.FAILED, f"the probe ended with status {status}")
