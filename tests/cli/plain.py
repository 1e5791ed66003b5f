"""What a command would write where nothing is coloured."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.cli.render.screen import Line


def plain(lines: Iterable[Line]) -> str:
    stream = io.StringIO()
    Screen(stream, colour=False).show(lines)
    return stream.getvalue()
