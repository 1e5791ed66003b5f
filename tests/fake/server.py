"""Sending: HTTP over a unix socket and over TLS, each connection a thread. What the lies do to an answer on its way is done here."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import socketserver
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fake.answers import LOCAL, Answer, Request
from tests.fake.lies import Sending
from tests.fake.stream import Stream

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from tests.fake.events import Subscription
    from tests.fake.lies import Told

    Serve = Callable[[Request, "Wire"], None]

FOR_EVER = 3600.0
LOOPBACK = "127.0.0.1"
POLL = 0.02


class Wire:
    """One request's way back. ``send`` is called once, or ``drop``."""

    def __init__(self, handler: _Handler, closing: threading.Event) -> None:
        self._handler = handler
        self._closing = closing

    def send(self, answer: Answer, told: list[Told]) -> None:
        """Send it, as the lies want it sent."""
        skew = 0.0
        for item in told:
            sending = item.deceit.sending
            if sending in {Sending.SLOW, Sending.SILENT}:
                self._closing.wait(item.seconds or FOR_EVER)
            if sending in {Sending.LOST, Sending.SILENT}:
                return self.drop()
            if sending is Sending.NOT_JSON:
                answer = Answer(200, headers={"Content-Type": "text/html"}, raw=b"<html>it works</html>")
            if sending is Sending.CUT:
                return self._write(answer, skew, half=True)
            if sending is Sending.SKEWED:
                skew = item.seconds
        return self._write(answer, skew, half=False)

    def stream(self, subscription: Subscription) -> None:
        """Go on as a websocket until it ends."""
        self.drop()
        Stream(self._handler.request, self._handler.head(), subscription, self._closing).run()

    def wait(self, seconds: float) -> None:
        """Let time go by, or the server's end."""
        self._closing.wait(seconds)

    def drop(self) -> None:
        """Close the connection."""
        self._handler.close_connection = True

    def _write(self, answer: Answer, skew: float, *, half: bool) -> None:
        payload = answer.payload()
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=skew), usegmt=True)  # noqa: TID251 - a daemon has a clock of its own
        lines = {"Content-Type": "application/json", **answer.headers, "Date": date, "Content-Length": str(len(payload))}
        head = f"HTTP/1.1 {answer.status} {_reason(answer.status)}\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items())
        # A client that gave up is gone, and there is nobody to tell.
        with contextlib.suppress(OSError):
            self._handler.wfile.write(head.encode() + b"\r\n" + (payload[: len(payload) // 2] if half else payload))
        if half:
            self.drop()


def _reason(status: int) -> str:
    return {200: "OK", 201: "Created", 202: "Accepted"}.get(status, "Error")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        """TLS is shaken hands on in the connection's own thread, so that a slow one holds up nobody."""
        self.peer = ""
        if self.server.context is not None:
            self.request = self.server.context().wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            with contextlib.ExitStack() as stack:
                stack.callback(self.request.close)
                self.server.replace(self.request)
                self.request.do_handshake()
                stack.pop_all()
            shown = self.request.getpeercert(binary_form=True)
            self.peer = hashlib.sha256(shown).hexdigest() if shown else ""
        super().setup()

    def handle(self) -> None:
        # The other side may go at any moment; that is its right and no error of ours.
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.request.close()

    def head(self) -> bytes:
        """The request's line and headers once more."""
        lines = [f"{self.command} {self.path} {self.request_version}", *(f"{key}: {value}" for key, value in self.headers.items())]
        return "\r\n".join((*lines, "", "")).encode()

    def _requestor(self) -> dict[str, str]:
        if self.server.context is None:
            return dict(LOCAL)
        return {"username": self.peer, "protocol": "tls", "address": ":".join(str(part) for part in self.client_address[:2])}

    def _one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            parts=tuple(unquote(part) for part in target.path.strip("/").split("/")[1:]),
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={key.lower(): value for key, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            trusted=self.server.context is None or self.server.trusts(self.peer),
            requestor=self._requestor(),
        )
        self.server.serve(request, Wire(self, self.server.closing))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _one  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Nothing: tests read what the fake keeps."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    serve: Serve
    trusts: Callable[[str], bool]
    context: Callable[[], ssl.SSLContext] | None = None

    def __init__(self, address: Any) -> None:
        super().__init__(address, _Handler)
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        if isinstance(client_address, tuple):
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def replace(self, wrapped: socket.socket) -> None:
        """Remember the socket in its TLS form. Raises ``OSError`` where the server ended meanwhile: nobody would close it any more."""
        with self._guard:
            self._open.add(wrapped)
            if self.closing.is_set():
                raise ConnectionAbortedError

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._guard:
            self._open = {item for item in self._open if item.fileno() != -1}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that failed, a client that went."""

    def end(self) -> None:
        """Stop listening and close every connection."""
        self.closing.set()
        self.shutdown()
        with self._guard:
            for item in self._open:
                with contextlib.suppress(OSError):
                    item.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _UnixServer(_Server):
    address_family = socket.AF_UNIX


def listen_unix(path: Path, serve: Serve, poll: float) -> _Server:
    """Listen on a unix socket, whose every client is trusted."""
    path.unlink(missing_ok=True)
    server = _UnixServer(str(path))
    return _begin(server, serve, poll)


def listen_tls(serve: Serve, context: Callable[[], ssl.SSLContext], trusts: Callable[[str], bool], poll: float) -> _Server:
    """Listen on a free port of 127.0.0.1. ``context`` is asked for each connection, ``trusts`` about each client's fingerprint."""
    server = _Server((LOOPBACK, 0))
    server.context, server.trusts = context, trusts
    return _begin(server, serve, poll)


def _begin(server: _Server, serve: Serve, poll: float) -> _Server:
    server.serve = serve
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": poll}, daemon=True).start()
    return server
