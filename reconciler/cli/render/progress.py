"""Live progress of an apply on a terminal: a bar with the time so far, and what runs at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from reconciler.app.events import EventKind
from reconciler.cli.render.apply import event_lines, what
from reconciler.cli.render.screen import clean

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID

    from reconciler.app.events import Event
    from reconciler.cli.render.screen import Screen

SHOWN = 12
"""Actions drawn at once; more would push the bar off a small terminal."""


class Drawing:
    """Draws while the block runs. ``listen`` is called by one thread at a time."""

    def __init__(self, screen: Screen, total: int) -> None:
        self._screen = screen
        self._ended = 0
        self._tasks: dict[int, TaskID] = {}
        console = Console(file=screen.stream, no_color=not screen.colour, highlight=False)
        words = TextColumn("{task.description}", markup=False)
        self._running = Progress(SpinnerColumn(), words, TimeElapsedColumn(), console=console)
        self._whole = Progress(words, BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
        self._applied = self._whole.add_task("applying", total=total)
        self._live = Live(Group(self._running, self._whole), console=console, transient=True, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take the drawing away and give the cursor back."""
        self._live.stop()

    def listen(self, event: Event) -> None:
        """Draw one event."""
        if event.kind is EventKind.ACTION_STARTED:
            if len(self._tasks) < SHOWN:
                self._tasks[event.index] = self._running.add_task(clean(what(event)), total=None)
            return
        task = self._tasks.pop(event.index, None)
        if task is not None:
            self._running.remove_task(task)
        for line in event_lines(event, self._ended + 1):
            self._ended += 1
            self._whole.advance(self._applied)
            self._live.console.print(Text.from_ansi(self._screen.text(line)), soft_wrap=True)

    def note(self, text: str) -> None:
        """A line above the drawing."""
        self._live.console.print(Text(clean(text)), soft_wrap=True)
