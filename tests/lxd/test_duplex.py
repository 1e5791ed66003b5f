"""A TLS connection that is read and written at once, against OpenSSL's own server over a pair of sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from reconciler.lxd.duplex import GLANCE, Duplex
from tests.fake.certificate import make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Meet = Callable[[], contextlib.AbstractContextManager[tuple[Duplex, ssl.SSLSocket]]]

TURNS = 100
TICKETS = 16
"""More than a server sends by itself: while they are read is when a write that is not kept apart is lost, in one turn of ten to twenty."""
SIZE = 65536
SECONDS = 5.0


@pytest.fixture
def meet(tmp_path: Path) -> Meet:
    """Makes a client's end and the server's, with their hands shaken."""
    certificate = make_certificate(tmp_path)
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    serving.load_cert_chain(certificate.cert, certificate.key)
    serving.num_tickets = TICKETS
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE

    @contextlib.contextmanager
    def pair() -> Iterator[tuple[Duplex, ssl.SSLSocket]]:
        ours, theirs = socket.socketpair()
        with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
            served = pool.submit(serving.wrap_socket, theirs, server_side=True)
            client = Duplex(asking.wrap_socket(ours))
            stack.callback(client.close)
            client.settimeout(SECONDS)
            server = stack.enter_context(served.result())
            server.settimeout(SECONDS)
            yield client, server

    return pair


def read(client: Duplex) -> None:
    """Until there is something, or no connection any more."""
    with contextlib.suppress(OSError, ValueError):
        client.recv(SIZE)


def test_what_is_written_while_tickets_are_read_arrives(meet: Meet) -> None:
    for _ in range(TURNS):
        with meet() as (client, server), ThreadPoolExecutor(1) as pool:
            heard = pool.submit(client.recv, SIZE)
            client.sendall(b"asked")
            assert server.recv(SIZE) == b"asked"
            server.sendall(b"answered")
            assert heard.result() == b"answered"


def test_much_at_once_in_both_directions_arrives_whole(meet: Meet) -> None:
    much = bytes(range(256)) * 16384

    def all_of(connection: Duplex | ssl.SSLSocket) -> bytes:
        came = bytearray()
        while len(came) < len(much):
            came += connection.recv(SIZE)
        return bytes(came)

    with meet() as (client, server), ThreadPoolExecutor(2) as pool:
        # The server's own socket is one of those that bear one direction at a time.
        ours, theirs = pool.submit(client.sendall, much), pool.submit(all_of, server)
        assert theirs.result() == much
        ours.result()
        ours, theirs = pool.submit(server.sendall, much), pool.submit(all_of, client)
        assert theirs.result() == much
        ours.result()


@pytest.mark.parametrize("end", ["close", "shutdown"])
def test_who_waits_is_let_go_when_another_ends_it(meet: Meet, end: str) -> None:
    with meet() as (client, _):
        client.settimeout(None)
        waiting = threading.Thread(target=read, args=(client,))
        waiting.start()
        waiting.join(GLANCE * 2)
        assert waiting.is_alive()
        client.close() if end == "close" else client.shutdown(socket.SHUT_RDWR)
        waiting.join(SECONDS)
        assert not waiting.is_alive()


def test_a_wait_has_its_limit(meet: Meet) -> None:
    with meet() as (client, _):
        client.settimeout(GLANCE)
        with pytest.raises(TimeoutError):
            client.recv(SIZE)


def test_the_end_of_the_other_side_is_the_end(meet: Meet) -> None:
    with meet() as (client, server):
        server.sendall(b"last")
        server.close()
        assert client.recv(SIZE) == b"last"
        assert client.recv(SIZE) == b""
