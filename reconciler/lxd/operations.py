"""Waiting for LXD's operations, with a deadline, knowing that LXD forgets them 5 s after their end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reconciler.errors import NotFound, OperationFailed, Unreachable
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.errors import of_operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.lxd.connect import Door

SLICE = 20
"""Seconds of one wait request; shorter than the read time-out, so that a silent host is told from a long operation."""

SUCCESS, CREATED = 200, 400
ACCEPTED = 202


def run(  # noqa: PLR0913 - one HTTP request and how to wait for what it began
    door: Door,
    method: str,
    path: str,
    body: object = None,
    *,
    deadline: float,
    settled: Callable[[], bool],
    data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Send a request and wait for what it began; the operation's own metadata is given back.

    ``settled`` reads the object itself where LXD has forgotten the operation. ``deadline`` is seconds; past it
    ``OperationFailed`` says that the operation may still be going on. Raises a ``HostError``.
    """
    response = door.send(method, path, body, data=data, headers=headers)
    metadata = metadata_of(response, door.host.name)
    if response.status_code != ACCEPTED:
        return metadata if isinstance(metadata, dict) else {}
    return _wait(door, str(metadata["id"]), deadline, settled)


def _wait(door: Door, operation: str, deadline: float, settled: Callable[[], bool]) -> dict[str, Any]:
    end = time.monotonic() + deadline
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise OperationFailed(f"{door.host.name}: operation {operation} did not end within {deadline:.0f} s and may still be going on")
        seconds = max(1, int(min(SLICE, left, door.read_timeout - 1)))
        try:
            found = door.get(door.path("operations", operation, "wait", project=False, timeout=str(seconds)))
        except NotFound as error:
            if settled():
                return {}
            raise OperationFailed(
                f"{door.host.name}: LXD forgot operation {operation}, and what it should have done is not there"
            ) from error
        except Unreachable:
            if time.monotonic() < end and settled():
                return {}
            raise
        if found.get("status_code") == SUCCESS:
            return found.get("metadata") or {}
        if found.get("status_code", 0) >= CREATED:
            raise of_operation(str(found.get("err", "")), door.host.name)
