"""Questions to a person. Without a terminal nothing is asked, and nothing is taken for a yes."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import TYPE_CHECKING

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.render.screen import Screen

SECRET = "UNSANDBOX_TRUST_TOKEN"  # noqa: S105 - the variable's name


def confirm(err: Screen, question: str, *, full: bool, hint: str) -> bool:
    """Ask on standard error; ``full`` wants ``yes`` in full. Raises ``UsageError`` where there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise UsageError(f"nothing was changed, for there is no terminal to ask: {question}", hint=hint)
    err.stream.write(f"{question} {'Type yes to go on: ' if full else '[y/N] '}")
    err.stream.flush()
    answer = sys.stdin.readline().strip().lower()
    return answer == "yes" if full else answer in {"y", "yes"}


def secret(err: Screen, question: str, *, from_stdin: bool) -> str:
    """A secret from standard input, the environment or a prompt without echo; never from the command line, which others can read."""
    if from_stdin:
        given = sys.stdin.readline().strip()
        if not given:
            raise UsageError("standard input held no secret in its first line", hint="unsandbox hosts add --help")
        return given
    if os.environ.get(SECRET):
        return os.environ[SECRET]
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: there is no terminal to ask on; set {SECRET} or give --stdin", hint="unsandbox hosts add --help")
    return getpass(f"{question}: ", err.stream).strip()
