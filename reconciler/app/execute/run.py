"""One run under way: the value that goes from the door through the line into a cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.app.execute.memory import EACH, may_say, sent_in
from reconciler.app.execute.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.execute.line import Line
    from reconciler.app.execute.talk import Heard
    from reconciler.model.language import Language
    from reconciler.model.run import RunRequest


NOWHERE = Place("")


def always() -> bool:
    """Nobody has anything against it."""
    return True


def nothing() -> None:
    """Nobody waits for it."""


@dataclass(slots=True, eq=False)
class Run:
    """Carried by one thread; any may ask for its ``end``."""

    request: RunRequest
    language: Language
    line: Line
    began: float
    """When it was asked for, by ``time.monotonic``."""
    heard: Heard | None = None
    """Is told what it says as it says it."""
    started: Callable[[], bool] = always
    """Is told that it has a cell: a no ends it there."""
    over: Callable[[], None] = nothing
    """To be called once nobody here holds anything of it any more."""
    ended: bool = False
    """Whether somebody asked for its end."""
    place: Place = NOWHERE
    sent: int = field(init=False)
    """Bytes of code and input."""
    size: int = field(init=False)
    """Bytes that it may come to hold."""

    def __post_init__(self) -> None:
        """Count once."""
        self.sent = sent_in(self.request)
        self.size = EACH + self.sent + may_say(self.request)

    def end(self) -> None:
        """Ask for its end: it leaves the line at once, or is cancelled in its cell."""
        self.ended = True
        self.place.wake()

    def move(self, place: Place) -> None:
        """It waits there from here on."""
        self.place = place
        if self.ended:
            place.wake()
