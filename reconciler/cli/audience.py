"""Who hears of an apply's events: a person at a terminal, a log, a file of JSON lines."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.app.events import EventKind
from reconciler.cli.render.apply import event_document, event_lines
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType

    from reconciler.app.events import Event
    from reconciler.cli.render.progress import Drawing
    from reconciler.cli.render.screen import Screen


class Audience:
    """Open while an apply runs. A reader that leaves is dropped; the work goes on."""

    def __init__(self, human: Screen, out: Screen, events: str | None, total: int) -> None:
        self._human = human
        self._out = out
        self._events = events
        self._total = total
        self._ended = 0
        self._stack = ExitStack()
        self._file: TextIO | None = None
        self._live: Drawing | None = None

    def __enter__(self) -> Self:
        if self._events == "-":
            self._file = self._out.stream
        elif self._events:
            self._file = self._stack.enter_context(_open(self._events))
        if self._total and self._human.live:
            # rich costs a sixth of a second, which only a terminal has a use for.
            from reconciler.cli.render.progress import Drawing  # noqa: PLC0415 - see above

            self._live = self._stack.enter_context(Drawing(self._human, self._total))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def listen(self, event: Event) -> None:
        """Pass one event on. Called by one thread at a time."""
        self._write(event)
        if event.kind is EventKind.WAITING:
            self.note(event.detail)
            return
        if self._live:
            self._live.listen(event)
            return
        lines = event_lines(event, self._ended + 1)
        self._ended += bool(lines)
        self._human.tell(lines)

    def note(self, text: str) -> None:
        """A line that is no event."""
        if self._live:
            self._live.note(text)
        else:
            self._human.tell([((text, "warn"),)])

    def leave(self) -> None:
        """Give the terminal back at once."""
        if self._live:
            self._live.close()

    def _write(self, event: Event) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(event_document(event)) + "\n")
            self._file.flush()
        except OSError as error:
            self._file = None
            self.note(f"events are not written any more: {error.strerror}")


def _open(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")  # noqa: PTH123 - closed by the stack; a path as typed, /dev/fd/3 too
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="unsandbox apply --events FILE") from error
