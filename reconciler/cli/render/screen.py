"""Lines of styled text on a stream: colour on terminals, plain text of any width elsewhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TextIO

Span = tuple[str, str]
"""Text and the name of its style; "" is plain."""
Line = Sequence[Span]

STYLES = {
    "": "",
    "title": "1",
    "dim": "2",
    "good": "32",
    "warn": "33",
    "bad": "31",
    "loud": "1;31",
    "info": "36",
    # A camera wants light on dark, whatever the terminal's own colours.
    "code": "97;40",
}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """``text`` with control characters written out: what a host says must not steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text.replace("\t", " "))


def wants_colour(choice: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour: as chosen; ``auto`` means a terminal that is not dumb, and NO_COLOR unset or empty."""
    if choice != "auto":
        return choice == "always"
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and stream.isatty()


class Screen:
    """One stream. What nobody reads any more raises ``BrokenPipeError`` from ``show``, never from ``tell``."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self.stream = stream
        self.colour = colour

    @property
    def live(self) -> bool:
        """Whether the stream is a terminal on which lines may be drawn again."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, lines: Iterable[Line]) -> None:
        """Write whole lines and flush."""
        self.stream.write("".join(f"{self.text(line)}\n" for line in lines))
        self.stream.flush()

    def say(self, text: str, style: str = "") -> None:
        """Write plain text, one line or several."""
        self.show([((part, style),) for part in text.split("\n")])

    def tell(self, lines: Iterable[Line]) -> None:
        """Write what may go unread: work under way does not end because its audience left."""
        with suppress(BrokenPipeError):
            self.show(lines)

    def text(self, line: Line) -> str:
        """One line as it will be written."""
        return "".join(self._paint(text, style) for text, style in line).rstrip(" ")

    def _paint(self, text: str, style: str) -> str:
        code = STYLES[style]
        # A line feed inside a span would forge a line of ours.
        safe = clean(text.replace("\n", "\\n"))
        return f"\x1b[{code}m{safe}\x1b[0m" if self.colour and code and safe else safe

    def json(self, document: object) -> None:
        """Write one JSON document."""
        self.stream.write(json.dumps(document, indent=2) + "\n")
        self.stream.flush()


def columns(rows: Sequence[Line], indent: int = 0) -> list[Line]:
    """Rows of equally many spans, set in columns two blanks apart. The last column is as long as it is."""
    if not rows:
        return []
    widths = [max(len(clean(row[number][0])) for row in rows) for number in range(len(rows[0]))]
    widths[-1] = 0
    made: list[Line] = []
    for row in rows:
        spans: list[Span] = [(" " * indent, "")] if indent else []
        for (text, style), width in zip(row, widths, strict=True):
            spans += [(text, style), (" " * (width - len(clean(text)) + 2) if width else "", "")]
        made.append(tuple(spans))
    return made


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min``, ``5 h``, ``9 d``: two digits at most say enough of an age."""
    for bound, divisor, unit in ((10, 1, "s"), (90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < bound:
            return f"{seconds:.1f} s" if bound == 10 else f"{seconds / divisor:.0f} {unit}"  # noqa: PLR2004 - the first bound
    return f"{seconds / 86400:.0f} d"


def size(count: int) -> str:
    """Bytes in the largest binary unit that keeps them whole, as manifests write them."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{unit}"
    return f"{count}B"
