"""A bare connection to a host, for what is no request: the same socket or address, the same pin and the same certificate as its door's."""

from __future__ import annotations

import hashlib
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.errors import Unreachable, WrongIdentity
from reconciler.lxd.transport import HTTP_UNIX

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door


def connected(door: Door, purpose: str) -> socket.socket:
    """A connected socket; over HTTPS wrapped, with the certificate held against the pin before anything is sent. Raises a ``HostError``."""
    endpoint, timeout = urlsplit(door.endpoint), door.connect_timeout
    try:
        if door.endpoint.startswith(HTTP_UNIX):
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(timeout)
            made.connect(unquote(endpoint.netloc))
            return made
        made = socket.create_connection((str(endpoint.hostname), int(endpoint.port or 443)), timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _wrapped(door, made)
    except (OSError, ValueError) as error:
        raise Unreachable(f"{door.host.name}: no {purpose}: {error}") from error


def _wrapped(door: Door, plain: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if door.client_certificate is not None:
        context.load_cert_chain(*door.client_certificate)
    wrapped = context.wrap_socket(plain)
    if hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest() != door.host.fingerprint:
        wrapped.close()
        raise WrongIdentity(f"{door.host.name}: the server showed another certificate than the pinned one; nothing was sent to it")
    return wrapped
