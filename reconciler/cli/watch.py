"""``unsandbox status --watch``: the same table, again and again."""

from __future__ import annotations

import json as jsonlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.following import LoopState, following, loop_state
from reconciler.app.watching import Watching
from reconciler.cli.exits import Exit
from reconciler.cli.reader import until_stopped, wait
from reconciler.cli.render.error import error_lines
from reconciler.cli.render.status import status_document, status_lines
from reconciler.cli.render.watch import loop_document, loop_lines
from reconciler.errors import StateError, UnsandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.app.following import Following
    from reconciler.app.status import StatusReport
    from reconciler.cli.invocation import Invocation
    from reconciler.cli.render.screen import Line, Screen

    Show = Callable[[list[Line]], None]

LOOK = 0.25
"""Seconds between two looks at whether something was told or found."""


class _Picture:
    """What is shown: what was found last, under what the loop told last."""

    def __init__(self, read: Following) -> None:
        self._read = read
        self._report: StatusReport | None = None
        self._error: UnsandboxError | None = None

    def take(self, found: StatusReport | UnsandboxError) -> None:
        self._error = found if isinstance(found, UnsandboxError) else None
        self._report = self._report if isinstance(found, UnsandboxError) else found

    def lines(self) -> list[Line]:
        """The table stays where a look fails, with the reason above it."""
        wrong = [*error_lines(self._error), ()] if self._error else []
        return [*loop_lines(self._state(), now()), (), *wrong, *(status_lines(self._report) if self._report else [])]

    def document(self) -> dict[str, object]:
        error = {"code": self._error.code, "message": self._error.message, "hint": self._error.hint} if self._error else None
        shown = status_document(self._report) if self._report and not self._error else {}
        return {"at": now().isoformat(timespec="milliseconds"), "error": error, "loop": loop_document(self._state()), **shown}

    def _state(self) -> LoopState:
        try:
            return loop_state(self._read)
        except StateError as error:
            # What the loop told is a matter beside: the table does not hang on it.
            self._error = self._error or error
            return LoopState()


def watch(run: Invocation, every: float, *, json: bool) -> None:
    """Draw, or print where nobody could see a drawing, until Ctrl-C or until nobody reads."""
    with Watching(run.settings, every) as watching, until_stopped(), following(run.settings) as read:
        picture = _Picture(read)
        if run.out.live and not json:
            with _drawing(run.out) as show:
                _draw(run, watching, read, lambda: show(picture.lines()), picture)
        elif json:
            _print(run, watching, read, picture, lambda: run.out.stream.write(jsonlib.dumps(picture.document()) + "\n"))
        else:
            _print(run, watching, read, picture, lambda: run.out.show([*picture.lines(), ()]))
    if watching.busy:
        # A thread waits for a host; it only reads, and nobody waits for what it finds.
        run.out.stream.flush()
        os._exit(Exit.DONE)


def _draw(run: Invocation, watching: Watching, read: Following, show: Callable[[], None], picture: _Picture) -> None:
    show()
    while wait(run.out.stream, LOOK):
        told = _told(watching, read)
        found = watching.take()
        if found is not None:
            picture.take(found)
        if told or found is not None:
            show()


def _print(run: Invocation, watching: Watching, read: Following, picture: _Picture, show: Callable[[], object]) -> None:
    while wait(run.out.stream, LOOK):
        _told(watching, read)
        found = watching.take()
        if found is not None:
            picture.take(found)
            show()
            run.out.stream.flush()


def _told(watching: Watching, read: Following) -> bool:
    try:
        moved = read.moved()
    except StateError:
        return False
    if moved:
        watching.again()
    return moved


@contextmanager
def _drawing(screen: Screen) -> Iterator[Show]:
    """On the terminal's other page, so that the one of before is back afterwards."""
    # rich costs a sixth of a second, which only a terminal has a use for.
    from rich.console import Console, Group  # noqa: PLC0415 - see above
    from rich.live import Live  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console(file=screen.stream, no_color=not screen.colour, highlight=False)

    def fit(lines: list[Line]) -> Group:
        room = max(1, console.size.height - 1)
        shown = lines if len(lines) <= room else [*lines[: room - 1], ((f"... {len(lines) - room + 1} more lines", "dim"),)]
        return Group(*(Text.from_ansi(screen.text(line), no_wrap=True, overflow="ellipsis") for line in shown))

    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield lambda lines: live.update(fit(lines), refresh=True)
