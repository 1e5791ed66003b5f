"""Making a host trust our certificate, once its own was compared by a person."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

import requests

from reconciler.errors import NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.connect import PinnedAdapter, host_and_port, metadata_of
from reconciler.lxd.errors import mapped, of_status

if TYPE_CHECKING:
    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.model.world import Identity

SECONDS = 10.0


def server_fingerprint(url: str) -> str:
    """SHA-256 of the certificate that the server at ``url`` shows; it is read, not trusted. Raises ``Unreachable``."""
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


def enrol(url: str, pin: str, certificate: ClientCertificate, secret: str) -> Identity:
    """Give the host our certificate with a trust token or password; nothing is sent before its own certificate matched ``pin``."""
    _check_token(secret, pin)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", PinnedAdapter(pin))
        session.cert = (str(certificate.cert), str(certificate.key))
        if _ask(session, url).get("auth") != "trusted":
            body = {"type": "client", "password": secret, "name": f"unsandbox-{socket.gethostname()}"}
            with mapped(url):
                response = session.post(f"{url}/1.0/certificates", json=body, timeout=SECONDS)
            if response.status_code >= requests.codes.bad_request:
                error = of_status(response.status_code, str(response.json().get("error", "")), url)
                raise NotTrusted(
                    f"{error.message}; the token or password was not taken", hint="on the host: lxc config trust add --name unsandbox"
                )
        answer = _ask(session, url)
        if answer.get("auth") != "trusted":
            raise NotTrusted(f"{url}: it took the secret and still does not trust us")
        return convert.identity(answer, pin)


def _ask(session: requests.Session, url: str) -> dict[str, Any]:
    with mapped(url):
        found = metadata_of(session.get(f"{url}/1.0", timeout=SECONDS), url)
    return found if isinstance(found, dict) else {}


def _check_token(secret: str, pin: str) -> None:
    """A trust token names the certificate of the server that gave it: it must be the one we are about to send it to."""
    try:
        token = json.loads(base64.b64decode(secret, validate=True))
    except ValueError:
        return  # a password
    named = str(token.get("fingerprint", "")).lower() if isinstance(token, dict) else ""
    if named and named != pin:
        raise WrongIdentity(f"the token is from a server with certificate {named[:12]}, this one shows {pin[:12]}; nothing was sent")
