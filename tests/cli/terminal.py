"""The command on a terminal of its own, with somebody who answers."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from typing import TYPE_CHECKING

from tests.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Answer = str | Callable[[str], str]

DEADLINE = 60


def converse(root: Path, environ: dict[str, str], arguments: Sequence[str], answers: Sequence[tuple[str, Answer]]) -> tuple[int, str]:
    """Run the command; once a text of ``answers`` was shown since the last, type what stands beside it, or what that makes of all shown.

    The exit status and all that was shown.
    """
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(root)
        os.execve(COMMAND, [str(COMMAND), *arguments], {**environ, "TERM": "xterm"})  # noqa: S606 - the real program, no shell
    shown, left, end, told = b"", list(answers), time.monotonic() + DEADLINE, 0
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        try:
            part = os.read(terminal, 65536) if ready else b""
        except OSError:  # the other side is closed: the program ended
            break
        shown += part
        if left and left[0][0].encode() in shown[told:]:
            answer, told = left.pop(0)[1], len(shown)
            os.write(terminal, (answer if isinstance(answer, str) else answer(shown.decode())).encode())
    else:
        os.kill(process, signal.SIGKILL)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    assert not left, f"never asked {left}:\n{shown.decode(errors='replace')}"
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")
