"""The cache of layers: each whole or not there, one build at a time, bounded."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reconciler.errors import BuildFailed, UsageError
from reconciler.files import open_lock, read_json, write_over
from reconciler.model.recipe import LayerFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER = "cache"
"""In the folder of builds, unless another place is named."""
SHORT = 16
"""Digits of a layer's digest in its name: many layers must fit into one mount."""
MOST_NOTE = 64 << 10
"""Bytes of the largest note about a layer."""
BLOCK = 512
DOWNLOADS = ("debs", "apt")
"""Folders of what was fetched, beside the layers."""
MUCH = 24 << 30
"""Bytes from which a build says that the cache is large: three times what every recipe of this repository takes."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder with ``layers/<digest>``, a note beside each, ``work/``, downloads and the lists of mirrors."""

    folder: Path

    @property
    def layers(self) -> Path:
        """Whole layers."""
        return self.folder / "layers"

    def name(self, digest: str) -> str:
        """The name of a layer in the folder of layers."""
        return digest[:SHORT]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other build out, and begin without what a killed one left. Raises ``BuildFailed`` where one is at work."""
        handle = open_lock(self.folder / "lock")
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BuildFailed(
                    f"another build is at work in {self.folder}; wait for it, or name another cache",
                    hint="unsandbox images build NAME --cache DIR",
                ) from None
            shutil.rmtree(self.folder / "work", ignore_errors=True)
            self.layers.mkdir(parents=True, exist_ok=True)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def work(self) -> Iterator[Path]:
        """A folder to work in, on the same file system as the layers, gone afterwards."""
        folder = self.folder / "work" / uuid4().hex[:8]
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, upper: Path, digest: str, below: str, name: str) -> LayerFact:
        """Put a whole layer over the one with digest ``below`` into place, and say what it is. Raises ``OSError``."""
        fact = LayerFact(name, digest, tree_size(upper))
        write_over(self._note(digest), json.dumps({**asdict(fact), "below": below}) + "\n")
        upper.rename(self.layers / self.name(digest))
        return fact

    def fact(self, digest: str) -> LayerFact | None:
        """What a layer is; None where it is not there whole."""
        note = _read(self._note(digest))
        whole = note is not None and (self.layers / self.name(digest)).is_dir()
        return LayerFact(str(note["name"]), digest, int(note["size"])) if note and whole else None

    def size(self) -> int:
        """Bytes of all layers, by their notes, and of what was fetched."""
        notes = [note for note in map(_read, self.layers.glob("*.json")) if note is not None]
        return sum(int(note["size"]) for note in notes) + sum(tree_size(self.folder / name) for name in DOWNLOADS)

    def drop(self, wanted: Callable[[str], bool]) -> tuple[int, int]:
        """Drop layers that are not wanted (by digest), and those over them: how many, and their bytes. Only while it is held."""
        notes = {str(note["digest"]): note for note in map(_read, self.layers.glob("*.json")) if note is not None}
        kept = {self.name(digest) for digest in notes if all(wanted(one) for one in _down(digest, notes))}
        dropped = freed = 0
        for place in [path for path in self.layers.iterdir() if path.is_dir() and path.name not in kept]:
            freed += tree_size(place)
            # Out of sight first: half a layer must never be taken for one.
            gone = self.folder / "work" / f"gone-{place.name}"
            gone.parent.mkdir(exist_ok=True)
            place.rename(gone)
            shutil.rmtree(gone)
            dropped += 1
        for note in self.layers.glob("*.json"):
            if note.stem not in kept:
                note.unlink()
        return dropped, freed

    def _note(self, digest: str) -> Path:
        return self.layers / f"{self.name(digest)}.json"


def _read(path: Path) -> dict[str, Any] | None:
    """What is noted about a layer; None where nothing is that can be used, so that the layer counts as not there."""
    try:
        _, note = read_json(path, "note about a layer", most=MOST_NOTE, hint="unsandbox images gc")
    except UsageError:
        return None
    return note if {"name", "digest", "size", "below"} <= note.keys() else None


def _down(digest: str, notes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A layer and those below it, for as long as they are known."""
    for _ in range(len(notes) + 1):
        yield digest
        digest = str(notes[digest]["below"]) if digest in notes else ""
        if not digest:
            return


def tree_size(path: Path) -> int:
    """Bytes that a folder takes on disk. Hard links count once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, folders, files in os.walk(path):
        for name in [*folders, *files]:
            try:
                status = (Path(folder) / name).lstat()
            except FileNotFoundError:  # another build is at work
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * BLOCK
    return total
