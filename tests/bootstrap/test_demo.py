"""The demonstration on an LXD that is there already: converges, may be repeated, and goes without a trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY
from tests.lab.daemon import POOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def demo(checkout: Path, verb: str, host: Daemon) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bootstrap.demo", verb],
        cwd=checkout,
        env={**os.environ, "LXD_DIR": str(host.directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def world(host: Daemon) -> dict[str, list[str]]:
    """Everything that a daemon holds, by noun."""
    nouns = ("instances?all-projects=true", "projects", "networks", "network-acls", "images", "profiles", "storage-pools", "certificates")
    return {noun: sorted(host.query("GET", f"/1.0/{noun}")) for noun in nouns}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the demonstration needs, so that this checkout's own .demo is not touched."""
    for folder in ("bootstrap", "images"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".build", "__pycache__"))
    (tmp_path / ".demo-run").mkdir()
    return tmp_path


def test_up_again_and_down(lxd: Daemon, starter: Starter, clean: Callable[..., None], checkout: Path) -> None:
    clean(lxd)
    lxd.add_image(starter.tarball, "starter")
    lxd.lxc("launch", "starter", "bystander", "--storage", POOL)
    before = world(lxd)

    first = demo(checkout, "up", lxd)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.index("touches nothing else") < first.stdout.index("unsandbox -C .demo apply")
    assert lxd.query("GET", "/1.0/instances?project=unsandbox"), "nothing was made"
    raised = world(lxd)

    again = demo(checkout, "up", lxd)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "unsandbox -C .demo apply" not in again.stdout
    assert world(lxd) == raised

    for _time in range(2):
        gone = demo(checkout, "down", lxd)
        assert gone.returncode == 0, gone.stdout + gone.stderr
        assert world(lxd) == before
    assert lxd.query("GET", "/1.0/instances/bystander")["status"] == "Running"
    assert sorted(entry.name for entry in checkout.iterdir()) == ["bootstrap", "images"]


def test_an_lxd_dir_without_lxd_is_named(lxd: Daemon, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lxd, "directory", checkout / "nowhere")
    refused = demo(checkout, "up", lxd)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"demo: LXD_DIR is {checkout}/nowhere and no LXD answers there; start it, or type: unset LXD_DIR; make demo\n"
    )
