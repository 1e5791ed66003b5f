"""Names of input files and artifacts: each stays below its folder, and reads as what it is."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.model.rules import No, Rule, ask

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_BYTES = 1024
MOST_PART = 255
MOST_PARTS = 8
"""As many as a runner takes."""
UNBLOCK = "give the file a plain relative name, such as data/input.txt"
SHOWN = 80


def _empty(name: str) -> No | None:
    return None if name else _no("it has no name", name)


def _long(name: str) -> No | None:
    parts = name.split("/")
    if _size(name) <= MOST_BYTES and len(parts) <= MOST_PARTS and all(_size(part) <= MOST_PART for part in parts):
        return None
    return _no("its name is too long", name)


def _absolute(name: str) -> No | None:
    return _no("its name is absolute", name) if name.startswith(("/", "~", "\\")) or name[1:2] == ":" else None


def _climbs(name: str) -> No | None:
    """A backslash counts as a slash, for some program will take it for one."""
    parts = name.replace("\\", "/").split("/")
    return _no("its name leads out of its folder, or has an empty part", name) if {"", ".", ".."} & set(parts) else None


def _unprintable(name: str) -> No | None:
    """Control, formatting and unassigned characters, surrogates, what reorders text on a screen, and blanks other than the space."""
    return None if name.isprintable() else _no("its name holds characters that cannot be shown", name)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _no(cause: str, name: str) -> No:
    return No(cause, (("name", ascii(name[:SHOWN])),), UNBLOCK)


NAME_RULES: tuple[Rule[[str]], ...] = (
    Rule("C20", "A file has no name", _empty, "Nothing can be written under it."),
    Rule("C21", "A file's name is too long", _long, "A file system would refuse it in the middle of the work."),
    Rule("C22", "A file's name is absolute", _absolute, "It would be written, or read, where the caller has no business."),
    Rule("C23", "A file's name leads out of its folder", _climbs, "It would be written, or read, where the caller has no business."),
    Rule("C24", "A file's name cannot be shown", _unprintable, "Logs, terminals and other programs would read it as something else."),
)


def bad_name(name: str) -> tuple[str, No] | None:
    """Code and no of the first rule that the name breaks; None where it is fit to be used."""
    for rule in NAME_RULES:
        no = ask(rule, UNBLOCK, name)
        if no is not None:
            return rule.code, no
    return None


def _twice(names: Iterable[str]) -> No | None:
    """Two of one name, or one that is the folder of another. Names that differ in capitals alone meet on some file systems.

    A backslash counts as a slash here as well.
    """
    folded = sorted(unicodedata.normalize("NFC", name).casefold().replace("\\", "/") for name in names)
    taken = set(folded)
    for before, name in pairwise(folded):
        if before == name:
            return _no("two files have one name", name)
    for name in folded:
        parts = name.split("/")
        if any("/".join(parts[:count]) in taken for count in range(1, len(parts))):
            return _no("one file would be the folder of another", name)
    return None


TOGETHER: Rule[[Iterable[str]]] = Rule(
    "C25", "Two files meet under one name", _twice, "The second would take the place of the first unseen."
)


def bad_names(names: Iterable[str]) -> tuple[str, No] | None:
    """Code and no of the first name that is not fit, or of two that meet."""
    every = tuple(names)
    found = next((bad for bad in map(bad_name, every) if bad is not None), None)
    if found is not None:
        return found
    no = ask(TOGETHER, UNBLOCK, every)
    return (TOGETHER.code, no) if no is not None else None
