"""Web servers of the world outside: one a namespace, on every address it has, which write down who was asked for what."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from tests.lxd.netns import within

if TYPE_CHECKING:
    from pathlib import Path


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    heard: list[str]
    elsewhere: str


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def do_GET(self) -> None:
        here = self.connection.getsockname()[0]
        self.server.heard.append(f"{here} {self.path}")
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", self.server.elsewhere)
            self.end_headers()
            return
        size = int(self.path.removeprefix("/bytes/")) if self.path.startswith("/bytes/") else 0
        body = b"x" * size if size else f"this is {here}; you are {self.client_address[0]}; {sorted(self.headers)}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_words: object) -> None:
        """Nothing: what was asked is in ``heard``."""


class Web:
    """Answers on ``address`` and port. ``heard``: ``address path`` of each request. A context manager."""

    def __init__(self, namespace: Path, address: str, port: int, elsewhere: str = "") -> None:
        self._server = _Server((address, port), _Answers, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = within(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self._server.heard, self._server.elsewhere = [], elsewhere
        self._server.allow_reuse_address = True
        self._server.server_bind()
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def heard(self) -> list[str]:
        return self._server.heard

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
