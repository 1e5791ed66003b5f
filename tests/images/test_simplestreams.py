"""The recipe of Alpine, built from a server of images that the test holds on loopback, imported and booted."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY
from tests.images.roomy import roomy
from tests.images.streams import ALIAS, PARTS, publish, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Starter
    from tests.images.conftest import Workshop
    from tests.lab.daemon import Daemon

NAME = "base-alpine"
REMOTES = "default-remote: local\nremotes:\n  ours: {{addr: '{address}', protocol: simplestreams, public: true}}\n"


KINDS = [pytest.param(kind, marks=[] if kind == "squashfs" else pytest.mark.slow) for kind in PARTS]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, workshop: Workshop, starter: Starter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the one server that lxc knows besides those that it brings along and that nobody reaches from here."""
    folder = workshop.root / "server"
    publish(folder, starter, request.param)
    (workshop.root / "lxc").mkdir()
    monkeypatch.setenv("LXD_CONF", str(workshop.root / "lxc"))
    shutil.copytree(REPOSITORY / "images" / NAME, workshop.root / "images" / NAME)
    with serving(folder) as address:
        (workshop.root / "lxc/config.yml").write_text(REMOTES.format(address=address))
        yield folder


def build(workshop: Workshop, expect: int = 0) -> str:
    """What it said. A cache of its own: the layer of another server has the same name."""
    return workshop.run("build", NAME, "--cache", str(workshop.root / "cache"), expect=expect).stderr


@pytest.mark.lxd
def test_what_a_server_has_is_built_imported_and_booted(
    server: Path, workshop: Workshop, lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    build(workshop)
    clean(lxd)
    fleet = roomy(tmp_path_factory.mktemp("fleet"), lxd, starter, workshop.builds)
    told = fleet.run("images", "test", NAME, "--json").json
    assert (told["passed"], told["smoke"]) == (True, "")
    assert server.is_dir()


def test_a_file_that_is_not_what_the_index_says_is_not_taken(server: Path, workshop: Workshop) -> None:
    body = next((server / "files").glob("root.*"))
    with body.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    said = build(workshop, expect=1)
    assert f"fetching {ALIAS} failed" in said
    assert "mismatch" in said
    assert not (workshop.builds / f"{NAME}.json").exists()
    assert not list((workshop.root / "cache/layers").iterdir())
