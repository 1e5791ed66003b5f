"""What comes of programs, through a link to a real runner in a real container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.language import Language
from reconciler.model.run import Ending, RunRequest

if TYPE_CHECKING:
    from reconciler.app.execute.link import Link

pytestmark = pytest.mark.lxd
SHELL = Language("sh", "Shell", source="main.sh", run=("sh", "main.sh"))


def shell(code: str, **other: Any) -> RunRequest:
    return RunRequest("a" * 16, code.encode(), **other)


def test_what_a_program_says_comes_back_as_it_was(link: Link) -> None:
    result = link.run(shell("echo out; echo err >&2; exit 3"), SHELL)
    assert (result.ending, result.exit_code, result.signal) == (Ending.FINISHED, 3, None), result
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")
    assert result.receipt.doubts == ()
