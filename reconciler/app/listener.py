"""Answering ``/metrics``, ``/healthz`` and ``/readyz``: to few at a time, briefly, and to nobody beyond this machine unless told."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn, UnixStreamServer
from typing import TYPE_CHECKING, Any

from prometheus_client.exposition import choose_encoder

from reconciler.app.listening import HINT, UNIX, bind_unix, parse
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.app.listening import Listening
    from reconciler.app.telemetry import Telemetry

WITHIN = 10.0
"""Seconds for one request, from its first byte to its last."""
AT_ONCE = 8
"""Requests at a time; one more is turned away."""


class _Handler(BaseHTTPRequestHandler):
    """One request a connection: HTTP/1.0, which every scraper speaks."""

    timeout = WITHIN
    server_version = "unsandbox"
    sys_version = ""
    server: _Tcp | _Unix

    def setup(self) -> None:
        # Each read has a time-out, which one byte at a time would never meet; so the whole request has one.
        self._end = threading.Timer(WITHIN, self._cut)
        self._end.daemon = True
        self._end.start()
        super().setup()

    def finish(self) -> None:
        self._end.cancel()
        with suppress(OSError):
            super().finish()

    def _cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        """Answer."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        status, kind, body = self._found()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    def _found(self) -> tuple[HTTPStatus, str, bytes]:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            return _text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no body is taken")
        if not self.server.listening.trusts(self.headers.get("Host", "")):
            # A page in a browser can have its own name point here; it cannot choose what is written in Host.
            return _text(HTTPStatus.MISDIRECTED_REQUEST, "ask for an address, not for a name")
        telemetry, path = self.server.telemetry, self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            return HTTPStatus.OK, kind, encode(telemetry.metrics.registry)
        if path in {"/healthz", "/readyz"}:
            found = telemetry.problems() if path == "/healthz" else telemetry.unready()
            body = json.dumps({"ok": not found, "problems": list(found)}).encode() + b"\n"
            return HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK, "application/json", body
        return _text(HTTPStatus.NOT_FOUND, "there are /metrics, /healthz and /readyz")

    def address_string(self) -> str:
        """Of a unix socket there is none."""
        return ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is http.server's
        """Nothing: who asks is none of the log's business."""


def _text(status: HTTPStatus, text: str) -> tuple[HTTPStatus, str, bytes]:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()


class _Bounded(ThreadingMixIn):
    """``AT_ONCE`` threads at most. One request that fails is its own affair."""

    daemon_threads = True
    request_queue_size = 16
    allow_reuse_address = True

    def __init__(self, telemetry: Telemetry, listening: Listening, address: Any) -> None:
        self.telemetry = telemetry
        self.listening = listening
        self._free = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)  # type: ignore[call-arg]  # of the server that this is mixed into

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread, or turned away at once."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[attr-defined]  # the same
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread of one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away is no error of ours."""


class _Tcp(_Bounded, TCPServer):
    pass


class _Tcp6(_Tcp):
    address_family = socket.AF_INET6


class _Unix(_Bounded, UnixStreamServer):
    def server_bind(self) -> None:
        bind_unix(self.socket, self.listening.path)


@contextmanager
def serve(telemetry: Telemetry, address: str, *, anywhere: bool = False) -> Iterator[str]:
    """Answer at ``address``, ``127.0.0.1:PORT`` or ``unix:/path``, while the block runs; yields where that is.

    Raises ``UsageError`` where the address is none, is taken, or is one beyond this machine and not ``anywhere``.
    """
    listening = parse(address, anywhere=anywhere)
    try:
        server = _open(telemetry, listening)
    except OSError as error:
        raise UsageError(f"--listen {address}: {error.strerror or error}", hint=HINT) from error
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.25}, name="listener", daemon=True).start()
    try:
        yield f"{UNIX}{listening.path}" if listening.path else "{}:{}".format(*server.socket.getsockname()[:2])
    finally:
        server.shutdown()
        server.server_close()
        if listening.path:
            Path(listening.path).unlink(missing_ok=True)


def _open(telemetry: Telemetry, listening: Listening) -> _Tcp | _Unix:
    if listening.address is None:
        return _Unix(telemetry, listening, listening.path)
    kind = _Tcp6 if listening.address.version == 6 else _Tcp  # noqa: PLR2004 - the other version of IP
    return kind(telemetry, listening, (str(listening.address), listening.port))
