"""The facts of built images, on disk beside their files: ``<name>.json`` in the folder of builds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.errors import StateError
from reconciler.files import AS_UMASK, read_json, write_over
from reconciler.model.names import is_name
from reconciler.model.recipe import Built, LayerFact

if TYPE_CHECKING:
    from pathlib import Path

MOST = 4 << 20
"""Bytes of the largest file of facts."""
DIGEST = 64
FOLDER = "images/.build"
"""Where builds are put, from the repository's root."""


def write_facts(folder: Path, built: Built) -> None:
    """Put them in place of those of the image before. Raises ``OSError``."""
    write_over(folder / f"{built.name}.json", json.dumps(asdict(built), indent=2) + "\n", mode=AS_UMASK)


def read_facts(folder: Path, name: str) -> Built | None:
    """The facts of one image; None where it was never built. Raises ``UsageError`` or ``StateError`` where they do not hold."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    _, document = read_json(path, "file of facts about an image", most=MOST, hint=f"unsandbox images build {name}")
    try:
        built = _built(document)
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"{path} does not hold the facts of an image ({error})", hint=f"unsandbox images build {name}") from None
    if built.name != name:
        raise StateError(f"{path} speaks of another image, {built.name}", hint=f"unsandbox images build {name}")
    return built


def all_facts(folder: Path) -> tuple[Built, ...]:
    """Those of every image that was built, by name. Raises as ``read_facts`` does."""
    names = sorted(path.stem for path in folder.glob("*.json") if is_name(path.stem)) if folder.is_dir() else []
    return tuple(built for built in (read_facts(folder, name) for name in names) if built is not None)


def _built(document: dict[str, Any]) -> Built:
    file, packages = _text(document, "file"), _text(document, "packages", "")
    if any("/" in part or part.startswith(".") for part in (file, packages)):
        raise ValueError("a file in another folder")
    return Built(
        name=_text(document, "name"),
        recipe=_digest(document, "recipe", ""),
        content=_digest(document, "content", ""),
        fingerprint=_digest(document, "fingerprint"),
        file=file,
        size=int(document["size"]),
        architecture=_text(document, "architecture"),
        built_at=_text(document, "built_at", ""),
        layers=tuple(LayerFact(_text(row, "name"), _digest(row, "digest"), int(row["size"])) for row in document.get("layers", [])),
        packages=packages,
    )


def _text(document: dict[str, Any], key: str, default: str | None = None) -> str:
    value = document[key] if default is None else document.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def _digest(document: dict[str, Any], key: str, default: str | None = None) -> str:
    value = _text(document, key, default)
    if value and (len(value) != DIGEST or not set(value) <= set("0123456789abcdef")):
        raise ValueError(f"{key} is no digest")
    return value
