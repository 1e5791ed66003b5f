"""What was typed after ``unsandbox exec``, as a request: the files read, the options held against each other."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.execute.requests import MOST_CODE, MOST_INPUT, MOST_STDIN
from reconciler.errors import UsageError
from reconciler.model.run import InputFile, RunRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

HELP = "unsandbox exec --help"
STDIN = "-"


def code_from(file: str) -> RunRequest:
    """A request without an owner, with the code of ``file``; ``-`` is standard input. Raises ``UsageError``."""
    if file == STDIN:
        return RunRequest("", _bounded(sys.stdin.buffer.read(MOST_CODE + 1), MOST_CODE, "standard input"))
    return RunRequest("", _read(Path(file), MOST_CODE), file_name=Path(file).name)


def with_inputs(request: RunRequest, files: Iterable[Path], env: Iterable[str], *, stdin: bool) -> RunRequest:
    """The same with what the program is given beside. Raises ``UsageError``."""
    pairs = []
    for word in env:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--env {name[:40]!a}: write KEY=VALUE", hint=HELP)
        pairs.append((name, value))
    if stdin and not request.file_name:
        raise UsageError("standard input is the code already, so it cannot be the program's standard input as well", hint=HELP)
    given = _bounded(sys.stdin.buffer.read(MOST_STDIN + 1), MOST_STDIN, "standard input") if stdin else b""
    inputs = tuple(InputFile(path.name, _read(path, MOST_INPUT)) for path in files)
    return replace(request, environment=tuple(pairs), files=inputs, stdin=given)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(most + 1), most, str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {path}") from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{str(path)!a} is no name of a file: {error}", hint=HELP) from error


def _bounded(data: bytes, most: int, what: str) -> bytes:
    if len(data) > most:
        raise UsageError(f"{what} is larger than {most} bytes", hint=HELP)
    return data
