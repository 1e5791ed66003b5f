"""The reference of the catalogue of languages: what its rows say, and what a row may say."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.languages import CATALOGUE, read_languages
from reconciler.manifest.reference import fields_table
from reconciler.manifest.schema_languages import LanguageSpec
from reconciler.model.language import MemoryClass, TimeClass
from reconciler.policy.languages import LINE, MARGIN, READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.model.language import Language

    Table = Callable[[Sequence[str], Iterable[Sequence[object]]], str]

ROOT = Path(__file__).parents[1]
BACKTICK = "`"
WIDEST = 90
"""Characters of a command that a cell of the table shows."""


def languages(table: Table) -> str:
    """The whole page."""
    rows = read_languages(ROOT).rows
    had = [row for row in rows if not row.unavailable]
    missing = [row for row in rows if row.unavailable]
    return (
        "# Languages\n\n"
        f"The rows of `{CATALOGUE}`: {len(had)} languages that images can hold, {len(missing)} that cannot be had.\n"
        "`unsandbox languages` shows them. What each did in an image is another page, of measurements.\n\n"
        + table(("name", "title", "aliases", "extensions", "interpreters", "compile", "run"), (_row(row) for row in had))
        + "\nThe code is written to the file that `compile` or `run` names, and the program's arguments are appended to `run`.\n"
        "What is too long for a cell is cut: `unsandbox languages show NAME` has it whole.\n"
        + "\n## Not available\n\n"
        + table(("name", "title", "why"), ((_code(row.name), row.title, row.unavailable) for row in missing))
        + "\n## Which one is meant\n\n"
        "A name decides where one is given: name, title or alias, in any case, with or without blanks, dashes and a version\n"
        "(`python3.11`, `C++17`, `node@20`). Else the end of the file's name decides, else the interpreter in the first line (`#!`,\n"
        "with `env`, its `-S` and versions), and last the hints: regular expressions over single lines of the first\n"
        f"{READ // 1024} KiB, {LINE} characters a line. A language is taken by hints where it has at least {MARGIN} times as many\n"
        "that fit as the next one; what is not clear is an error that names what is near.\n"
        + "\n## Classes\n\n"
        + table(("time", "a stage may take"), ((_code(member.value), f"{member.seconds} s") for member in TimeClass))
        + "\n"
        + table(("memory", "a stage may hold"), ((_code(member.value), f"{member.size // 1024**2} MiB") for member in MemoryClass))
        + "\n## What a row may say\n\n"
        + fields_table(LanguageSpec)
    )


def _row(row: Language) -> tuple[str, ...]:
    compiled, run = (_code(_cut(shlex.join(command))) for command in (row.compile, row.run))
    return (
        _code(row.name),
        row.title,
        *(" ".join(map(_code, each)) for each in (row.aliases, row.extensions, row.shebangs)),
        compiled,
        run,
    )


def _cut(text: str) -> str:
    first = text.split("\n", maxsplit=1)[0]
    return text if text == first and len(text) <= WIDEST else first[: WIDEST - 1] + "…"


def _code(text: str) -> str:
    fence = BACKTICK * 2 if BACKTICK in text else BACKTICK
    return f"{fence}{text}{fence}" if text else ""
