"""Why a container did not start: LXD's error names only the program that it ran, the reason is in the log of LXC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import HostError, OperationFailed
from reconciler.lxd.errors import mapped

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door

UNTOLD = " forkstart "
"""What is in LXD's error where it tells no reason."""
LOG = "lxc.log"
"""LXD begins it anew at each start, so that its first error is what the others came of."""
MOST = 65_536
"""Bytes of it that are read."""
SHOWN = 300
"""Characters of the reason."""


def with_reason(door: Door, name: str, error: OperationFailed) -> OperationFailed:
    """The error, with the reason where the log tells one."""
    told = _reason(door, name) if UNTOLD in error.message else ""
    return OperationFailed(f"{error.message} ({LOG}: {told})", hint=error.hint) if told else error


def _reason(door: Door, name: str) -> str:
    try:
        with mapped(door.host.name), door.send("GET", door.path("instances", name, "logs", LOG), stream=True) as response:
            begin = next(response.iter_content(MOST), b"")
    except HostError:
        return ""
    return first_error(begin.decode("utf-8", "replace"))


def first_error(log: str) -> str:
    """Its first error without the time and the line of LXC's source, in letters that can be shown; "" where there is none."""
    line = next((line for line in log.splitlines() if " ERROR " in line), "")
    told = line.split(" - ", 2)[-1]
    return "".join(letter if letter.isprintable() else "?" for letter in told)[:SHOWN]
