"""Making a real host trust us."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import NotTrusted, Unreachable, UsageError, WrongIdentity
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.connect import Door
from reconciler.lxd.enrol import enrol, host_and_port, server_fingerprint, token_fields

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def clients(lxd: Daemon) -> set[str]:
    return set(lxd.query("GET", "/1.0/certificates"))


def test_the_fingerprint_is_read_without_trust(lxd: Daemon) -> None:
    assert server_fingerprint(lxd.url) == lxd.fingerprint


def test_a_server_that_is_not_there(lxd: Daemon) -> None:
    with pytest.raises(Unreachable, match="refused"):
        server_fingerprint(lxd.url.replace(":8443", ":9"))


@pytest.mark.parametrize("url", ["lxd.example", "http://lxd.example:8443", "https://", "https://lxd.example:port", "https://[::1"])
def test_what_is_no_url_is_said_before_anything_is_tried(url: str) -> None:
    with pytest.raises(UsageError, match="https://address:port"):
        server_fingerprint(url)


def test_the_port_may_be_left_out() -> None:
    assert host_and_port("https://lxd.example") == ("lxd.example", 8443)
    assert host_and_port("https://[2001:db8::1]:9443/") == ("2001:db8::1", 9443)


def test_a_password_enrols(lxd: Daemon, remote: Host, tmp_path: Path) -> None:
    certificate = load_or_make(tmp_path)
    before = clients(lxd)
    identity = enrol(lxd.url + "/", lxd.fingerprint, certificate, lxd.trust_password)
    assert identity.fingerprint == lxd.fingerprint
    assert identity.version
    assert len(clients(lxd) - before) == 1
    Door.open(remote, certificate).close()
    # One that is trusted already needs no secret, and the host is left as it is.
    enrol(lxd.url, lxd.fingerprint, certificate, "wrong")
    assert len(clients(lxd) - before) == 1


def test_a_token_enrols_once(lxd: Daemon, remote: Host, tmp_path: Path) -> None:
    token = lxd.trust_token("unsandbox")
    assert token_fields(token)["fingerprint"] == lxd.fingerprint
    certificate = load_or_make(tmp_path / "first")
    enrol(lxd.url, lxd.fingerprint, certificate, f"{token}\n")
    Door.open(remote, certificate).close()
    with pytest.raises(NotTrusted, match="not taken"):
        enrol(lxd.url, lxd.fingerprint, load_or_make(tmp_path / "second"), token)


def test_a_wrong_secret_is_not_repeated_in_the_message(lxd: Daemon, tmp_path: Path) -> None:
    before = clients(lxd)
    with pytest.raises(NotTrusted) as caught:
        enrol(lxd.url, lxd.fingerprint, load_or_make(tmp_path), "hunter2")
    assert "hunter2" not in caught.value.message + caught.value.hint
    assert "lxc config trust add" in caught.value.hint
    assert clients(lxd) == before


def test_nothing_is_sent_to_a_server_with_another_certificate(lxd: Daemon, tmp_path: Path) -> None:
    before = clients(lxd)
    with pytest.raises(WrongIdentity):
        enrol(lxd.url, "0" * 64, load_or_make(tmp_path), lxd.trust_password)
    assert clients(lxd) == before


def test_a_token_of_another_server_is_not_sent(lxd: Daemon, tmp_path: Path) -> None:
    fields = {**token_fields(lxd.trust_token("elsewhere")), "fingerprint": "f" * 64}
    token = base64.b64encode(json.dumps(fields).encode()).decode()
    before = clients(lxd)
    with pytest.raises(WrongIdentity, match="nothing was sent"):
        enrol(lxd.url, lxd.fingerprint, load_or_make(tmp_path), token)
    assert clients(lxd) == before


@pytest.mark.parametrize("secret", ["", "password", "cGFzc3dvcmQ=", "WzFd", "e30=", "ümlaut"])
def test_a_password_is_not_taken_for_a_token(secret: str) -> None:
    assert token_fields(secret) == {}
