"""Waiting for LXD's operations, with a deadline, knowing that LXD forgets them 5 s after their end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.errors import Forgotten, Malformed, NotFound, OperationFailed, Unreachable
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.errors import of_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.lxd.connect import Door

SLICE = 20
"""Seconds of one wait request at most; always shorter than the read time-out, so that a silent host is told from a long operation."""

SUCCESS, FAILED = 200, 400
"""LXD's status codes of an ended operation; those between 100 and 199 are of one that goes on."""
ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait, in seconds, and how to settle an operation that LXD forgot: by reading the object itself."""

    deadline: float
    settled: Callable[[], bool]


def run(door: Door, method: str, path: str, body: object, waiting: Waiting, **given: Any) -> dict[str, Any]:
    """Send a request and wait for the end of what it began; ``given`` as for ``Door.send``.

    Returns the operation's own metadata. Raises a ``HostError``; past the deadline an ``OperationFailed`` says it may still be going on.
    """
    response = door.send(method, path, body, **given)
    metadata = metadata_of(response, door.host.name)
    if response.status_code != ACCEPTED:
        return {}
    try:
        return wait(door, str(metadata["id"]), waiting)
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"{door.host.name}: the answer to {method} {path.partition('?')[0]} is not an operation") from error


def wait(door: Door, operation: str, waiting: Waiting) -> dict[str, Any]:
    """Wait for an operation by id. See ``run``."""
    end = time.monotonic() + waiting.deadline
    lost = False
    while (left := end - time.monotonic()) > 0:
        seconds = max(1, int(min(SLICE, left, door.read_timeout - 1)))
        try:
            found = door.get(door.path("operations", operation, "wait", project=False, timeout=str(seconds)))
        except NotFound:
            return _settle(door, operation, waiting)
        except Unreachable:
            # One lost connection is not a lost host. Asking again changes nothing there.
            if lost:
                raise
            lost = True
            continue
        lost = False
        if found["status_code"] == SUCCESS:
            return found.get("metadata") or {}
        if found["status_code"] >= FAILED:
            raise of_operation(str(found.get("err", "")), door.host.name)
    raise OperationFailed(
        f"{door.host.name}: operation {operation} did not end within {waiting.deadline:.0f} s and may still be going on",
        hint="unsandbox status",
    )


def _settle(door: Door, operation: str, waiting: Waiting) -> dict[str, Any]:
    if waiting.settled():
        return {}
    raise Forgotten(
        f"{door.host.name}: LXD forgot operation {operation} before it was known how it ended, and nothing there shows that it was done",
        hint="unsandbox plan",
    )
