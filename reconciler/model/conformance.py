"""What the programs of one language gave back in an image, and what was judged of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.language import Check

STDIN = b"line one\nline two\n"
ARGUMENTS = ("alpha", "two words")
VARIABLE = ("UNSANDBOX_PROBE", "from the environment")
INPUT = ("/tmp/input/input.txt", b"file line\n")  # noqa: S108 - paths inside a container, in every program
ARTIFACT = ("/tmp/artifacts/probe.txt", b"artifact\n")  # noqa: S108
PROGRAMS = ("probe", "real", "broken")
"""The world that the programs find, and what they are called."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One command that was run to its end: the compilation of a program, or the program."""

    exit: int | None
    """None where it did not end by itself; then ``ended`` says why."""
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0
    """Of the wall clock, from its start on."""
    peak: int | None = None
    """Bytes that its processes held at most; None where that is not known."""
    ended: str = ""
    """Why it was ended from outside, such as ``took longer than 40 s``; "" where it ended by itself."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One program. None is a stage that there is not (a language that needs no compilation) or that was not come to."""

    compiled: Stage | None = None
    ran: Stage | None = None
    artifact: bytes | None = None
    """What lies at the place of the artifact afterwards; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check of one language. ``why`` is "" where it passed."""

    check: Check
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether what came back is what the contract says."""
        return not self.why
