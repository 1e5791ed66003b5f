"""What may be said to the runner when, without a pipe or a clock: frames in, orders out."""

from __future__ import annotations

from typing import NamedTuple, Union

from reconciler.runner import frames
from reconciler.runner.frames import Broken, Frame
from reconciler.runner.spec import File, Spec, parse

MOST_STDIN = 64 * 1024 * 1024
"""Bytes of standard input in one run, which are held in memory until the program reads them."""


class Start(NamedTuple):
    """A run whose files are all here: the code first, then the inputs in the order of the spec."""

    run: int
    spec: Spec
    files: tuple[bytes, ...]


class Feed(NamedTuple):
    """Bytes for standard input; none is its end."""

    data: bytes


class Cancel(NamedTuple):
    """End the run."""


class Pong(NamedTuple):
    """Say that one is alive."""

    run: int


Order = Union[Start, Feed, Cancel, Pong]


class Machine:
    """Idle, collecting files, or running. Frames for a run that has ended are dropped, since the two ends cannot know it at once."""

    def __init__(self) -> None:
        self._last = 0
        self._spec: Spec | None = None
        self._files: list[bytearray] = []
        self._running = False
        self._stdin_open = False
        self._stdin = 0

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or its files are."""
        return self._running or self._spec is not None

    def ended(self) -> None:
        """The run under way is over."""
        self._running = False

    def hear(self, frame: Frame) -> list[Order]:
        """What is to be done. Raises ``Broken`` for what may not come, after which the runner gives up."""
        if frame.kind == frames.PING:
            return [Pong(frame.run)]
        if frame.kind == frames.RUN:
            return self._begin(frame)
        if frame.run != self._last:
            raise Broken(f"a frame of run {frame.run} in run {self._last}")
        if frame.kind == frames.FILE:
            return self._file(frame.payload)
        if frame.kind == frames.CANCEL:
            return self._cancel()
        return self._feed(frame.payload)

    def _begin(self, frame: Frame) -> list[Order]:
        if self.busy:
            raise Broken("a run while another is under way")
        if frame.run <= self._last:
            raise Broken(f"run {frame.run} after run {self._last}")
        self._spec, self._last, self._files = parse(frame.payload), frame.run, [bytearray()]
        return self._complete()

    def _file(self, data: bytes) -> list[Order]:
        if self._spec is None:
            raise Broken("bytes of a file that nobody waits for")
        self._files[-1] += data
        if len(self._files[-1]) > _expected(self._spec)[len(self._files) - 1].size:
            raise Broken("more bytes than the file has")
        return self._complete()

    def _complete(self) -> list[Order]:
        """Go to the next file while the last one is whole, and to the run behind the last."""
        spec = self._spec
        if spec is None:
            return []
        expected = _expected(spec)
        while len(self._files[-1]) == expected[len(self._files) - 1].size:
            if len(self._files) == len(expected):
                files = tuple(bytes(file) for file in self._files)
                self._spec, self._files, self._running, self._stdin_open, self._stdin = None, [], True, True, 0
                return [Start(self._last, spec, files)]
            self._files.append(bytearray())
        return []

    def _cancel(self) -> list[Order]:
        if self._spec is not None:
            raise Broken("a cancel before the run began")
        return [Cancel()] if self._running else []

    def _feed(self, data: bytes) -> list[Order]:
        if self._spec is not None:
            raise Broken("standard input before the files")
        if not self._running:
            return []
        if not self._stdin_open:
            raise Broken("standard input after its end")
        self._stdin += len(data)
        if self._stdin > MOST_STDIN:
            raise Broken(f"more than {MOST_STDIN} bytes of standard input")
        self._stdin_open = bool(data)
        return [Feed(data)]


def _expected(spec: Spec) -> tuple[File, ...]:
    return (spec.source, *spec.inputs)
