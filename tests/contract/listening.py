"""A listener of events: the stream as a daemon sends it, over whichever door the subject has."""

from __future__ import annotations

import json
import socket
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websockets.sync.client import connect, unix_connect

from reconciler.lxd.duplex import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from tests.contract.subject import Subject

SECONDS = 10.0


class Listener:
    """An open stream. ``raw`` holds what came, decoded or not."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.raw: list[str] = []

    def until(self, action: str, name: str, seconds: float = SECONDS) -> dict[str, Any]:
        """The next lifecycle event of ``action`` about the instance or profile ``name``."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.next(deadline - time.monotonic())
            told = event["metadata"]
            if told.get("action") == action and told["source"].partition("?")[0].endswith(f"/{name}"):
                return event

    def next(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next event, of whatever kind. Raises ``TimeoutError``."""
        text = self.connection.recv(timeout=max(0.0, seconds))
        assert isinstance(text, str)
        self.raw.append(text)
        event: dict[str, Any] = json.loads(text)
        return event


@contextmanager
def listening(subject: Subject, query: str) -> Iterator[Listener]:
    """A stream of the subject's daemon. Raises ``websockets.InvalidStatus`` where it will not be opened."""
    address, certificate = subject.host.address, subject.certificate
    target = f"/1.0/events?{query}"
    if certificate is None:
        opened = unix_connect(address.removeprefix("unix:"), uri=f"ws://lxd{target}")
    else:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(certificate.cert, certificate.key)
        where = urlsplit(address)
        wrapped = context.wrap_socket(socket.create_connection((where.hostname, where.port)))
        opened = connect(f"ws://lxd{target}", sock=shared(wrapped), proxy=None)
    with opened as connection:
        yield Listener(connection)
