"""Who answers, whether it trusts us, and what happens when nobody does."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import Malformed, NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.connect import Door, local_fingerprint, template
from reconciler.lxd.enrol import enrol
from tests.lxd.stranger import Stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


@pytest.fixture(scope="module")
def trusted(lxd: Daemon, tmp_path_factory: pytest.TempPathFactory) -> ClientCertificate:
    """A client certificate that the host knows."""
    certificate = load_or_make(tmp_path_factory.mktemp("client"))
    enrol(lxd.url, lxd.fingerprint, certificate, lxd.trust_password)
    return certificate


@contextmanager
def silent(lxd: Daemon) -> Iterator[None]:
    """The daemon is there and says nothing."""
    pid = lxd.pid
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # nsenter, which holds it, stops itself with its child.
        for stopped in (pid, parent):
            os.kill(stopped, signal.SIGCONT)


def test_either_way_in_costs_one_request(host: Host, remote: Host, trusted: ClientCertificate) -> None:
    for place, certificate in ((host, None), (remote, trusted)):
        with Door.open(place, certificate) as door:
            assert door.requests == {"GET /1.0": 1}
            assert door.metadata["environment"]["server_version"]


def test_another_certificate_than_the_pinned_one_is_refused(host: Host, remote: Host, trusted: ClientCertificate) -> None:
    for place, certificate in ((host, None), (remote, trusted)):
        with pytest.raises(WrongIdentity) as caught:
            Door.open(replace(place, fingerprint="0" * 64), certificate)
        assert host.name in caught.value.message


def test_a_client_that_the_host_does_not_know_is_not_let_in(remote: Host, tmp_path: Path) -> None:
    for certificate in (load_or_make(tmp_path), None):
        with pytest.raises(NotTrusted) as caught:
            Door.open(remote, certificate)
        assert caught.value.hint == f"unsandbox hosts add {remote.address}"


def test_the_environment_sends_us_nowhere_else(remote: Host, trusted: ClientCertificate, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nowhere")
    Door.open(remote, trusted).close()


def test_a_cut_link_is_noticed_within_the_connect_time_out(remote: Host, trusted: ClientCertificate, lxd: Daemon) -> None:
    lxd.cut()
    try:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Door.open(remote, trusted, connect_timeout=1)
        assert time.monotonic() - began < 2
    finally:
        lxd.heal()


def test_a_link_cut_while_a_door_is_open(remote: Host, trusted: ClientCertificate, lxd: Daemon) -> None:
    with Door.open(remote, trusted, connect_timeout=1, read_timeout=1) as door:
        lxd.cut()
        try:
            began = time.monotonic()
            with pytest.raises(Unreachable):
                door.get("/1.0/projects")
            assert time.monotonic() - began < 4
        finally:
            lxd.heal()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert door.get("/1.0/projects")
            except Unreachable:
                continue
            return
        pytest.fail("the door did not find its host again")


def test_a_host_that_is_silent_is_noticed_within_the_read_time_out(
    host: Host, remote: Host, trusted: ClientCertificate, lxd: Daemon
) -> None:
    for place, certificate in ((host, None), (remote, trusted)):
        with Door.open(place, certificate, read_timeout=1) as door, silent(lxd):
            began = time.monotonic()
            with pytest.raises(Unreachable, match="no answer in time"):
                door.get("/1.0/projects")
            with pytest.raises(Unreachable, match="no answer in time"):
                Door.open(place, certificate, connect_timeout=1, read_timeout=1)
            assert time.monotonic() - began < 4


def test_no_daemon_and_no_socket(host: Host, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No such file"):
        Door.open(replace(host, address=f"unix:{tmp_path}/absent"), None)
    with pytest.raises(Unreachable, match="refused"):
        Door.open(replace(host, address="https://127.0.0.1:9"), None)
    with pytest.raises(Unreachable):
        Door.open(replace(host, address="https://nobody.invalid:8443"), None)
    with pytest.raises(Unreachable):
        local_fingerprint(tmp_path / "absent")


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nnonsense"])
def test_what_is_not_http_is_not_taken_for_a_host(host: Host, tmp_path: Path, answer: bytes) -> None:
    with Stranger(tmp_path / "socket", answer), pytest.raises((Unreachable, Malformed)):
        Door.open(replace(host, address=f"unix:{tmp_path}/socket"), None)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"metadata": []}', '{"metadata": {"auth": "trusted"}}', '{"type": "sync", "metadata": null}']
)
def test_what_is_not_lxd_is_not_taken_for_a_host(host: Host, tmp_path: Path, text: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
    with Stranger(tmp_path / "socket", answer), pytest.raises(Malformed):
        Door.open(replace(host, address=f"unix:{tmp_path}/socket"), None)


def test_the_local_fingerprint_is_that_of_the_certificate(lxd: Daemon) -> None:
    assert local_fingerprint(lxd.socket) == lxd.fingerprint


def test_one_door_serves_many_threads(host: Host, remote: Host, trusted: ClientCertificate, caplog: pytest.LogCaptureFixture) -> None:
    for place, certificate in ((host, None), (remote, trusted)):
        with Door.open(place, certificate) as door, ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(lambda _: door.get("/1.0/projects"), range(120)))
            assert all(answer == answers[0] for answer in answers)
            assert door.requests["GET /1.0/projects"] == 120
    # urllib3 warns where connections are thrown away because the pool is too small.
    assert not [record for record in caplog.records if "pool" in record.message]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/1.0", "/1.0"),
        ("/1.0/instances?recursion=1", "/1.0/instances"),
        ("/1.0/instances/web/state?project=p", "/1.0/instances/{name}/state"),
        ("/1.0/images/aliases/starter", "/1.0/images/aliases/{name}"),
        ("/1.0/operations/u-1/wait?timeout=3", "/1.0/operations/{name}/wait"),
    ],
)
def test_requests_are_counted_by_template(path: str, shown: str) -> None:
    assert template(path) == shown


def test_names_are_quoted(host: Host) -> None:
    with Door.open(host, None) as door:
        assert door.path("instances", "a/b?c", path="/tmp/x y&z") == "/1.0/instances/a%2Fb%3Fc?project=unsandbox&path=%2Ftmp%2Fx%20y%26z"  # noqa: S108 - nothing is written
