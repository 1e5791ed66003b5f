"""Rules of the house that no linter holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 400


FOLDERS = ("reconciler", "tests", "docs", "bootstrap", "images", "manifests")


SOURCES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".sh"} and ".build" not in path.parts
)
PACKAGES = [path for path in SOURCES if path.name == "__init__.py"]


def test_there_are_sources() -> None:
    assert len(SOURCES) > 50
    assert len(PACKAGES) > 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LIMIT


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_every_package_says_what_belongs_there(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a charter docstring is missing"
    assert len(tree.body) == 1, "a package's __init__ holds its charter and no code"
    if path.is_relative_to(ROOT / "reconciler") and path.parent != ROOT / "reconciler":
        assert "Belongs here" in (ast.get_docstring(tree) or "")


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_that_says_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}
