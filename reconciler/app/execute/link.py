"""A runner in one cell: sent there, spoken to run after run, and killed. The clock is ours, and so are the bounds.

Anything that is not as it should be ends the link and is told as a doubt, with which the cell is spent. The program is then not run again.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from reconciler.app.execute.outcome import Over, outcome
from reconciler.app.execute.spec import ZYGOTES, Room, dispatch, said
from reconciler.app.execute.strictjson import Doubtful
from reconciler.app.execute.talk import NOTHING, GivenUp, Hearing, read_hello
from reconciler.engine.fields import as_bytes
from reconciler.errors import OperationFailed
from reconciler.lxd.channel import Channel
from reconciler.lxd.instances import read_planned
from reconciler.model.run import Ending
from reconciler.runner import bundle, frames
from reconciler.runner.frames import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.app.execute.talk import Heard
    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Cell
    from reconciler.model.language import Language
    from reconciler.model.run import RunRequest, RunResult

OPEN_SECONDS = 30.0
"""In which a runner must have said its hello."""
GRACE = 15.0
"""Seconds beyond its own that a run may take to end: the runner gives a program that it killed ten to be dead."""
PACE = 1024 * 1024
"""Bytes a second at which a request must at least be taken, and what comes of it be told."""
TICK = 0.1
"""Seconds between two looks at whether somebody cancelled."""
EARLY = 0.5
"""Seconds by which two clocks may differ over one run."""


def never() -> bool:
    """Nobody cancels."""
    return False


class Link:
    """An open one. Not safe for threads."""

    def __init__(self, cell: Cell, channel: Channel, room: Room) -> None:
        self.cell = cell
        self._channel, self._room = channel, room
        self._decoder = frames.Decoder(frames.TO_HOST)
        self._run = 0
        self._open = True

    @classmethod
    def open(cls, door: Door, cell: Cell, *, language: str = "", within: float = OPEN_SECONDS) -> Self:
        """Send a runner into ``cell`` and wait for its hello. ``language`` is what it will mostly run, "" where that is not known.

        Raises a ``HostError``; ``Conflict`` where the instance of that name is not the cell; ``Refused`` where the door may not do this.
        """
        begun = time.monotonic()
        archive = _archive()
        words = (language,) if language in ZYGOTES else ()
        channel = Channel.open(door, cell.instance, bundle.command(len(archive), *words))
        try:
            channel.write(archive)
            # Whichever instance the command went to, it was there before this look, and the cell is still there now.
            _, found, _ = read_planned(door, cell.instance, cell.uuid)
            link = cls(cell, channel, _room(found))
            link._greet(door.host.name, begun + within)
        except BaseException:
            channel.close()
            raise
        return link

    def _greet(self, host: str, until: float) -> None:
        try:
            heard: list[frames.Frame] = []
            while not heard:
                data = self._channel.read(until)
                if not data:
                    why = "said nothing in time" if data is not None else self._last_words()
                    raise OperationFailed(f"{host}: the runner in {self.cell.instance} {why}")
                heard += self._decoder.feed(data)
            read_hello(*heard)
        except (Doubtful, GivenUp, Broken) as error:
            raise OperationFailed(f"{host}: the runner in {self.cell.instance} did not begin well: {error}") from error

    @property
    def ready(self) -> bool:
        """Whether a run can begin: it is open, its runner lives, and said nothing unasked. One that is not is closed."""
        if self._amiss():
            self.close()
            return False
        return True

    def _amiss(self) -> str:
        """What the runner did between two runs; "" where it did nothing."""
        data = self._channel.read(time.monotonic()) if self._open else None
        if data is None:
            return f"the runner {self._last_words()}"
        try:
            for frame in self._decoder.feed(data):
                Hearing(0, NOTHING, None).hear(frame)
        except (GivenUp, Doubtful, Broken) as error:
            return f"the runner gave up: {error}" if isinstance(error, GivenUp) else "the runner spoke unasked"
        return "the runner spoke unasked" if data else ""

    def close(self) -> None:
        """Kill the runner and all that runs in it. Safe to call twice."""
        self._open = False
        self._channel.close()

    def run(self, request: RunRequest, language: Language, heard: Heard | None = None, cancelled: Callable[[], bool] = never) -> RunResult:
        """Run it to its end, whatever that is. ``heard`` is given output as it comes; ``cancelled`` is asked again and again.

        Raises ``UsageError`` where no runner would take the request, and what ``heard`` or ``cancelled`` raise, which ends the link.
        """
        what, self._run = dispatch(request, language, self._room), self._run + 1
        message, begun = said(self._run, what), time.monotonic()
        hearing = Hearing(self._run, what.bounds, heard)
        try:
            amiss = self._amiss()
            if amiss:
                over = Over(Ending.LOST, f"the run did not begin: {amiss}")
            else:
                self._channel.write(message)
                over = self._follow(hearing, request.seconds, len(message), cancelled)
        except BaseException:
            self.close()
            raise
        result = outcome(what, hearing, over, time.monotonic() - begun, (language.name, self.cell))
        if result.receipt.doubts:
            self.close()
        return result

    def _follow(self, hearing: Hearing, seconds: int, size: int, cancelled: Callable[[], bool]) -> Over:
        """Hear the run until the runner told its end, or ours is reached."""
        begun = time.monotonic()
        until, asked_to_end = begun + seconds + GRACE + size / PACE, False
        try:
            while hearing.end is None:
                data = self._channel.read(time.monotonic() + min(TICK, until - _clock(hearing)))
                if data is None:
                    return Over(Ending.LOST, f"the runner {self._last_words()}")
                for frame in self._decoder.feed(data):
                    hearing.hear(frame)
                if hearing.end is None and _clock(hearing) >= until:
                    return Over(Ending.CANCELLED if asked_to_end else Ending.TIMEOUT, "the runner did not end the run in time")
                if not asked_to_end and hearing.end is None and cancelled():
                    self._channel.write(frames.encode(frames.CANCEL, self._run))
                    until, asked_to_end = min(until, _clock(hearing) + GRACE), True
        except GivenUp as error:
            return Over(Ending.LOST, f"the runner gave up: {error}")
        except (Doubtful, Broken) as error:
            return Over(Ending.LOST, f"the runner is not to be believed: {error}")
        return self._judged(hearing.end, seconds, time.monotonic() - begun, asked_to_end=asked_to_end)

    def _judged(self, end: Mapping[str, Any], seconds: int, took: float, *, asked_to_end: bool) -> Over:
        """Hold its word about the end against what we know."""
        ending = Ending(end["how"])
        if (ending is Ending.CANCELLED and not asked_to_end) or (ending is Ending.TIMEOUT and took < seconds - EARLY):
            return Over(Ending.LOST, f"the runner is not to be believed: it told of an end by {ending} that was none")
        # Where the program ended without reading all of its input the runner takes the rest, and drops it.
        if not self._channel.drain(time.monotonic() + GRACE):
            return Over(Ending.LOST, "the runner does not take what it is told")
        return Over(ending, "its end was not seen" if ending is Ending.LOST else "")

    def _last_words(self) -> str:
        told = "".join(letter if letter.isprintable() else " " for letter in self._channel.said.decode("utf-8", "replace")[-200:])
        return f"ended: {told.strip()}" if told.strip() else "ended, or the connection to it did"


def _clock(hearing: Hearing) -> float:
    """The time that counts against a runner: not what whoever hears takes, nor what its words take at a pace that must be enough."""
    return time.monotonic() - hearing.heard_for - hearing.told / PACE


@cache
def _archive() -> bytes:
    return bundle.archive()


def _room(found: Mapping[str, Any]) -> Room:
    config = found.get("expanded_config") or {}
    processes = str(config.get("limits.processes", ""))
    return Room.of(as_bytes(str(config.get("limits.memory", ""))), int(processes) if processes.isdecimal() else None)
