"""Languages: the list, one row in full, and what decided."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns, size
from reconciler.policy.languages import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.language import Language
    from reconciler.policy.languages import Detected

_HEAD: Line = tuple((word, "dim") for word in ("NAME", "TITLE", "ALIASES", "EXTENSIONS", "AVAILABLE"))
_BY = {
    Evidence.NAME: "by its name",
    Evidence.EXTENSION: "by the end of the file's name",
    Evidence.SHEBANG: "by the interpreter in its first line",
    Evidence.HINT: "by a line that hardly another language could hold",
}


def list_lines(rows: Sequence[Language]) -> list[Line]:
    """One row a language, then how many of them can be had."""
    had = sum(not row.unavailable for row in rows)
    last = f"{len(rows)} languages, {had} available" if had < len(rows) else f"{had} languages"
    return [*columns([_HEAD, *(_row(row) for row in rows)]), (), ((last, "title"),)]


def _row(row: Language) -> Line:
    return (
        (row.name, "title"),
        (row.title, ""),
        (" ".join(row.aliases) or "-", ""),
        (" ".join(row.extensions) or "-", ""),
        (f"no: {row.unavailable}" if row.unavailable else "yes", "warn" if row.unavailable else "good"),
    )


def language_lines(row: Language) -> list[Line]:
    """Everything that a row says, a line each; what it does not say is left out."""
    lines = ((what if first else "", text) for what, texts in _parts(row) if texts for first, text in _each(texts))
    return columns([((what, "dim"), (text, "title" if what == "name" else "")) for what, text in lines])


def _each(text: str) -> Iterator[tuple[bool, str]]:
    """The lines of a text, and whether each is the first."""
    for number, line in enumerate(text.rstrip("\n").split("\n")):
        yield number == 0, line


def _parts(row: Language) -> Iterator[tuple[str, str]]:
    yield "name", row.name
    yield "title", row.title
    yield "available", f"no: {row.unavailable}" if row.unavailable else "yes"
    yield "aliases", " ".join(row.aliases)
    yield "extensions", " ".join(row.extensions)
    yield "interpreters", " ".join(row.shebangs)
    yield "source", row.source
    for what in ("compile", "run", "repl", "version"):
        yield what, shlex.join(getattr(row, what))
    for what in ("debian", "pypi", "npm"):
        yield f"{what} packages", " ".join(getattr(row.packages, what))
    yield "environment", " ".join(f"{key}={shlex.quote(value)}" for key, value in row.environment)
    if not row.unavailable:
        yield "time", f"{row.time}: {row.time.seconds} s for each stage"
        yield "memory", f"{row.memory}: {size(row.memory.size)}"
    yield from (("hint", hint) for hint in row.hints)
    yield from (("cannot", f"{check}: {why}") for check, why in row.without)


def detected_lines(found: Detected) -> list[Line]:
    """The language and what decided."""
    return [((found.language.name, "title"), (f"  {_BY[found.evidence]}: {found.found}", ""))]


def language_document(row: Language) -> dict[str, object]:
    """One row as JSON values. ``seconds`` and ``bytes`` are what its classes allow each stage."""
    return {
        "name": row.name,
        "title": row.title,
        "available": not row.unavailable,
        "unavailable": row.unavailable,
        "aliases": list(row.aliases),
        "extensions": list(row.extensions),
        "interpreters": list(row.shebangs),
        "source": row.source,
        "compile": list(row.compile),
        "run": list(row.run),
        "repl": list(row.repl),
        "version": list(row.version),
        "packages": {what: list(getattr(row.packages, what)) for what in ("debian", "pypi", "npm")},
        "environment": dict(row.environment),
        "seconds": row.time.seconds,
        "bytes": row.memory.size,
        "hints": list(row.hints),
        "without": {check.value: why for check, why in row.without},
    }


def detected_document(found: Detected) -> dict[str, str]:
    """The language and what decided, as JSON values."""
    return {"language": found.language.name, "evidence": found.evidence.value, "found": found.found}
