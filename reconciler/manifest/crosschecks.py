"""Rules over the rows of the catalogue of languages: what one row needs to be run, and what two rows cannot both claim."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.errors import Finding
from reconciler.manifest.hints import flaw_of
from reconciler.manifest.yamltext import dotted
from reconciler.model.language import squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.manifest.documents import Path
    from reconciler.manifest.schema_languages import LanguageSpec

    Rows = Sequence[tuple[int, LanguageSpec]]
    Found = tuple[Path, str, str]

PROGRAM = re.compile(r"^(\./|/)?[A-Za-z0-9][A-Za-z0-9+._/-]*$")
SHELLS = frozenset({"sh", "bash", "/bin/sh", "/bin/bash"})
SHELL_WORDS = 4
"""``sh -c TEXT NAME``, to which the arguments of the program are appended."""
COMMANDS = ("compile", "run", "repl", "version")


def cross_check(file: str, rows: Rows, places: Mapping[Path, tuple[int, int]]) -> Iterator[Finding]:
    """Every finding, at its own line."""
    for path, message, hint in (*_order(rows), *_claims(rows), *_over(rows), *(found for index, row in rows for found in _row(index, row))):
        place = next((places[path[:end]] for end in range(len(path), 0, -1) if path[:end] in places), (0, 0))
        yield Finding(file, *place, dotted(path), message, hint)


def _order(rows: Rows) -> Iterator[Found]:
    for (_, before), (index, row) in pairwise(rows):
        if row.name < before.name:
            yield (index, "name"), f"{row.name} stands after {before.name}", "rows are in order of their names"


def _claims(rows: Rows) -> Iterator[Found]:
    """One name, extension or interpreter that two rows claim: what it means would depend on their order."""
    for what, fields in (("name", ("name", "title", "aliases")), ("extension", ("extensions",)), ("interpreter", ("shebangs",))):
        first: dict[str, tuple[int, str]] = {}
        for index, row in rows:
            for path, text in _texts(index, row, fields):
                other, name = first.setdefault(squeezed(text) if what == "name" else text, (index, row.name))
                if other != index:
                    yield path, f"the {what} {text} is claimed by {name} as well", "leave it to one of them"


def _over(rows: Rows) -> Iterator[Found]:
    names = {row.name for _, row in rows}
    for index, row in rows:
        for number, name in enumerate(row.over):
            if name not in names or name == row.name:
                yield (index, "over", number), f"{name} is no other language of this catalogue", "write the name of one, not an alias"


def _texts(index: int, row: LanguageSpec, fields: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    for field in fields:
        value = getattr(row, field)
        if isinstance(value, str):
            yield (index, field), value
        else:
            yield from (((index, field, number), text) for number, text in enumerate(value))


def _row(index: int, row: LanguageSpec) -> Iterator[Found]:
    for number, hint in enumerate(row.hints):
        flaw = flaw_of(hint)
        if flaw:
            yield (index, "hints", number), flaw, "a hint is asked of other people's text, where it must not take long"
    for field in COMMANDS:
        command: list[str] = getattr(row, field)
        if command and not PROGRAM.match(command[0]):
            yield (index, field), f"{command[0][:60]!r} names no program", "begin with the name of a program; there is no shell"
    if row.unavailable:
        return
    for field in ("source", "run", "version"):
        if not getattr(row, field):
            yield (index, field), "is missing", "write it, or say in unavailable why the language cannot be had"
    yield from _runs(index, row)


def _runs(index: int, row: LanguageSpec) -> Iterator[Found]:
    words = [*row.compile, *row.run]
    if row.source and words and not any(row.source in word for word in words):
        yield (index, "source"), f"neither compile nor run takes {row.source}", "name the file in one of them"
    if row.source and row.extensions and not row.source.endswith(tuple(row.extensions)):
        yield (index, "source"), f"{row.source} has none of its extensions", f"end it in one of {', '.join(row.extensions)}"
    if row.run and row.run[0] in SHELLS and row.run[1:2] == ["-c"] and (len(row.run) != SHELL_WORDS or '"$@"' not in row.run[2]):
        yield (index, "run"), "the arguments of the program are lost", """write [sh, -c, '... "$@"', NAME]: what is appended becomes $1"""
