"""Files of ours on disk: whole or not there at all, safe from a power cut, and readable by their owner only unless a mode says otherwise.

Belongs here: the one way to write a file, to open a lock, to read JSON that somebody hands over. Never here: what a file means.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reconciler.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER_ONLY = 0o600
AS_UMASK = 0o666
"""Leaves it to the umask who may read, as for any file that a person writes."""


def make_folder(path: Path) -> None:
    """A folder for its owner alone, with those above it; one that is there stays as it is. Raises ``OSError``."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_over(path: Path, content: str | bytes, *, mode: int = OWNER_ONLY) -> None:
    """Write in place of what is there. Raises ``OSError``, and then what was there is as it was."""
    with _beside(path, content, mode) as partial:
        partial.replace(path)


def write_new(path: Path, content: str | bytes) -> None:
    """Write where nothing is. Raises ``FileExistsError`` where something is, or another ``OSError``."""
    with _beside(path, content, OWNER_ONLY) as partial:
        os.link(partial, path)  # a rename would replace what somebody else wrote under this name


def settle(folder: Path) -> None:
    """Have names that came or went be on disk. Raises ``OSError``."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_lock(path: Path) -> int:
    """The handle of a lock file, made with its folder where there is none. Raises ``StateError``."""
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as error:
        raise StateError(f"{path} cannot be opened: {error.strerror}", hint=f"ls -ld {path.parent}") from error


def read_json(path: Path, what: str, *, most: int, hint: str) -> tuple[str, dict[str, Any]]:
    """The text of a file of ours and the JSON object in it. ``most`` in bytes. Raises ``UsageError``, which shows no content."""
    try:
        if path.stat().st_size > most:
            raise UsageError(f"{path} is no {what}: it is larger than any", hint=hint)
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise UsageError(f"the {what} {path} cannot be read: {error.strerror}", hint=hint) from error
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no {what}: it is not JSON", hint=hint) from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is no {what}: it is not a JSON object", hint=hint)
    return text, document


@contextmanager
def _beside(path: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    """The content on disk under a hidden name, which nothing of ours reads, for the block to give it its own."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        yield partial
        settle(path.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
