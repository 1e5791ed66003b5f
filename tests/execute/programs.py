"""Requests that the tests here share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.language import Language
from reconciler.model.run import Ending, RunRequest

if TYPE_CHECKING:
    from reconciler.app.execute.link import Link

SHELL = Language("sh", "Shell", source="main.sh", run=("sh", "main.sh"))
COMPILED = Language("made", "Made", source="main.src", compile=("sh", "main.src"), run=("sh", "out.sh"))
"""What is compiled is a shell script that leaves one."""
PYTHON = Language("python", "Python", source="main.py", run=("python3", "-u", "main.py"), environment=(("PYTHONDONTWRITEBYTECODE", "1"),))


def shell(code: str, **other: Any) -> RunRequest:
    """For ``SHELL``."""
    return RunRequest("a" * 16, code.encode(), **other)


def is_over(link: Link) -> bool:
    """Whether nothing can be run over the link any more: it is told so, and no runner is asked."""
    result = link.run(shell("echo hi"), SHELL)
    return result.ending is Ending.LOST and result.receipt.doubts[0].startswith("the run did not begin: ")
