"""What demo-down removes from an LXD, and above all what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bootstrap import demo, objects
from bootstrap.local_lxd import BootstrapError, answers, find
from bootstrap.made import Made
from bootstrap.rest import LxdError
from tests.lab.daemon import POOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

MARKED = {"user.unsandbox.env": "default"}
PROJECT = {"features.images": "true", "features.profiles": "true", "features.storage.volumes": "true", **MARKED}


def bridge(host: Daemon, name: str, subnet: int, config: dict[str, str]) -> None:
    body = {"name": name, "config": {"ipv4.address": f"10.78.{subnet}.1/24", "ipv6.address": "none", **config}}
    host.query("POST", "/1.0/networks", body)


def launch(host: Daemon, name: str, project: str, config: dict[str, str]) -> None:
    settings = [f"--config={key}={value}" for key, value in config.items()]
    host.lxc("launch", "starter", name, "--project", project, "--storage", POOL, *settings)


@pytest.fixture
def populated(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> Daemon:
    """A demonstration's objects beside somebody else's."""
    clean(lxd)
    lxd.query("POST", "/1.0/projects", {"name": objects.PROJECT, "config": PROJECT})
    lxd.add_image(starter.tarball, "starter", objects.PROJECT)
    lxd.add_image(starter.tarball, "starter")
    for name in ("unsb-zero", "theirs"):
        lxd.query("POST", "/1.0/network-acls", {"name": name})
    for subnet, name in enumerate(("unsb-zero", "theirs")):
        bridge(lxd, name, subnet, {"security.acls": name})
    launch(lxd, "ours", objects.PROJECT, {**MARKED, "security.protection.delete": "true"})
    lxd.lxc("pause", "ours", "--project", objects.PROJECT)
    launch(lxd, "bystander", "default", {})
    return lxd


def test_only_what_was_made_is_removed(populated: Daemon) -> None:
    made = Made(project=True)
    assert objects.strangers(populated.socket) == ["default/bystander"]
    assert objects.remove(populated.socket, made) == []
    assert populated.query("GET", "/1.0/projects") == ["/1.0/projects/default"]
    assert populated.query("GET", "/1.0/instances?all-projects=true") == ["/1.0/instances/bystander"]
    networks = {row["name"] for row in populated.query("GET", "/1.0/networks?recursion=1") if row["managed"]}
    assert networks == {"theirs"}
    assert populated.query("GET", "/1.0/network-acls") == ["/1.0/network-acls/theirs"]
    assert len(populated.query("GET", "/1.0/images")) == 1
    assert objects.has(populated.socket, f"/1.0/storage-pools/{POOL}")
    assert objects.remove(populated.socket, made) == [], "a second time changes nothing"


def test_an_instance_without_our_mark_stays_and_is_named(populated: Daemon) -> None:
    launch(populated, "guest", objects.PROJECT, {})
    stayed = objects.remove(populated.socket, Made(project=True))
    assert stayed == ["instance unsandbox/guest: it carries no mark of ours"]
    left = populated.query("GET", "/1.0/instances?project=unsandbox")
    assert left == ["/1.0/instances/guest?project=unsandbox"]


def test_a_pool_in_use_stays_and_is_named(populated: Daemon) -> None:
    (stayed,) = objects.remove(populated.socket, Made(project=True, pool=True))
    assert stayed.startswith("storage-pools/unsandbox: DELETE /1.0/storage-pools/unsandbox: ")
    assert objects.has(populated.socket, f"/1.0/storage-pools/{POOL}")


def test_names_of_somebody_else_are_refused_untouched(populated: Daemon) -> None:
    with pytest.raises(BootstrapError, match="has projects/unsandbox, networks/unsb-zero, network-acls/unsb-zero, which"):
        demo.check_free(populated.socket, Made())
    assert len(populated.query("GET", "/1.0/instances?all-projects=true")) == 2


def test_what_will_be_made_is_said_first(lxd: Daemon, clean: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    clean(lxd)
    demo.check_free(lxd.socket, Made())
    said = capsys.readouterr().out
    assert "project unsandbox" in said
    assert "unsb-zero and unsb-semi" in said
    assert "storage pool" not in said, "the pool is there and is not made"


def test_a_pool_is_made_on_btrfs(lxd: Daemon, clean: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    clean(lxd)
    monkeypatch.setattr(objects, "POOL", "second")
    assert objects.make_pool(lxd.socket) == "btrfs"
    clean(lxd)


def test_the_lxd_named_by_lxd_dir_is_found(lxd: Daemon, tmp_path: Path) -> None:
    assert find({"LXD_DIR": str(lxd.directory)}) == lxd.socket
    assert find({"LXD_DIR": str(tmp_path)}) is None
    assert not answers(tmp_path / "unix.socket")


def test_no_answer_is_not_absence(tmp_path: Path) -> None:
    with pytest.raises(LxdError, match="does not answer"):
        objects.has(tmp_path / "unix.socket", "/1.0/projects/unsandbox")
