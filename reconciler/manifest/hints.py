"""Regular expressions that are asked of other people's text: only those whose time cannot run away with any line.

A matcher that goes back tries every way to share a line among the parts that repeat, so there may be few of them and none within another.
"""

from __future__ import annotations

import re

REPEATS = 2
"""Parts of a pattern that may repeat; one of them is the start, where the pattern is not bound to it by ``^``."""
OPTIONAL = 6
"""Parts that may be left out, and groups with alternatives."""
_TOKEN = re.compile(
    r"(?P<escape>\\[AbBdDsSwWZ]|\\[^A-Za-z0-9]|\\[nrtfv])"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<repeat>[*+]|\{[0-9]+,?[0-9]*\}|\{,[0-9]+\})"
    r"|(?P<maybe>\?)"
    r"|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<close>\))"
    r"|(?P<either>\|)"
    r"|(?P<plain>[^\\\[\](){}*+?|])"
)


def flaw_of(pattern: str) -> str:
    """What keeps a pattern from being a hint; "" where nothing does."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression: {error}"
    if re.search(pattern, ""):
        return "it fits every line"
    return _Scan(pattern).flaw()


class _Scan:
    """One walk over a pattern, with the groups that are open."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._bound = pattern.startswith("^")
        self._repeats = 0
        self._choices = 0
        self._open: list[bool] = []
        """For each open group, whether what it holds repeats or has alternatives."""
        self._varies = False
        """Of what stands before the next token."""

    def flaw(self) -> str:
        place = 0
        while place < len(self._pattern):
            token = _TOKEN.match(self._pattern, place)
            if token is None:
                return f"{self._pattern[place : place + 3]!r} is not accepted: no references, look-around or flags, and braces are escaped"
            found = self._token(str(token.lastgroup))
            if found:
                return found
            place = token.end()
        if self._repeats + (not self._bound) > REPEATS:
            return f"more than {REPEATS} parts repeat" if self._bound else "more than one part repeats without ^ before all of it"
        return f"more than {OPTIONAL} parts are optional or have alternatives" if self._choices > OPTIONAL else ""

    def _token(self, kind: str) -> str:
        if kind in {"repeat", "maybe"}:
            if self._varies:
                return "a part that repeats, or has alternatives, repeats itself"
            self._repeats += kind == "repeat"
            self._choices += kind == "maybe"
        if kind == "open":
            self._open.append(False)
        elif kind == "either":
            self._choices += 1
            self._bound &= bool(self._open)
        inside = kind in {"repeat", "maybe", "either"}
        if inside and self._open:
            self._open[-1] = True
        self._varies = inside
        if kind == "close":
            self._varies = self._open.pop()
            if self._open:
                self._open[-1] |= self._varies
        return ""
