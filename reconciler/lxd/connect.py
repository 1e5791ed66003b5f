"""A door: one connection to one host, its certificate pinned, every request with a deadline and counted.

A door is opened for reading. What may change something goes through one that was given a permit, which is asked before every such request.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import pylxd

from reconciler.errors import HostError, Malformed, NotTrusted, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.errors import mapped, of_status
from reconciler.lxd.permit import allow
from reconciler.lxd.transport import HTTP_UNIX, new_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    import requests

    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.lxd.permit import Permit
    from reconciler.lxd.transport import Session
    from reconciler.model.resources import Host

    Observer = Callable[[str, str, float, str], None]
    """Hears of each request: host, method and path template, seconds until the answer began, and ``ok`` or the code of its error."""

UNIX = "unix:"
_COLLECTION = 2
"""Parts of a path up to a collection: ``1.0`` and its noun. What follows is the name of an object, then a noun again."""
_ALIASES = ["images", "aliases"]
"""The one collection that lies within another."""


class Door:
    """Requests to one host in its project. Safe for threads. ``requests`` counts what was sent, by method and path template."""

    def __init__(self, host: Host, client: pylxd.Client, endpoint: str, timeouts: tuple[float, float]) -> None:
        self.host = host
        self.address = host.address
        """The one of its host's addresses that answered."""
        self._told: list[Mapping[str, Any]] = [client.host_info]
        """The last answer of ``GET /1.0``; every copy of the door has the same."""
        self.requests: Counter[str] = Counter({"GET /1.0": 1})
        self.read_timeout = timeouts[1]
        self.creating = threading.Lock()
        """Held while an instance is created: LXD 5.0 gives two isolated ones that are created at once an id range it does not have."""
        self._counting = threading.Lock()
        self._timeouts = timeouts
        self._session: Session = client.api.session
        self.endpoint = endpoint
        """``https://address:port`` or ``http+unix://`` and the quoted path."""
        self._permit: Permit | None = None
        self.observer: Observer | None = None

    @classmethod
    def open(
        cls, host: Host, certificate: ClientCertificate | None, *, connect_timeout: float = 3, read_timeout: float = 30, after: str = ""
    ) -> Self:
        """Connect, check who answers, and that it trusts us. One request. Raises a ``HostError``.

        Of a member of a cluster each address is tried in turn, for any member answers for all; that of ``after`` comes last.
        """
        failed: list[HostError] = []
        for address in _in_turn(host.addresses, after):
            try:
                return cls._open(host, address, certificate, (connect_timeout, read_timeout))
            except HostError as error:
                failed.append(error)
        # Another certificate says more than silence does.
        raise next((error for error in failed if isinstance(error, WrongIdentity | NotTrusted)), failed[0])

    @classmethod
    def _open(cls, host: Host, address: str, certificate: ClientCertificate | None, timeouts: tuple[float, float]) -> Self:
        endpoint = _endpoint(address)
        session = new_session(endpoint, host.fingerprint, certificate)
        try:
            # A certificate that is not the pinned one ends here: no request was sent.
            client = _client(endpoint, session, timeouts, host.name)
            _check(host, client.host_info)
        except BaseException:
            session.close()
            raise
        door = cls(host, client, endpoint, timeouts)
        door.address = address
        return door

    def to(self, host: Host) -> Self:
        """The same connections and counts as the door to ``host``, another member of the cluster. Its creates take turns of their own."""
        other = copy.copy(self)
        vars(other).update(host=host, creating=threading.Lock())
        return other

    def under(self, permit: Permit | None, *, within: float | None = None) -> Self:
        """The same connections and counts with another permit, or none. ``within`` bounds, in seconds, how long an answer may take."""
        other = copy.copy(self)
        timeouts = self._timeouts if within is None else (min(self._timeouts[0], within), min(self._timeouts[1], within))
        session = self._session.alike(writes=permit is not None)
        vars(other).update(_permit=permit, _session=session, _timeouts=timeouts, read_timeout=timeouts[1])
        return other

    @property
    def permit(self) -> Permit | None:
        """What it writes under; None where it only reads."""
        return self._permit

    @property
    def connect_timeout(self) -> float:
        """Seconds that a connection may take."""
        return self._timeouts[0]

    @property
    def client_certificate(self) -> tuple[str, str] | None:
        """Paths of our certificate and its key; None over a unix socket."""
        found = self._session.cert
        return (found[0], found[1]) if isinstance(found, tuple) else None

    def ask_again(self) -> None:
        """Who answers now, and whether it still trusts us: a door that is kept must not go by what was true when it was opened.

        One request. Raises a ``HostError``.
        """
        found = self.get("/1.0")
        if not isinstance(found, dict):
            raise Malformed(f"{self.host.name}: what answers there is not an LXD")
        _check(self.host, found)
        self._told[0] = found

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What LXD told of itself the last time that it was asked."""
        return self._told[0]

    @property
    def term(self) -> str:
        """Of the lease that it writes under; "" where there is none."""
        return self._permit.term if self._permit else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Who still holds the door may use it: each request has a connection of its own then."""
        self._session.close()

    def path(self, *parts: str, project: bool = True, **query: str) -> str:
        """``/1.0/...`` with each part quoted, in our project unless told otherwise."""
        words = {**({"project": self.host.project} if project else {}), **query}
        tail = "&".join(f"{key}={quote(value, safe='')}" for key, value in words.items())
        return "/1.0/" + "/".join(quote(part, safe="") for part in parts) + (f"?{tail}" if tail else "")

    def send(self, method: str, path: str, body: object = None, **given: Any) -> requests.Response:
        """One request; ``given`` may hold ``headers``, ``data`` and ``stream``. Raises a ``HostError`` for anything but success.

        Where it may change something: ``Refused`` (P15) without a permit, ``LeaseHeld`` (P05) where the lease behind the permit is lost.
        """
        allow(self._permit, method, path, body)
        kind = f"{method} {template(path)}"
        with self._counting:
            self.requests[kind] += 1
        if self.observer is None:
            return self._sent(method, path, body, given)
        began, outcome = time.perf_counter(), "ok"
        try:
            return self._sent(method, path, body, given)
        except HostError as error:
            outcome = error.code
            raise
        finally:
            self.observer(self.host.name, kind, time.perf_counter() - began, outcome)

    def _sent(self, method: str, path: str, body: object, given: Mapping[str, Any]) -> requests.Response:
        with mapped(self.host.name):
            response = self._session.ask(method, self.endpoint + path, body, self._timeouts, given)
        if not response.ok or response.is_redirect:
            raise of_status(response.status_code, reason_of(response), self.host.name)
        return response

    def get(self, path: str) -> Any:
        """The metadata of a synchronous answer."""
        return metadata_of(self.send("GET", path), self.host.name)


