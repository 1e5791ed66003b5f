"""What a command that ran a program leaves behind: its artifacts, and its exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.model.run import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconciler.model.run import Artifact, RunResult

SIGNALLED = 128
"""A program that a signal ended has this and the signal's number, as shells say it."""
CODES = {Ending.TIMEOUT: 124, Ending.MEMORY: 137, Ending.OUTPUT: 153, Ending.CANCELLED: 130, Ending.LOST: 125}
"""124 as ``timeout`` says it, 137 as of SIGKILL, 153 as of SIGXFSZ, 130 as of SIGINT, 125 where it is not known how it ended."""


def code_of(result: RunResult) -> int:
    """The program's own exit code where it came to its end by itself."""
    if result.ending is not Ending.FINISHED:
        return CODES[result.ending]
    if result.signal is not None:
        return SIGNALLED + result.signal
    return result.exit_code if result.exit_code is not None else CODES[Ending.LOST]


def empty_folder(path: Path) -> Path:
    """A folder for artifacts, made if it is not there: nothing of ours is written over. Raises ``UsageError``."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{path} is not empty, and artifacts are written over nothing", hint=f"ls -la {path}")
    except OSError as error:
        raise UsageError(f"{path} cannot be used for artifacts: {error.strerror}", hint=f"ls -ld {path}") from error
    return path


def write_artifacts(folder: Path, artifacts: Iterable[Artifact]) -> None:
    """Each below the folder, as a plain file of ours. Their names were held against the rules for names. Raises ``UsageError``."""
    for artifact in artifacts:
        path = folder / artifact.name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(artifact.data)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", hint=f"ls -la {folder}") from error
