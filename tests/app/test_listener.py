"""The listener, asked over real sockets."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.app import listener
from reconciler.app.listener import AT_ONCE, serve
from reconciler.app.telemetry import Telemetry
from reconciler.app.telemetry_health import Patience
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def told() -> Iterator[Telemetry]:
    with Telemetry() as made:
        yield made


def ask(address: str, method: str, path: str, headers: dict[str, str] | None = None, body: str | None = None) -> tuple[int, str, str]:
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0"])
def test_metrics_are_scraped(told: Telemetry, address: str) -> None:
    with serve(told, address) as bound:
        status, kind, text = ask(bound, "GET", "/metrics")
        assert (status, kind.startswith("text/plain")) == (200, True)
        assert {family.name for family in text_string_to_metric_families(text)} >= {"unsandbox_build_info", "process_open_fds"}
        assert ask(bound, "HEAD", "/metrics")[::2] == (200, "")
    with pytest.raises(OSError, match="refused"):
        ask(bound, "GET", "/metrics")


def test_health_is_a_status_and_says_what_is_wrong() -> None:
    with Telemetry(patience=Patience(beat=0.05)) as told, serve(told, "127.0.0.1:0") as bound:
        told.beat()
        assert ask(bound, "GET", "/healthz")[::2] == (200, '{"ok": true, "problems": []}\n')
        time.sleep(0.1)
        status, kind, text = ask(bound, "GET", "/healthz")
        assert (status, kind, json.loads(text)) == (503, "application/json", {"ok": False, "problems": ["the loop gave no sign for 0 s"]})
        assert ask(bound, "GET", "/readyz")[0] == 503


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/", {}, None, 404),
        ("GET", "/metrics/../etc", {}, None, 404),
        ("POST", "/metrics", {}, "x", 501),
        ("DELETE", "/metrics", {}, None, 501),
        ("GET", "/metrics", {}, "a body", 413),
        ("GET", "/metrics", {"Host": "rebound.example.org"}, None, 421),
        ("GET", "/metrics", {"Host": "localhost:9464"}, None, 200),
        ("GET", "/metrics?a=b", {"Host": "[::1]:9464"}, None, 200),
    ],
)
def test_nothing_else_is_answered(told: Telemetry, method: str, path: str, headers: dict[str, str], body: str | None, status: int) -> None:
    with serve(told, "127.0.0.1:0") as bound:
        assert ask(bound, method, path, headers, body)[0] == status


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "example.org:80", "127.0.0.1", "127.0.0.1:99999", "unix:run", ""]
)
def test_an_address_beyond_this_machine_or_none_is_refused(told: Telemetry, address: str) -> None:
    with pytest.raises(UsageError, match="--listen"), serve(told, address):
        pass


def test_beyond_this_machine_where_that_is_meant(told: Telemetry) -> None:
    with serve(told, "0.0.0.0:0", anywhere=True) as bound:
        assert ask(bound.replace("0.0.0.0", "127.0.0.1"), "GET", "/metrics")[0] == 200  # noqa: S104 - the same


def test_a_port_that_is_taken_is_said(told: Telemetry) -> None:
    with serve(told, "127.0.0.1:0") as bound, pytest.raises(UsageError, match="in use"), serve(told, bound):
        pass


def test_a_unix_socket_is_its_owners_alone_and_takes_the_place_of_a_dead_one(told: Telemetry, tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with serve(told, f"unix:{path}") as bound:
        assert bound == f"unix:{path}"
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(path))
            asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: anything\r\n\r\n")
            assert asking.recv(100).startswith(b"HTTP/1.0 200 OK")
        with pytest.raises(UsageError, match="already"), serve(told, f"unix:{path}"):
            pass
    assert not path.exists()
    path.write_text("a file")
    with pytest.raises(UsageError, match="no socket"), serve(told, f"unix:{path}"):
        pass
    assert path.read_text() == "a file"


def test_who_says_nothing_is_cut_off_and_holds_nobody_up(told: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "WITHIN", 0.6)
    with serve(told, "127.0.0.1:0") as bound:
        host, _, port = bound.rpartition(":")
        slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(AT_ONCE)]
        for one in slow:
            one.sendall(b"GET /me")
        end = time.monotonic() + 5
        while sum(thread.name.startswith("Thread-") for thread in threading.enumerate()) < AT_ONCE and time.monotonic() < end:
            time.sleep(0.01)
        with socket.create_connection((host, int(port)), timeout=10) as turned_away:
            assert turned_away.recv(10) == b""
        for one in slow:
            with one:
                one.sendall(b"t")
                assert one.recv(10) == b""
        assert ask(bound, "GET", "/metrics")[0] == 200
