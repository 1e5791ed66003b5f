"""A repository with recipes of the test's own, whose layers come from the cache that this checkout has."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY, SHARED

if TYPE_CHECKING:
    from pathlib import Path

SLIM = "slim-test"


@dataclass(frozen=True)
class Workshop:
    """A repository in which images are built by the real command."""

    root: Path
    cache: Path = SHARED

    @property
    def builds(self) -> Path:
        return self.root / "images/.build"

    def recipe(self, name: str, text: str, **files: str) -> None:
        folder = self.root / "images" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recipe.yaml").write_text(f"name: {name}\ndescription: of a test\n{text}")
        for file, content in files.items():
            (folder / file.replace("_", ".")).write_text(content)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "reconciler.cli", "-C", str(self.root), "images", *arguments]

    def run(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, timeout=280)
        assert done.returncode == expect, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def build(self, name: str, *options: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run("build", name, "--cache", str(self.cache), *options, expect=expect)

    def facts(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.builds / f"{name}.json").read_text())
        return found

    def layers(self) -> set[str]:
        return {path.name for path in (self.cache / "layers").glob("*")} if self.cache.exists() else set()


def workshop_at(root: Path) -> Workshop:
    made = Workshop(root)
    (root / "images").mkdir()
    shutil.copy(REPOSITORY / "images/languages.yaml", root / "images/languages.yaml")
    shutil.copytree(REPOSITORY / "images" / SLIM, root / "images" / SLIM)
    return made


@pytest.fixture
def workshop(tmp_path: Path, shared: None) -> Workshop:
    """A repository of the test's own."""
    del shared
    return workshop_at(tmp_path)


@pytest.fixture(scope="session")
def slim(tmp_path_factory: pytest.TempPathFactory, shared: None) -> Workshop:
    """A repository in which the slim image of the tests is built. Read only."""
    del shared
    made = workshop_at(tmp_path_factory.mktemp("slim"))
    made.build(SLIM)
    return made
