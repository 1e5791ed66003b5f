"""One language of the catalogue: how it is recognised, installed, compiled and run, and what it is allowed meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.recipe import Packages

MIB = 1024 * 1024


def squeezed(name: str) -> str:
    """``commonlisp`` for ``Common-Lisp``: the form in which two ways to write one name are the same."""
    return re.sub(r"[ ._-]", "", name.casefold()) or name


class TimeClass(StrEnum):
    """How long one stage of a program (its compilation, or its run) may take where nobody says more."""

    QUICK = "quick"
    NORMAL = "normal"
    SLOW = "slow"

    @property
    def seconds(self) -> int:
        """Of the wall clock, for one stage, on a machine that does other work as well."""
        return {"quick": 10, "normal": 40, "slow": 180}[self.value]


class MemoryClass(StrEnum):
    """How much memory the processes of one stage may hold together at their peak."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def size(self) -> int:
        """Bytes."""
        return {"small": 128, "medium": 512, "large": 2048}[self.value] * MIB


class Check(StrEnum):
    """One line of the contract that a language in an image is held to, in the order of the matrix."""

    HELLO = "hello"
    STDIN = "stdin"
    FILE = "file"
    ARGS = "args"
    ENV = "env"
    UTF8 = "utf8"
    STDERR = "stderr"
    ARTIFACT = "artifact"
    EXIT = "exit"
    REAL = "real"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Language:
    """One row of the catalogue. Commands are argument lists, run in the folder that holds ``source``."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    """With their dot."""
    shebangs: tuple[str, ...] = ()
    """Names of interpreters after ``#!`` or ``env``, without a version."""
    source: str = ""
    """The file the code is written to."""
    compile: tuple[str, ...] = ()
    """Empty where ``run`` takes the source as it is."""
    run: tuple[str, ...] = ()
    """The arguments of the program are appended."""
    packages: Packages = field(default_factory=Packages)
    repl: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    time: TimeClass = TimeClass.NORMAL
    memory: MemoryClass = MemoryClass.MEDIUM
    hints: tuple[str, ...] = ()
    """Regular expressions, asked of one line at a time."""
    over: tuple[str, ...] = ()
    """Languages whose lines its own programs may hold as well, so that their hints do not speak against it."""
    without: tuple[tuple[Check, str], ...] = ()
    """Checks that the language cannot pass by its nature, with why."""
    unavailable: str = ""
    """Why it cannot be had; "" where it can."""


@dataclass(frozen=True, slots=True)
class Languages:
    """The catalogue, in order of name. Names, aliases, extensions and shebangs are each of one language."""

    rows: tuple[Language, ...]

    def named(self, name: str) -> Language | None:
        """The row of exactly this name; None where there is none."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def available(self) -> tuple[Language, ...]:
        """The rows that an image can hold."""
        return tuple(row for row in self.rows if not row.unavailable)
