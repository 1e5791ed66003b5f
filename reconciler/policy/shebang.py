"""The interpreter that the first line of a script names."""

from __future__ import annotations

import re

LONGEST = 256
"""Characters of the first line that are read."""
WITH_VALUE = frozenset({"-u", "--unset", "-C", "--chdir", "-a", "--argv0"})
"""Options of env whose value is the next word."""
SPLIT = ("--split-string=", "-vS", "-S")
ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
MINOR = re.compile(r"(?<=[0-9])[.][0-9.]{1,15}$")
VERSION = re.compile(r"[-.@: ]?v?[0-9][0-9.]{0,15}$")


def interpreter(text: str) -> str:
    """``python3.11`` for ``#!/usr/bin/env -S python3.11 -u``; "" where the first line names none."""
    line = text[: LONGEST + 1].removeprefix("\ufeff").splitlines()[:1]
    if not line or not line[0].startswith("#!") or line[0][2:].lstrip().startswith("["):
        return ""  # "#![" begins an attribute of Rust's, not a path
    words = line[0][2:].split()
    if not words:
        return ""
    name = _base(words[0])
    return _after_env(words[1:]) if name == "env" else name


def forms(name: str) -> tuple[str, ...]:
    """``python3.11``, ``python3`` and ``python``, in the order in which they are looked up.

    Without a version more than a letter must be left: D2 is no version of D.
    """
    stem = VERSION.sub("", name)
    return tuple(dict.fromkeys((name, MINOR.sub("", name), stem if len(stem) > 1 else name)))


def _after_env(words: list[str]) -> str:
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        split = next((start for start in SPLIT if word.startswith(start)), "")
        rest = word[len(split) :].strip("'\"")
        if split and rest:
            return _base(rest)
        skip = word in WITH_VALUE
        if not word.startswith("-") and not ASSIGNMENT.match(word):
            return _base(rest)
    return ""


def _base(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