def template(path: str) -> str:
    """A path without its query and with names replaced: ``/1.0/instances/{name}/state``."""
    parts = path.partition("?")[0].strip("/").split("/")
    named = [number >= _COLLECTION and number % 2 == 0 for number in range(len(parts))]
    if parts[1:3] == _ALIASES:
        named = [number > _COLLECTION for number in range(len(parts))]
    return "/" + "/".join("{name}" if name else part for name, part in zip(named, parts, strict=True))


def metadata_of(response: requests.Response, host: str) -> Any:
    """The metadata of one of LXD's answers. Raises ``Malformed`` where it is none."""
    try:
        document = response.json()
    except ValueError as error:
        raise Malformed(f"{host}: the answer is not JSON") from error
    if not isinstance(document, dict) or document.get("type") not in {"sync", "async"}:
        raise Malformed(f"{host}: the answer is not one of LXD's")
    return document.get("metadata")


def etag_of(response: requests.Response, host: str) -> str:
    """The state that the answer shows, for ``If-Match``. Raises ``Malformed`` without one, for LXD compares an empty one with nothing."""
    etag = str(response.headers.get("ETag", ""))
    if not etag:
        raise Malformed(f"{host}: the answer has no ETag, so what is written over it could be somebody else's")
    return etag


def reason_of(response: requests.Response) -> str:
    """LXD's own word for an error, or ""."""
    try:
        document = response.json()
    except ValueError:
        return ""
    return str(document.get("error", "")) if isinstance(document, dict) else ""


def _in_turn(addresses: tuple[str, ...], after: str) -> tuple[str, ...]:
    start = addresses.index(after) + 1 if after in addresses else 0
    return (*addresses[start:], *addresses[:start])


def _endpoint(address: str) -> str:
    if address.startswith(UNIX):
        return HTTP_UNIX + quote(address.removeprefix(UNIX), safe="")
    return address.rstrip("/")


def _client(endpoint: str, session: Session, timeouts: tuple[float, float], name: str) -> pylxd.Client:
    """The client: it asks ``GET /1.0`` and keeps the answer, whatever it is."""
    try:
        with mapped(name):
            client = pylxd.Client(endpoint=endpoint, session=session, timeout=timeouts)
    except (KeyError, TypeError) as error:
        raise Malformed(f"{name}: what answers there is not an LXD") from error
    if not isinstance(client.host_info, dict):
        raise Malformed(f"{name}: what answers there is not an LXD")
    return client


def _check(host: Host, metadata: Mapping[str, Any]) -> None:
    if metadata.get("auth") != "trusted":
        raise NotTrusted(f"{host.name}: it does not trust our certificate", hint=f"unsandbox hosts add {host.address}")
    # Over TLS the pin was held against what the server proved to own; what it tells of itself must agree all the same.
    shown = convert.identity(metadata, host.fingerprint).fingerprint
    if shown != host.fingerprint:
        raise WrongIdentity(
            f"{host.name}: its certificate is {shown}, the inventory pins {host.fingerprint}",
            hint=f"if the host was made anew on purpose: edit {host.source} (fingerprint)",
        )


def local_fingerprint(socket: Path) -> str:
    """The certificate fingerprint of the LXD behind a unix socket. Raises a ``HostError``."""
    endpoint = _endpoint(f"{UNIX}{socket}")
    with new_session(endpoint, "", None) as session:
        return convert.identity(_client(endpoint, session, (3, 10), str(socket)).host_info).fingerprint
