"""Which language is meant: by a name, else by the end of a file's name, its first line, or what hardly another language could hold.

What decides is the first of these that says anything. Where it says nothing that is known, the answer is an error, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.errors import UnavailableLanguage, UnknownLanguage
from reconciler.model.language import squeezed
from reconciler.policy.shebang import forms, interpreter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.language import Language, Languages

READ = 8 * 1024
LINE = 160
"""Characters of a text, and of each of its lines, that hints are asked of."""
MARGIN = 2
"""A language whose hints fit must have this many times as many as the next one."""
LONGEST = 64
"""Characters of a name that are looked at, and repeated in an error."""


class Evidence(StrEnum):
    """What decided."""

    NAME = "name"
    EXTENSION = "extension"
    SHEBANG = "shebang"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Detected:
    """The language, what decided, and the very text of it: ``py3``, ``.py``, ``python3.11``, or a line."""

    language: Language
    evidence: Evidence
    found: str


def by_name(languages: Languages, name: str) -> Detected:
    """The language of a name or alias, in any case, with or without a version. Raises ``UnknownLanguage``, ``UnavailableLanguage``."""
    return _available(meant(languages, name))


def meant(languages: Languages, name: str) -> Detected:
    """As ``by_name``, whether the language can be had or not. Raises ``UnknownLanguage``."""
    wanted = name.strip()[:LONGEST].casefold()
    row = _of_extension(languages, wanted) if wanted.startswith(".") else None
    if row is not None:
        return Detected(row, Evidence.EXTENSION, wanted)
    known = _names(languages)
    for form in forms(wanted):
        if squeezed(form) in known:
            return Detected(known[squeezed(form)], Evidence.NAME, name.strip())
    raise _unknown(languages, f"there is no language {_show(name)}", wanted)


def detect(languages: Languages, *, name: str = "", file: str = "", text: str = "") -> Detected:
    """The language of a program: ``name`` if one is given, else by the name of its file and its text.

    Of a text no more than its first 8 KiB count. Raises ``UnknownLanguage``, ``UnavailableLanguage``.
    """
    if name.strip():
        return by_name(languages, name)
    extension = _extension(file)
    row = _of_extension(languages, extension)
    if row is not None:
        return _available(Detected(row, Evidence.EXTENSION, extension))
    program = interpreter(text)
    if program:
        return _of_interpreter(languages, program)
    return _of_hints(languages, file, text)


def _names(languages: Languages) -> dict[str, Language]:
    """Every way to say a language, squeezed. The catalogue holds none twice."""
    return {squeezed(name): row for row in languages.rows for name in (row.title, *row.aliases, row.name)}


def _extension(file: str) -> str:
    base = file.replace("\\", "/").rpartition("/")[2]
    stem, dot, end = base.rpartition(".")
    return f".{end}" if stem and dot and end else ""


def _of_extension(languages: Languages, extension: str) -> Language | None:
    known = {each: row for row in languages.rows for each in row.extensions}
    return known.get(extension) or known.get(extension.lower())


def _of_interpreter(languages: Languages, program: str) -> Detected:
    known = {each: row for row in languages.rows for each in row.shebangs}
    for form in (*forms(program), *forms(program.lower())):
        if form in known:
            return _available(Detected(known[form], Evidence.SHEBANG, program))
    raise _unknown(languages, f"its first line asks for {_show(program)}, which is no interpreter of a known language", program)


def _of_hints(languages: Languages, file: str, text: str) -> Detected:
    lines = [line[:LINE] for line in text[:READ].removeprefix("\ufeff").splitlines()]
    found = {row.name: fits for row in languages.rows if (fits := _fits(row.hints, lines))}
    under = {name for row in languages.rows if row.name in found for name in row.over}
    order = sorted(found.keys() - under, key=lambda name: (-len(found[name]), name))
    if order and (len(order) == 1 or len(found[order[0]]) >= MARGIN * len(found[order[1]])):
        row = next(row for row in languages.rows if row.name == order[0])
        return _available(Detected(row, Evidence.HINT, found[row.name][0].strip()[:LONGEST]))
    extension = _extension(file)
    named = f"{_show(extension)} is the end of no known language's files" if extension else "no name or end of a file's name tells it"
    said = f"its text may be {' or '.join(order[:3])}" if order else "its first line names no interpreter and its text holds no clear hint"
    raise _unknown(languages, f"the language is not known: {named}, {said}", extension.removeprefix("."))


def _fits(hints: Iterable[str], lines: list[str]) -> list[str]:
    """The first line that each hint fits, for those that fit any."""
    first = (next((line for line in lines if re.search(hint, line)), None) for hint in hints)
    return [line for line in first if line is not None]


def _available(detected: Detected) -> Detected:
    row = detected.language
    if row.unavailable:
        raise UnavailableLanguage(f"{row.title} is not available: {row.unavailable}")
    return detected


def _unknown(languages: Languages, message: str, wanted: str) -> UnknownLanguage:
    known = {name: row for name, row in _names(languages).items() if not row.unavailable}
    near = list(dict.fromkeys(known[each].name for each in get_close_matches(squeezed(wanted[:LONGEST]), known, 5, 0.6)))[:3]
    if not near:
        return UnknownLanguage(message)
    return UnknownLanguage(f"{message}; did you mean {', '.join(near)}?", hint=f"unsandbox languages show {near[0]}")


def _show(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
