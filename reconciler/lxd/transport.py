"""How bytes reach a host: TLS that trusts one certificate, or a unix socket. Nothing of the environment plays a part."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from reconciler.lxd.permit import SAFE, allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.lxd.certificate import ClientCertificate

CONNECTIONS = 32
"""Kept open to one host; more threads than that get connections of their own for one request."""

HTTP_UNIX = "http+unix://"


class _Closing(HTTPConnectionPool):
    """Closed it keeps no connection; who is in the middle of something goes on with one for each request."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        return super()._get_conn(timeout) if self.pool is not None else self._new_conn()


class _TlsPool(_Closing, HTTPSConnectionPool):
    pass


class PinnedAdapter(HTTPAdapter):
    """TLS that trusts exactly one certificate, by its SHA-256; names and authorities play no part."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__(pool_connections=1, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pin to every connection made."""
        pinned = {**kwargs, "assert_fingerprint": self._fingerprint, "assert_hostname": False, "cert_reqs": "CERT_NONE"}
        super().init_poolmanager(*args, **pinned)
        self.poolmanager.pool_classes_by_scheme = {"https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - the signature is requests'
        """Keep requests from switching back to authorities; our client certificate still has to be set."""
        super().cert_verify(conn, url, verify=False, cert=cert)  # type: ignore[no-untyped-call]  # requests has no types for it
        conn.assert_fingerprint = self._fingerprint

    def close(self) -> None:
        """Close every connection that nobody uses. Cleared as a whole they would be left to whoever collects the garbage."""
        pools = self.poolmanager.pools
        every = [pools.get(key) for key in list(pools.keys())]
        for pool in every:
            if pool is not None:
                pool.close()


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("lxd")
        self._path = path

    def connect(self) -> None:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if isinstance(self.timeout, (int, float)):
            found.settimeout(self.timeout)
        try:
            found.connect(self._path)
        except OSError as error:
            found.close()
            raise NewConnectionError(self, f"{self._path}: {error.strerror or error}") from error
        self.sock = found


class _UnixPool(_Closing):
    def __init__(self, path: str) -> None:
        super().__init__("lxd", maxsize=CONNECTIONS, block=False)
        self._path = path

    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(self._path)


class UnixAdapter(HTTPAdapter):
    """HTTP over one unix socket. pylxd's own keeps a single connection, which eight threads at work would open anew all the time."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._pool = _UnixPool(path)

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        """Every request goes to the socket."""
        return self._pool

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        """The path alone; the host part of the URL is the socket's file name."""
        return request.path_url

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class Session(requests.Session):
    """Requests to one host over kept connections. One that was not made for writing sends GET and HEAD, and nothing else by any way."""

    def __init__(self, *, writes: bool) -> None:
        super().__init__()
        # Proxies and authorities of the environment would override the pin.
        self.trust_env = False
        self._writes = writes

    def ask(self, method: str, url: str, body: object, timeout: tuple[float, float], given: Mapping[str, Any]) -> requests.Response:
        """A request whose URL is quoted already: ``body`` as JSON, or ``data``, ``headers`` and ``stream`` of ``given``.

        As ``request`` without what serves browsers, which takes longer than the rest of a request: queries, log-ins, cookies, hooks.
        """
        request = requests.PreparedRequest()
        request.method, request.url = method, url
        request.prepare_headers({**self.headers, **given.get("headers", {})})
        request.prepare_body(given.get("data"), None, body)
        return self.send(request, stream=given.get("stream", False), timeout=timeout)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Every request of every method ends here. No redirect is followed and no cookie kept. Raises ``Refused`` (P15)."""
        if not self._writes and request.method not in SAFE:
            allow(None, request.method or "", request.path_url, None)
        how = {name: kwargs.get(name, getattr(self, name)) for name in ("stream", "verify", "cert")}
        response = self.get_adapter(str(request.url)).send(request, timeout=kwargs.get("timeout"), **how)
        if not how["stream"]:
            # Read whole, which gives the connection back.
            _ = response.content
        return response

    def alike(self, *, writes: bool) -> Self:
        """Another session over the same connections."""
        other = type(self)(writes=writes)
        other.adapters = self.adapters
        other.cert = self.cert
        return other


def new_session(endpoint: str, pin: str, certificate: ClientCertificate | None, *, writes: bool = False) -> Session:
    """A session for ``http+unix://...`` or ``https://...``; over HTTPS only the certificate with SHA-256 ``pin`` is talked to."""
    session = Session(writes=writes)
    if endpoint.startswith(HTTP_UNIX):
        session.mount(HTTP_UNIX, UnixAdapter(unquote(urlsplit(endpoint).netloc)))
        return session
    session.mount("https://", PinnedAdapter(pin))
    if certificate is not None:
        session.cert = (str(certificate.cert), str(certificate.key))
    return session
