"""Dropping what no recipe and no manifest names: layers, downloads, files of images that others took the place of."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.images.cache import DOWNLOADS, tree_size
from reconciler.app.images.facts import all_facts
from reconciler.app.images.places import builds, cache, recipes
from reconciler.app.repository import load_desired
from reconciler.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.settings import Settings

SUFFIXES = (".tar.zst", ".tar.gz", ".sbom.json", ".part")
SHA_256 = 64
"""Hex digits of a fingerprint, which tell it from a file's name."""


@dataclass(frozen=True, slots=True)
class Freed:
    """What was dropped, and bytes. ``kept`` names files that nothing here needs and a manifest pins."""

    layers: int
    files: tuple[str, ...]
    kept: tuple[str, ...]
    size: int


def collect(settings: Settings, place: Path | None) -> Freed:
    """Drop it. Raises ``ManifestError`` where a recipe or a manifest cannot be read: then nothing is known to be unused, and all stays."""
    known = recipes(settings)
    wanted = {layer.digest for name in known.names for layer in known.course(name).layers}
    folder = builds(settings)
    needed = {name for built in all_facts(folder) for name in (built.file, built.packages)}
    desired = load_desired(settings)
    pinned = {image.fingerprint for image in desired.images} | {image.file.rpartition("/")[2] for image in desired.images}
    store = cache(settings, place)
    try:
        with store.held():
            layers, size = store.drop(wanted.__contains__)
            for download in (store.folder / name for name in DOWNLOADS):
                size += tree_size(download)
                shutil.rmtree(download, ignore_errors=True)
            loose = [path for path in _files(folder) if path.name not in needed]
            kept = [path for path in loose if _pinned(path.name, pinned)]
            gone = [path for path in loose if path not in kept]
            size += sum(path.stat().st_size for path in gone)
            for path in gone:
                path.unlink()
    except OSError as error:
        raise StateError(f"{error.filename or store.folder} cannot be dropped: {error.strerror}", hint=f"ls -ld {store.folder}") from error
    return Freed(layers, tuple(path.name for path in gone), tuple(path.name for path in kept), size)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_file() and path.name.endswith(SUFFIXES)) if folder.is_dir() else iter(())


def _pinned(name: str, pinned: set[str]) -> bool:
    """Whether a manifest names the file, or the fingerprint whose beginning stands in its name."""
    stem = name.removeprefix(".").partition(".")[0].rpartition("-")[2]
    return name in pinned or any(fingerprint.startswith(stem) for fingerprint in pinned if len(fingerprint) == SHA_256)
