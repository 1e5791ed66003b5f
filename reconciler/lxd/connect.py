"""A door: one connection to one host, its certificate pinned, every request with a deadline and counted."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

import pylxd
import requests
from requests.adapters import HTTPAdapter

from reconciler.errors import Malformed, NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.errors import mapped, of_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.model.resources import Host

CONNECTIONS = 32
UNIX = "unix:"


class PinnedAdapter(HTTPAdapter):
    """TLS that trusts exactly one certificate, by its SHA-256; names and authorities play no part."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__(pool_connections=1, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pin to every connection made."""
        super().init_poolmanager(*args, assert_fingerprint=self._fingerprint, assert_hostname=False, cert_reqs="CERT_NONE", **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' own signature
        """Keep requests from switching back to authorities; our client certificate still has to be set."""
        super().cert_verify(conn, url, False, cert)  # type: ignore[no-untyped-call]  # requests has no types for it  # noqa: FBT003
        conn.assert_fingerprint = self._fingerprint


class Door:
    """Requests to one host in its project. Safe for threads. ``requests`` counts what was sent, by method and path template."""

    def __init__(self, host: Host, client: pylxd.Client, metadata: Mapping[str, Any], timeouts: tuple[float, float]) -> None:
        self.host = host
        self.metadata = metadata
        self.requests: Counter[str] = Counter({"GET /1.0": 1})
        self.read_timeout = timeouts[1]
        self.creating = threading.Lock()
        """Held while an instance is created: LXD 5.0 gives two isolated ones that are created at once an id range it does not have."""
        self._timeouts = timeouts
        self._session: requests.Session = client.api.session
        self._endpoint = str(client.api._api_endpoint).rstrip("/")  # noqa: SLF001 - pylxd has no public word for it
        self._base = self._endpoint.removesuffix("/1.0")

    @classmethod
    def open(cls, host: Host, certificate: ClientCertificate | None, *, connect_timeout: float = 3, read_timeout: float = 30) -> Self:
        """Connect, check who answers, and that it trusts us. One request. Raises a ``HostError``."""
        timeouts = (connect_timeout, read_timeout)
        with mapped(host.name):
            session = None if host.address.startswith(UNIX) else _pinned_session(host, certificate)
            client = _client(host.address, session, timeouts)
            metadata = client.host_info
        door = cls(host, client, metadata, timeouts)
        door._check()
        return door

    def _check(self) -> None:
        if self.metadata.get("auth") != "trusted":
            raise NotTrusted(f"{self.host.name}: it does not trust our certificate", hint=f"unsandbox hosts add {self.host.address}")
        shown = convert.identity(self.metadata, self.host.fingerprint).fingerprint
        if shown != self.host.fingerprint:
            raise WrongIdentity(
                f"{self.host.name}: its certificate is {shown}, the inventory pins {self.host.fingerprint}",
                hint=f"if the host was made anew on purpose: edit {self.host.source} (fingerprint)",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def path(self, *parts: str, project: bool = True, **query: str) -> str:
        """``/1.0/...`` with each part quoted, in our project unless told otherwise."""
        words = {**({"project": self.host.project} if project else {}), **query}
        tail = "&".join(f"{key}={quote(value, safe='')}" for key, value in words.items())
        return "/1.0/" + "/".join(quote(part, safe="") for part in parts) + (f"?{tail}" if tail else "")

    def send(  # noqa: PLR0913 - what one HTTP request can carry, by keyword
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        stream: bool = False,
        timeout: float | None = None,
    ) -> requests.Response:
        """One request. Raises a ``HostError`` for anything but success."""
        self.requests[f"{method} {path.partition('?')[0]}"] += 1
        limits = (self._timeouts[0], timeout or self._timeouts[1])
        with mapped(self.host.name):
            response = self._session.request(
                method,
                self._base + path,
                json=body,
                data=data,
                headers=dict(headers or {}),
                timeout=limits,
                allow_redirects=False,
                stream=stream,
            )
        if response.status_code >= requests.codes.bad_request:
            raise of_status(response.status_code, _reason(response), self.host.name)
        return response

    def get(self, path: str) -> Any:
        """The metadata of a synchronous answer."""
        return metadata_of(self.send("GET", path), self.host.name)


def metadata_of(response: requests.Response, host: str) -> Any:
    """The metadata of one of LXD's answers. Raises ``Malformed`` where it is none."""
    try:
        document = response.json()
    except ValueError as error:
        raise Malformed(f"{host}: the answer is not JSON") from error
    if not isinstance(document, dict) or document.get("type") not in {"sync", "async"}:
        raise Malformed(f"{host}: the answer is not one of LXD's")
    return document.get("metadata")


def _reason(response: requests.Response) -> str:
    try:
        document = response.json()
    except ValueError:
        return ""
    return str(document.get("error", "")) if isinstance(document, dict) else ""


def _pinned_session(host: Host, certificate: ClientCertificate | None) -> requests.Session:
    session = requests.Session()
    # Proxies and authorities of the environment would override the pin.
    session.trust_env = False
    session.mount("https://", PinnedAdapter(host.fingerprint))
    if certificate is not None:
        session.cert = (str(certificate.cert), str(certificate.key))
    return session


def _client(address: str, session: requests.Session | None, timeouts: tuple[float, float]) -> pylxd.Client:
    if session is not None:
        return pylxd.Client(endpoint=address, session=session, timeout=timeouts)
    path = address.removeprefix(UNIX)
    client = pylxd.Client(endpoint=f"http+unix://{quote(path, safe='')}", timeout=timeouts)
    client.api.session.trust_env = False
    return client


def local_fingerprint(socket: Path) -> str:
    """The certificate fingerprint of the LXD behind a unix socket. Raises a ``HostError``."""
    with mapped(str(socket)):
        client = _client(f"{UNIX}{socket}", None, (3, 10))
        return convert.identity(client.host_info).fingerprint


def host_and_port(url: str) -> tuple[str, int]:
    """Of ``https://address:port``. Raises ``Unreachable`` where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable(f"{url} is not https://address:port: {error}") from error
    if parts.scheme != "https" or not parts.hostname:
        raise Unreachable(f"{url} is not https://address:port", hint="unsandbox hosts add https://ADDRESS:8443")
    return parts.hostname, port or 8443
