"""The manifests that requests write: one file a resource in ``state/``, whole or not there at all, whatever happens while it is written."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import Refused, StateError
from reconciler.files import open_lock, settle, write_new
from reconciler.manifest.documents import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.model.names import Ref

FOLDER = "state"
LOCK_FILE = "state.lock"


def path_of(ref: Ref) -> str:
    """Where the manifest of ``ref`` is, from the repository's root."""
    return f"{FOLDER}/{ref.kind.value.lower()}-{ref.name}.yaml"


@contextmanager
def only_author(settings: Settings) -> Iterator[None]:
    """Be the only one that writes to ``state/`` while the block runs; waits for its turn.

    Two files that are right each by itself may be wrong together, so what is checked must still hold when it is written.
    """
    handle = open_lock(settings.state_dir / LOCK_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def with_file(files: tuple[SourceFile, ...], file: SourceFile) -> tuple[SourceFile, ...]:
    """The repository's text as it will be with ``file`` in it."""
    return (*(other for other in files if other.path != file.path), file)


def without_file(files: tuple[SourceFile, ...], path: str) -> tuple[SourceFile, ...]:
    """The repository's text as it will be without the file at ``path``."""
    return tuple(file for file in files if file.path != path)


def write_manifest(root: Path, file: SourceFile) -> None:
    """Write ``file`` durably. One that exists is left alone: raises ``Refused``. Raises ``StateError`` where it cannot be written."""
    target = root / file.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, file)
    except OSError as error:
        raise StateError(f"{file.path} cannot be written: {error.strerror}", hint=f"ls -ld {target.parent}; df {target.parent}") from error


def _write(target: Path, file: SourceFile) -> None:
    try:
        write_new(target, file.text)
    except FileExistsError as error:
        raise Refused(f"{file.path} exists already", hint=f"cat {file.path}") from error


def read_back(root: Path, path: str) -> SourceFile:
    """What a request wrote. Raises ``StateError``."""
    try:
        return SourceFile(path, (root / path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"{path} cannot be read: {error}", hint=f"ls -l {path}") from error


def take_away(root: Path, path: str) -> None:
    """Remove a manifest durably; one that is gone counts as done. Raises ``StateError``."""
    try:
        (root / path).unlink(missing_ok=True)
        settle((root / path).parent)
    except OSError as error:
        raise StateError(f"{path} cannot be removed: {error.strerror}", hint=f"ls -l {path}") from error
