"""The instance that this program runs in, which it may never freeze, stop or destroy."""

from __future__ import annotations

import socket
from pathlib import Path

FIRST_PIDS = "pid:[4026531836]"
"""The kernel's fixed name of the first PID namespace: who is in it is in no container."""


def own_instance(proc: Path = Path("/proc")) -> str:
    """Name of the LXD container around us; "" where there certainly is none. Where it cannot be told, the host name, as if there were."""
    try:
        if (proc / "self/ns/pid").readlink().name == FIRST_PIDS:
            return ""
        variables = (proc / "1/environ").read_bytes().split(b"\0")
    except OSError:
        return socket.gethostname()
    return socket.gethostname() if b"container=lxc" in variables else ""
