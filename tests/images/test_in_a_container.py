"""The slim image, built from its recipe and tried on a real daemon by the real command."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from reconciler.model.language import Check
from tests.conftest import REPOSITORY
from tests.e2e.fleet import Fleet
from tests.images.conftest import SLIM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.images.conftest import Workshop
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def test_every_language_of_the_slim_image_keeps_the_contract(
    slim: Workshop, lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path: Path
) -> None:
    clean(lxd)
    fleet = Fleet(tmp_path, [lxd], starter)
    fleet.set_up()
    shutil.copytree(slim.root / "images", tmp_path / "images", ignore=shutil.ignore_patterns("cache"))
    shutil.copytree(REPOSITORY / "images/conformance", tmp_path / "images/conformance")
    (tmp_path / "docs").mkdir()
    told = fleet.run("images", "test", SLIM, "--json", "--write").json
    assert [row["name"] for row in told["languages"]] == ["sh", "awk", "perl"]
    for row in told["languages"]:
        assert row["checks"] == dict.fromkeys((check.value for check in Check), "")
        assert row["version"]
        assert 0 < row["peak"] < 128 << 20
    assert "3 of 3 languages pass every check" in (tmp_path / "docs/languages.md").read_text()
