"""The program of a run: what is executed, or what a copy of the zygote becomes."""

from __future__ import annotations

import os
from typing import NamedTuple

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

USUAL = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "HOME": "/home/runner",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
}
"""What a program finds in its environment where neither its language nor its owner says otherwise."""


class Program(NamedTuple):
    """Its words and its whole environment."""

    words: tuple[str, ...]
    environment: dict[str, str]


def search(program: Program) -> str:
    """The file of its first word, as a shell finds it; the word itself where there is none."""
    word = program.words[0]
    if "/" in word:
        return word
    places = (f"{folder}/{word}" for folder in program.environment.get("PATH", PATH).split(":") if folder)
    return next((place for place in places if os.access(place, os.X_OK)), word)
