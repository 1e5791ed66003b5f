"""The values of this room: text files in, documents out, with the place of every node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.modes import FREE, Stance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifest.schema import Spec
    from reconciler.model.names import Ref
    from reconciler.model.resources import Source

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document to a node."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the repository: path relative to its root, and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One manifest that fits its schema. ``places`` gives line and column (from 1) of every node that was written."""

    ref: Ref
    uid: str
    labels: tuple[tuple[str, str], ...]
    spec: Spec
    source: Source
    places: Mapping[Path, tuple[int, int]]
    lineage: str = ""
    moved: str = ""
    """Name it had before; "" where it always had this one."""
    digest: str = ""
    """SHA-256 of what is written but mode and suspension, whatever the form, the comments and the file."""
    stance: Stance = FREE

    def place(self, *path: str | int) -> tuple[int, int]:
        """Line and column of the node at ``path``, or of the nearest node above it that was written."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return (self.source.line, 1)


@dataclass(frozen=True, slots=True)
class Documents:
    """Every document of one reading, and every file, for manifests that refer to one."""

    items: tuple[Document, ...]
    files: Mapping[str, str]
