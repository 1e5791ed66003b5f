"""Making a host trust our certificate, once its own was compared by a person."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.errors import Malformed, NotTrusted, Rejected, Unreachable, UsageError, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.connect import metadata_of, reason_of
from reconciler.lxd.errors import mapped, of_status
from reconciler.lxd.permit import ENROLMENT, allow
from reconciler.lxd.transport import new_session

if TYPE_CHECKING:
    import requests

    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.model.world import Identity, Member

SECONDS = 10.0
PORT = 8443
EXPLICIT_TOKEN = "explicit_trust_token"  # noqa: S105 - the name of an API extension


def server_fingerprint(url: str) -> str:
    """SHA-256 of the certificate that the server at ``url`` shows; it is read, not trusted. Raises ``UsageError`` or ``Unreachable``."""
    address = host_and_port(url)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(address, timeout=SECONDS) as plain, context.wrap_socket(plain) as secure:
            shown = secure.getpeercert(binary_form=True)
    except OSError as error:
        raise Unreachable(
            f"{url}: no connection: {error}", hint="ss -ltn on the host: does LXD listen there? (core.https_address)"
        ) from error
    if not shown:
        raise Unreachable(f"{url}: the server showed no certificate")
    return hashlib.sha256(shown).hexdigest()


def host_and_port(url: str) -> tuple[str, int]:
    """Of ``https://address:port``; the port is 8443 unless given. Raises ``UsageError`` where it is none."""
    hint = "unsandbox hosts add https://ADDRESS:8443"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url} is not https://address:port: {error}", hint=hint) from error
    if parts.scheme != "https" or not parts.hostname:
        raise UsageError(f"{url} is not https://address:port", hint=hint)
    return parts.hostname, port or PORT


def enrol(url: str, pin: str, certificate: ClientCertificate, secret: str) -> Identity:
    """Give the host our certificate with a trust token or password; nothing is sent before its own certificate matched ``pin``.

    A host that trusts us already is left as it is. Raises a ``HostError``.
    """
    base = url.rstrip("/")
    token = token_fields(secret)
    named = str(token.get("fingerprint", "")).lower()
    if named and named != pin:
        raise WrongIdentity(f"the token is from a server with certificate {named[:12]}, {url} shows {pin[:12]}; nothing was sent")
    with new_session(base, pin, certificate, writes=True) as session:
        answer = _ask(session, base)
        if answer.get("auth") != "trusted":
            explicit = bool(token) and EXPLICIT_TOKEN in (answer.get("api_extensions") or ())
            _send(session, base, {"trust_token" if explicit else "password": secret.strip()})
            answer = _ask(session, base)
        if answer.get("auth") != "trusted":
            raise NotTrusted(f"{url}: it took the secret and still does not trust us")
        return convert.identity(answer, pin)


def members_at(url: str, pin: str, certificate: ClientCertificate) -> tuple[Member, ...]:
    """The members of the cluster that answers at ``url`` and trusts us. Raises a ``HostError``."""
    base = url.rstrip("/")
    with new_session(base, pin, certificate) as session, mapped(base):
        response = session.get(f"{base}/1.0/cluster/members?recursion=1", timeout=SECONDS, allow_redirects=False)
    if not response.ok:
        raise of_status(response.status_code, reason_of(response), base)
    return convert.members(metadata_of(response, base))


def token_fields(secret: str) -> dict[str, Any]:
    """What a trust token says of itself; empty for a password. A token names the certificate of the server that gave it."""
    try:
        token = json.loads(base64.b64decode(secret.strip(), validate=True))
    except ValueError:
        return {}
    return token if isinstance(token, dict) and "secret" in token else {}


def _ask(session: requests.Session, base: str) -> dict[str, Any]:
    with mapped(base):
        response = session.get(f"{base}/1.0", timeout=SECONDS, allow_redirects=False)
    found = metadata_of(response, base)
    if not isinstance(found, dict):
        raise Malformed(f"{base}: what answers there is not an LXD")
    return found


def _send(session: requests.Session, base: str, secret: dict[str, str]) -> None:
    body = {"type": "client", "name": f"unsandbox-{socket.gethostname()}", **secret}
    allow(ENROLMENT, "POST", "/1.0/certificates", body)
    with mapped(base):
        response = session.post(f"{base}/1.0/certificates", json=body, timeout=SECONDS, allow_redirects=False)
    if response.ok:
        return
    error = of_status(response.status_code, reason_of(response), base)
    if isinstance(error, NotTrusted | Rejected):
        hint = "on the host: lxc config trust add --name unsandbox"
        raise NotTrusted(f"{error.message}: the token or password was not taken", hint=hint)
    raise error
