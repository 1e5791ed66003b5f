"""Images handed on between real daemons, and what a copy that is cut leaves behind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reconciler.app.bringing import bring
from reconciler.errors import Conflict, HostError, OperationFailed
from reconciler.lxd.connect import Door
from reconciler.lxd.gallery import alias_target, image, images
from reconciler.lxd.handing import copy_image
from reconciler.lxd.write import perform
from reconciler.model.plan import DeleteImage, ImportImage, MarkImage, PutObject
from tests.lab.bulky import bulky
from tests.lab.clean import clean_daemon
from tests.lab.permit import ALONE
from tests.lxd.conftest import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

MARKS = {"user.unsandbox.env": "test", "user.unsandbox.name": "starter"}
SLOW = "40mbit"
"""Of a link on which a copy of the large image takes some seconds."""


@pytest.fixture
def doors(three: list[Daemon]) -> Iterator[list[Door]]:
    """Doors to three hosts that have our project and no image."""
    opened = []
    for daemon in three:
        clean_daemon(daemon)
        door = Door.open(host_of(daemon), None, read_timeout=3).under(ALONE)
        perform(door, PutObject("project", door.host.project, {"config": {"features.images": "true", "features.profiles": "true"}}))
        opened.append(door)
    yield opened
    for door in opened:
        door.close()


@pytest.fixture(scope="module")
def large(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file and its fingerprint: long enough on its way to be cut."""
    path = tmp_path_factory.mktemp("large") / "large.tar.gz"
    return path, bulky(starter.tarball, path, 5_000_000)


@contextmanager
def narrow(daemon: Daemon) -> Iterator[None]:
    """While the block runs little goes over the daemon's link."""
    daemon.inside("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", SLOW, "burst", "64kbit", "latency", "400ms")
    try:
        yield
    finally:
        daemon.inside("tc", "qdisc", "del", "dev", "eth0", "root")


def test_a_host_pulls_from_another_with_our_marks(doors: list[Door], starter: Starter) -> None:
    source, target, _ = doors
    perform(source, ImportImage(starter.fingerprint, "", str(starter.tarball), properties=MARKS))
    copy_image(source, target, ImportImage(starter.fingerprint, "", "", source.host.name, MARKS))
    for door in (source, target):
        (found,) = images(door)
        assert found.fingerprint == starter.fingerprint
        assert found.family == "starter"
        assert found.aliases == ()
    assert not any(
        "secret" in (item.get("metadata") or {}) for item in source.get(source.path("operations", recursion="1")).get("running", ())
    )


def test_the_bytes_are_held_against_the_fingerprint(doors: list[Door], three: list[Daemon], starter: Starter) -> None:
    """The source's own file is damaged, so that it sends what it should not: the target takes nothing in."""
    source, target, _ = doors
    perform(source, ImportImage(starter.fingerprint, "", str(starter.tarball)))
    file = three[0].directory / "images" / starter.fingerprint
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(OperationFailed, match=r"[Ff]ingerprint|[Hh]ash"):
        copy_image(source, target, ImportImage(starter.fingerprint, "", "", source.host.name))
    assert images(target) == ()
    with pytest.raises(HostError, match="SHA-256"):
        bring(target, ImportImage(starter.fingerprint, "starter", "", source.host.name), three[0].directory, source)
    assert images(target) == ()
    assert alias_target(target, "starter") == ""
    file.write_bytes(whole)


@pytest.mark.slow
def test_what_is_cut_half_way_is_no_image_until_all_of_it_came(doors: list[Door], three: list[Daemon], large: tuple[Path, str]) -> None:
    source, second, third = doors
    file, fingerprint = large
    perform(source, ImportImage(fingerprint, "", str(file)))
    call = ImportImage(fingerprint, "", "", source.host.name)
    with narrow(three[0]), ThreadPoolExecutor(2) as pool:
        copies = [pool.submit(copy_image, source, door, call) for door in (second, third)]
        under_way(third)
        three[2].cut()
        copies[0].result(30)
        assert [found.fingerprint for found in images(second)] == [fingerprint]
        assert not copies[1].done()
        assert images(third) == ()
        assert image(third, fingerprint) is None
        with pytest.raises(HostError):
            perform(third, MarkImage(fingerprint, {"a": "b"}))
        three[2].heal()
        copies[1].result(30)
    assert [found.fingerprint for found in images(third)] == [fingerprint]


def under_way(door: Door) -> None:
    """Wait until LXD tells how much of an image came, and that it is not all."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        running = door.get(door.path("operations", recursion="1")).get("running") or ()
        told = [str((item.get("metadata") or {}).get("download_progress", "")) for item in running]
        if any("%" in text and not text.split("%")[0].endswith(" 0") for text in told):
            return
        time.sleep(0.05)
    raise AssertionError("no copy is under way")


def test_a_daemon_that_died_over_a_copy_has_nothing_of_it(doors: list[Door], three: list[Daemon], large: tuple[Path, str]) -> None:
    source, target, _ = doors
    file, fingerprint = large
    perform(source, ImportImage(fingerprint, "", str(file)))
    call = ImportImage(fingerprint, "", "", source.host.name)
    with narrow(three[0]), ThreadPoolExecutor(1) as pool:
        copy = pool.submit(copy_image, source, target, call)
        under_way(target)
        three[1].restart()
        with pytest.raises(HostError):
            copy.result(30)
        assert images(target) == ()
    copy_image(source, target, call)
    assert [found.fingerprint for found in images(target)] == [fingerprint]


def test_hosts_that_do_not_reach_one_another_are_served_through_us(
    doors: list[Door], three: list[Daemon], starter: Starter, tmp_path: Path
) -> None:
    source, target, _ = doors
    perform(source, ImportImage(starter.fingerprint, "", str(starter.tarball)))
    call = ImportImage(starter.fingerprint, "starter", "", source.host.name, MARKS)
    three[1].inside("ip", "route", "add", "unreachable", f"{three[0].address}/32")
    try:
        with pytest.raises(OperationFailed):
            copy_image(source, target, call)
        assert bring(target, call, tmp_path, source) == "through us"
    finally:
        three[1].inside("ip", "route", "del", "unreachable", f"{three[0].address}/32")
    assert alias_target(target, "starter") == starter.fingerprint
    assert bring(target, call, tmp_path, source) == "held"


def test_an_image_is_taken_away_only_as_it_was_looked_at(doors: list[Door], starter: Starter) -> None:
    door, *_ = doors
    perform(door, ImportImage(starter.fingerprint, "starter", str(starter.tarball), properties=MARKS))
    perform(door, MarkImage(starter.fingerprint, {"user.unsandbox.served": "2026-01-01"}))
    (found,) = images(door)
    assert found.served == "2026-01-01"
    assert found.properties["os"] == "starter"
    with pytest.raises(Conflict, match="alias starter"):
        perform(door, DeleteImage(starter.fingerprint, found.properties))
    door.send("DELETE", door.path("images", "aliases", "starter"))
    with pytest.raises(Conflict, match="not marked as it was"):
        perform(door, DeleteImage(starter.fingerprint, MARKS))
    perform(door, DeleteImage(starter.fingerprint, found.properties))
    assert images(door) == ()
    perform(door, DeleteImage(starter.fingerprint, found.properties))
