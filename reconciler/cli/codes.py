"""A person's code: from standard input, the environment or a prompt without echo; never from the command line, which others can read."""

from __future__ import annotations

import os
import sys
import time
from getpass import getpass
from typing import TYPE_CHECKING

from reconciler.app.approvers import list_approvers
from reconciler.cli.render.error import error_lines
from reconciler.errors import Refused, UsageError
from reconciler.policy.otp import DELAYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.invocation import Invocation

OTP = "UNSANDBOX_OTP"
WORTH_ANOTHER = frozenset({"A24", "A25", "A26"})
"""After these a person at a terminal is asked again; any other no would come again."""


def code(run: Invocation, question: str, *, from_stdin: bool, hint: str, variable: bool = True) -> str:
    """One code; ``variable``: whether it may come from the environment. Raises ``UsageError`` where there is none: nothing is tried."""
    if from_stdin:
        given = sys.stdin.readline().strip()
    elif variable and os.environ.get(OTP):
        given = os.environ[OTP].strip()
    elif sys.stdin.isatty():
        given = _typed(run, question)
    else:
        raise UsageError(f"{question}: there is no terminal to ask on; set {OTP} or give --stdin", hint=hint)
    if not given:
        raise UsageError("no code was given, so nothing was tried", hint=hint)
    return given


def _typed(run: Invocation, question: str) -> str:
    try:
        return getpass(f"{question}: ", run.err.stream).strip()
    except EOFError:
        return ""


def ask_until(
    run: Invocation, question: str, attempt: Callable[[str], object], *, from_stdin: bool, hint: str, variable: bool = True
) -> None:
    """Ask for a code and try it; a person at a terminal is asked again while that may help. Raises ``Refused``."""
    asks = not from_stdin and not (variable and os.environ.get(OTP)) and sys.stdin.isatty()
    for wait in (*DELAYS[1:], 0):
        try:
            attempt(code(run, question, from_stdin=from_stdin, hint=hint, variable=variable))
        except Refused as refused:
            if not asks or not wait or refused.rule not in WORTH_ANOTHER:
                raise
            run.err.show(error_lines(refused)[:1])
            time.sleep(wait)
        else:
            return


def who(run: Invocation, given: str, *, from_stdin: bool, hint: str) -> str:
    """Who approves: as given, else the only one enrolled, else as typed. Raises ``Refused`` or ``UsageError``."""
    names = [found.name for found in list_approvers(run.settings)]
    if given or len(names) == 1:
        return given or names[0]
    if not names:
        raise Refused("nobody is enrolled as an approver, so nobody can approve it", hint="unsandbox approvers add NAME", rule="A20")
    if from_stdin or not sys.stdin.isatty():
        raise UsageError(f"who approves: {', '.join(names)}?", hint=f"{hint} --approver NAME")
    run.err.stream.write(f"Who approves ({', '.join(names)}): ")
    run.err.stream.flush()
    return sys.stdin.readline().strip()
