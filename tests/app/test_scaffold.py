from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.app.languages import read_languages
from reconciler.app.repository import load_desired
from reconciler.app.scaffold import environment_of, init
from reconciler.app.settings import settings_from
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import Options
from reconciler.model.names import is_name
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = Options(host_address="unix:/run/lxd.socket", fingerprint="b" * 64, image_fingerprint="a" * 64)


def test_two_repositories_never_share_an_environment(tmp_path: Path) -> None:
    """They would destroy each other's containers: what carries the environment and is not declared goes."""
    found = set()
    for parent in ("here", "there"):
        root = tmp_path / parent / "fleet"
        init(root, KNOWN)
        found.add(load_desired(settings_from(root, {})).policy.environment)
    assert len(found) == 2
    assert all(name.startswith("fleet-") for name in found)
    assert read_languages(tmp_path / "here" / "fleet") == read_languages(REPOSITORY)


@pytest.mark.parametrize("name", ["fleet", ".demo", "42", "My Fleet!", "x" * 80, "-"])
def test_any_folder_gives_a_name(tmp_path: Path, name: str) -> None:
    assert is_name(environment_of(tmp_path / name))


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not an empty folder"):
        init(tmp_path, KNOWN)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
