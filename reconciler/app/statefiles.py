"""The manifests that requests write: one file a resource in ``state/``, whole or not there at all, whatever happens while it is written."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.errors import Refused, StateError
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
    path = settings.state_dir / LOCK_FILE
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"{path} cannot be opened: {error.strerror}", hint=f"ls -ld {settings.state_dir}") from error
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


def write_new(root: Path, file: SourceFile) -> None:
    """Write ``file`` durably. One that exists is left alone: raises ``Refused``. Raises ``StateError`` where it cannot be written."""
    target = root / file.path
    # A hidden name is not read as a manifest, so nobody ever reads half a file.
    partial = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(file.text)
            handle.flush()
            os.fsync(handle.fileno())
        _give_name(partial, target, file.path)
        _settle(target.parent)
    except OSError as error:
        raise StateError(f"{file.path} cannot be written: {error.strerror}", hint=f"ls -ld {target.parent}; df {target.parent}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _give_name(partial: Path, target: Path, path: str) -> None:
    try:
        os.link(partial, target)  # a rename would replace what somebody else wrote under this name
    except FileExistsError as error:
        raise Refused(f"{path} exists already", hint=f"cat {path}") from error


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
        _settle((root / path).parent)
    except OSError as error:
        raise StateError(f"{path} cannot be removed: {error.strerror}", hint=f"ls -l {path}") from error


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
