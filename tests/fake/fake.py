"""The fake as tests hold it: it listens, lies where it is told to, keeps what was asked of it, and tells the truth to ``query``."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fake.answers import Request
from tests.fake.certificate import fingerprint_of, make_certificate
from tests.fake.images import image_row
from tests.fake.info import trusted_row
from tests.fake.lies import Liar, Sending, replaced
from tests.fake.router import Router
from tests.fake.server import LOOPBACK, POLL, listen_tls, listen_unix
from tests.fake.state import State
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.fake.answers import Answer
    from tests.fake.certificate import Certificate
    from tests.fake.lies import Told
    from tests.fake.server import Wire


@dataclass(frozen=True)
class Asked:
    """A write that came from outside. ``before`` is the true row of the instance that it is about; None where there is none."""

    method: str
    path: str
    project: str
    body: Mapping[str, Any] = field(repr=False)
    before: Mapping[str, Any] | None = field(repr=False)


class Fake:
    """An LXD in this process. ``folder`` holds its socket and keys; a socket's path may have 107 characters."""

    def __init__(self, folder: Path, name: str = "fake") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.socket = folder / "unix.socket"
        self.certificate = make_certificate(folder)
        self.state = State(name=name)
        self.liar = Liar()
        self.state.events.liar = self.liar
        self.writes: list[Asked] = []
        self.url = ""
        self._folder = folder
        self._router = Router(self.state, self.certificate)
        self._shown = self.certificate
        self._introduced: list[str] = []
        self._ends: list[Any] = []

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's certificate."""
        return self.certificate.fingerprint

    @property
    def router(self) -> Router:
        """What answers truly."""
        return self._router

    def __enter__(self) -> Self:
        return self.listen()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def listen(self, *, tls: bool = True, poll: float = POLL) -> Self:
        """Open both doors, or the socket alone. ``poll``: seconds within which they notice that they are to close."""
        self._ends = [listen_unix(self.socket, self._serve, poll)]
        return self._listen_tls(poll) if tls else self

    def _listen_tls(self, poll: float) -> Self:
        tls = listen_tls(self._serve, self._context, lambda peer: peer in self.state.certificates, poll)
        self._ends.append(tls)
        port = tls.server_address[1]
        self.url = f"https://{LOOPBACK}:{port}"
        self.state.addresses = [f"{LOOPBACK}:{port}"]
        return self

    def close(self) -> None:
        """Close both."""
        for end in self._ends:
            end.end()
        self._ends = []
        self._router.operations.rest()

    def introduce(self, pem: str, *, trusted: bool = True) -> None:
        """Make a client known. Python's TLS takes only clients it was told of, so one that is not trusted has to be introduced as well."""
        self._introduced.append(pem)
        if trusted:
            fingerprint = fingerprint_of(pem)
            self.state.certificates[fingerprint] = trusted_row(fingerprint, "introduced")

    def show(self, certificate: Certificate | None) -> None:
        """Show another certificate to those who connect over TLS from here on; None for the daemon's own."""
        self._shown = certificate or self.certificate

    def another_certificate(self) -> Certificate:
        """One that nobody pinned."""
        return make_certificate(self._folder, "another")

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._shown.cert, self._shown.key)
        context.verify_mode = ssl.CERT_OPTIONAL
        for pem in self._introduced:
            context.load_verify_locations(cadata=pem)
        return context

    def _serve(self, request: Request, wire: Wire) -> None:
        told = self.liar.about(request)
        instead = replaced(told)
        ways = {item.deceit.sending for item in told}
        if instead is not None:
            return wire.send(instead, told)
        if Sending.NEVER_DONE in ways:
            return wire.drop()
        if Sending.LATE in ways:
            seconds = max(item.seconds for item in told)
            threading.Timer(seconds, self._carry_out, (request,)).start()
            wire.wait(seconds + 1)
            return wire.drop()
        answer = self._bent(request, told)
        if answer.stream is None:
            return wire.send(answer, told)
        try:
            return wire.stream(answer.stream)
        finally:
            self.state.events.close(answer.stream)

    def _bent(self, request: Request, told: list[Told]) -> Answer:
        answer = self._carry_out(request)
        for item in told:
            answer = item.bent(answer)
        return answer

    def _carry_out(self, request: Request) -> Answer:
        if request.method != "GET":
            self.writes.append(self._asked(request))
        return self._router.answer(request)

    def _asked(self, request: Request) -> Asked:
        before = None
        if request.parts[:1] == ("instances",) and len(request.parts) > 1:
            told = self._router.answer(Request("GET", request.parts[:2], {"project": request.project}))
            before = told.metadata if told.status == 200 else None
        is_json = request.headers.get("content-type", "").startswith("application/json")
        return Asked(request.method, request.path, request.project, json.loads(request.body or b"{}") if is_json else {}, before)

    def query(self, method: str, target: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask for the truth, past the lies, and wait for operations: the metadata. Errors are ``QueryError``, as a real daemon's are."""
        url = urlsplit(target)
        content = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        parts = tuple(unquote(part) for part in url.path.strip("/").split("/")[1:])
        answer = self._router.answer(Request(method, parts, dict(parse_qsl(url.query)), headers or {}, content))
        if answer.status >= 400:
            raise QueryError(answer.status, f"{method} {target}: {answer.document['error']}")
        if answer.status != 202:
            return answer.metadata
        operation = self._router.operations.find(str(answer.metadata["id"]))
        operation.over.wait(60)
        if operation.error:
            raise QueryError(400, f"{method} {target}: {operation.error}")
        return operation.row()

    def dies(self, name: str, project: str) -> None:
        """A container ends by itself, as when its first process is killed."""
        with self.state.lock:
            item = self.state.projects[project].instances[name]
            self.state.events.ending(name, project)
            item.config["volatile.last_state.power"] = "STOPPED"
            item.status = "Stopped"
            self.state.events.lifecycle("instance-shutdown", ("instances", name), project)

    def hold_image(self, fingerprint: str, project: str) -> None:
        """Have an image in a project without its bytes."""
        self.state.projects[project].images[fingerprint] = image_row(fingerprint, 1 << 20)
