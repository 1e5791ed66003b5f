"""Where the local LXD listens: ``LXD_DIR``, Debian's package, or Ubuntu's snap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES = ("/var/lib/lxd", "/var/snap/lxd/common/lxd")
SOCKET = "unix.socket"


def local_socket(environ: Mapping[str, str]) -> Path | None:
    """The socket of the local LXD. Where ``LXD_DIR`` is set only that is looked at: whoever sets it means it."""
    folders = [environ["LXD_DIR"]] if environ.get("LXD_DIR") else PLACES
    for folder in folders:
        if (Path(folder) / SOCKET).is_socket():
            return Path(folder) / SOCKET
    return None
