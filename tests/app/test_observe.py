"""What it means that a host could not be seen, and which instance is ours to live in."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.doors import Doors
from reconciler.app.observe import code_of, observe
from reconciler.app.own import FIRST_PIDS, own_instance
from reconciler.app.settings import Settings
from reconciler.errors import HostBusy, HostError, Malformed, NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.enrol import enrol
from reconciler.model.names import Kind, Ref
from reconciler.model.resources import Capacity, Host, HostState, Source
from reconciler.model.world import Grade
from tests.lab.daemon import POOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

OWN = Host(
    ref=Ref(Kind.HOST, "h1"),
    address="unix:/nowhere/unix.socket",
    fingerprint="0" * 64,
    project="unsandbox",
    location="lab",
    labels=(),
    capacity=Capacity(),
    state=HostState.ACTIVE,
    pool=POOL,
    subnet="10.231.0.1/20",
    source=Source("inventory/lab.yaml", 1),
)
LENT = replace(OWN, partner="acme")


@pytest.mark.parametrize(
    ("error", "ours", "partners"),
    [
        (Unreachable("no answer in time"), "O01", "O01"),
        (WrongIdentity("another certificate"), "O02", "F12"),
        (NotTrusted("it does not trust us"), "O01", "F12"),
        (Malformed("not LXD"), "O01", "O01"),
        (HostBusy("locked"), "O01", "O01"),
        (HostError("anything"), "O01", "O01"),
    ],
)
def test_what_an_error_means(error: HostError, ours: str, partners: str) -> None:
    assert (code_of(error, OWN), code_of(error, LENT)) == (ours, partners)


@pytest.mark.lxd
def test_each_host_is_seen_or_not_for_itself(lxd: Daemon, tmp_path: Path) -> None:
    def named(name: str, address: str = f"unix:{lxd.socket}") -> Host:
        return replace(OWN, ref=Ref(Kind.HOST, name), address=address, fingerprint=lxd.fingerprint)

    certificate = load_or_make(tmp_path)
    enrol(lxd.url, lxd.fingerprint, certificate, lxd.trust_password)
    hosts = [
        named("here"),
        named("afar", lxd.url),
        named("dead", f"unix:{tmp_path}/unix.socket"),
        replace(named("other"), fingerprint="0" * 64),
        replace(named("renamed"), server_name="somebody"),
        replace(named("lent", lxd.url), fingerprint="0" * 64, partner="acme"),
    ]
    with Doors(Settings(tmp_path, tmp_path, tmp_path)) as doors:
        observed = observe(hosts, doors)
    assert {name: (view.grade, view.code) for name, view in observed.hosts.items() if view.grade is Grade.UNSEEN} == {
        "dead": (Grade.UNSEEN, "O01"),
        "other": (Grade.UNSEEN, "O02"),
        "renamed": (Grade.UNSEEN, "O02"),
        "lent": (Grade.UNSEEN, "F12"),
    }
    assert {observed.hosts[name].grade for name in ("here", "afar")} == {Grade.COMPLETE}
    assert all(view.seen_at <= observed.at for view in observed.hosts.values())


@pytest.mark.lxd
def test_a_partner_who_trusts_us_no_more_is_known_by_it(lxd: Daemon, tmp_path: Path) -> None:
    """The certificate is made when the door is opened, and was never enrolled."""
    lent = replace(LENT, address=lxd.url, fingerprint=lxd.fingerprint)
    with Doors(Settings(tmp_path, tmp_path, tmp_path)) as doors:
        views = observe([lent, replace(lent, ref=Ref(Kind.HOST, "h2"), partner="")], doors).hosts
    assert {name: (view.grade, view.code) for name, view in views.items()} == {"h1": (Grade.UNSEEN, "F12"), "h2": (Grade.UNSEEN, "O01")}
    assert "host-not-trusted" in views["h1"].why[0]


def proc(root: Path, pids: str, environ: bytes | None) -> Path:
    """A /proc with as much as is looked at."""
    (root / "self/ns").mkdir(parents=True)
    (root / "self/ns/pid").symlink_to(pids)
    (root / "1").mkdir()
    if environ is not None:
        (root / "1/environ").write_bytes(environ)
    return root


CONTAINED = "pid:[4026532000]"


@pytest.mark.parametrize(
    ("pids", "environ", "inside"),
    [
        (FIRST_PIDS, None, False),
        (CONTAINED, b"container=lxc\0TERM=linux\0", True),
        (CONTAINED, b"TERM=linux\0container=lxc\0", True),
        (CONTAINED, b"TERM=linux\0container=podman\0", False),
        (CONTAINED, b"not_container=lxc\0", False),
        (CONTAINED, None, True),
    ],
)
def test_the_container_around_us(tmp_path: Path, pids: str, environ: bytes | None, inside: bool) -> None:
    assert own_instance(proc(tmp_path, pids, environ)) == (socket.gethostname() if inside else "")


def test_where_nothing_can_be_told_we_may_be_in_one(tmp_path: Path) -> None:
    assert own_instance(tmp_path) == socket.gethostname()


@pytest.mark.lxd
def test_a_real_container_is_told_by_what_it_shows(lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path: Path) -> None:
    clean(lxd)
    lxd.add_image(starter.tarball, "starter")
    lxd.lxc("launch", "starter", "around", "--storage", POOL)

    def inside(command: str) -> str:
        return lxd.lxc("exec", "around", "--", "sh", "-c", command)

    pids, environ = inside("readlink /proc/self/ns/pid").strip(), inside("cat /proc/1/environ")
    assert own_instance(proc(tmp_path, pids, environ.encode())) == socket.gethostname()
    assert inside("hostname").strip() == "around"
