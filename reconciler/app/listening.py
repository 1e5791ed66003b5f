"""Where a listener listens: an address of this machine, or a unix socket that only its owner may open."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

UNIX = "unix:"
HINT = "unsandbox run --listen 127.0.0.1:9464"


@dataclass(frozen=True, slots=True)
class Listening:
    """A port of an address, or ``path`` of a unix socket. Port 0 stands for any that is free."""

    address: IPv4Address | IPv6Address | None = None
    port: int = 0
    path: str = ""

    def trusts(self, host: str) -> bool:
        """Whether a request may name us so in its ``Host``: by an address or ``localhost``. Over a unix socket by anything."""
        if self.path or not host:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return name.lower() == "localhost" or _address(name) is not None


def parse(text: str, *, anywhere: bool) -> Listening:
    """Read ``127.0.0.1:PORT``, ``[::1]:PORT`` or ``unix:/path``. Raises ``UsageError``: what is told names hosts."""
    if text.startswith(UNIX):
        path = text.removeprefix(UNIX)
        if not path.startswith("/"):
            raise UsageError(f"--listen {text}: a socket has an absolute path", hint="unsandbox run --listen unix:/run/unsandbox/metrics")
        return Listening(path=path)
    name, _, port = text.rpartition(":")
    address = _address("127.0.0.1" if name.lower() == "localhost" else name)
    if address is None or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port there is
        raise UsageError(f"--listen {text!r} is no address with a port", hint=HINT)
    if not address.is_loopback and not anywhere:
        raise UsageError(f"--listen {text}: others could read there what your hosts are called and how they fare", hint=HINT)
    return Listening(address, int(port))


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def bind_unix(listener: socket.socket, path: str) -> None:
    """Bind ``listener`` to ``path``, for the owner alone. A socket that nobody answers at any more is replaced. Raises ``OSError``."""
    there = Path(path)
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(there.lstat().st_mode):
            raise FileExistsError(f"{path} is there and no socket")
        if _answers(path):
            raise FileExistsError(f"somebody listens at {path} already")
    # Made under another name, so that nobody finds it before its mode is right.
    fresh = there.with_name(f".{there.name}.{uuid4().hex[:8]}")
    listener.bind(str(fresh))
    try:
        fresh.chmod(0o600)
        os.replace(fresh, there)  # noqa: PTH105 - takes the place of a stale socket in one step
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(1)
        try:
            asking.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
        return True
