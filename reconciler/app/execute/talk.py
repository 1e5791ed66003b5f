"""What a runner says of one run, taken as the word of an enemy: frames in, bounded and in their order, or a doubt.

A runner that is as we sent it never raises a doubt, whatever the program in its sandbox does.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.app.execute import strictjson
from reconciler.app.execute.strictjson import Doubtful
from reconciler.model.run import Artifact, Ending, Stage
from reconciler.policy.paths import bad_name, bad_names
from reconciler.runner import frames
from reconciler.runner.artifacts import MOST_REFUSED, MOST_SHOWN
from reconciler.runner.spec import MOST_DEPTH, MOST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.runner.frames import Frame

    Heard = Callable[[str, bytes], None]
    """Is given the name of a stream, ``stdout`` or ``stderr``, and bytes of it as they come."""

_HELLO = {
    "protocol": strictjson.number(frames.PROTOCOL, frames.PROTOCOL),
    "python": strictjson.text(40),
    "cgroup": strictjson.number(0, 2),
}
_HEAD = {"name": strictjson.text(MOST_DEPTH * (MOST_NAME + 1)), "size": strictjson.number(0, strictjson.MOST_BYTES)}
_TIMES = frozenset({"sandbox", "compile", "run", "collect", "wipe", "all"})
_STREAMS = frozenset({"stdout", "stderr"})
_END = {
    "how": strictjson.one_of(frozenset(Ending)),
    "stage": strictjson.one_of(frozenset(Stage)),
    "code": strictjson.number_or_none(0, 255),
    "signal": strictjson.number_or_none(1, 64),
    "user_us": strictjson.number(0, strictjson.MICROS),
    "system_us": strictjson.number(0, strictjson.MICROS),
    "peak": strictjson.number(0, strictjson.MOST_BYTES),
    "times": strictjson.numbers(_TIMES, strictjson.MICROS),
    "left": strictjson.number(0, strictjson.MOST_COUNT),
    "refused": strictjson.pairs(MOST_REFUSED, MOST_SHOWN),
    "stdout": strictjson.number(0, strictjson.MOST_BYTES),
    "stderr": strictjson.number(0, strictjson.MOST_BYTES),
    "sha256": strictjson.digest,
    "truncated": strictjson.texts(len(_STREAMS), 6),
    "doubts": strictjson.texts(8, 200),
    "processes": strictjson.number(0, strictjson.MOST_COUNT),
    "mounts": strictjson.number(-strictjson.MOST_COUNT, strictjson.MOST_COUNT),
    "starved": strictjson.number(0, strictjson.MOST_COUNT),
}
_WHY = {"why": strictjson.text(1024)}


class Bounds(NamedTuple):
    """What a run may say at most. Sizes in bytes."""

    output: int
    files: int
    """Artifacts."""
    total: int
    """Of all artifacts together."""
    each: int


NOTHING = Bounds(0, 0, 0, 0)


class GivenUp(Exception):
    """The runner ended itself, and says why."""


def read_hello(frame: Frame, *more: Frame) -> None:
    """Take the hello of a runner, behind which nothing comes unasked. Raises ``Doubtful``, or ``GivenUp`` where it could not even begin."""
    if frame.kind == frames.GIVEN_UP:
        raise GivenUp(_why(frame.payload))
    if frame.kind != frames.HELLO or frame.run or more:
        raise Doubtful("it did not begin with its hello")
    strictjson.read(frame.payload, _HELLO)


class Hearing:
    """One run, as it is heard. ``end`` is what the runner told of it at last."""

    def __init__(self, run: int, bounds: Bounds, heard: Heard | None) -> None:
        self._run, self._bounds, self._heard = run, bounds, heard
        self.stdout, self.stderr = bytearray(), bytearray()
        self.artifacts: list[Artifact] = []
        self.end: Mapping[str, Any] | None = None
        self._hash = hashlib.sha256()
        self._started = False
        self._head, self._data, self._promised = "", bytearray(), 0
        self._owed = 0
        self.told = 0
        """Bytes of output and artifacts."""
        self.heard_for = 0.0
        """Seconds that ``heard`` took."""

    @property
    def sha256(self) -> str:
        """Of the output so far, in the order in which it came."""
        return self._hash.hexdigest()

    @property
    def output(self) -> int:
        """Bytes of both streams."""
        return len(self.stdout) + len(self.stderr)

    def hear(self, frame: Frame) -> None:
        """Take one frame. Raises ``Doubtful``, or ``GivenUp``."""
        kind = frame.kind
        if kind == frames.GIVEN_UP:
            raise GivenUp(_why(frame.payload))
        if frame.run != self._run:
            raise Doubtful("it spoke of another run")
        if self.end is not None:
            raise Doubtful("it went on after the end")
        if kind == frames.STDOUT:
            self._output("stdout", self.stdout, frame.payload)
        elif kind == frames.STDERR:
            self._output("stderr", self.stderr, frame.payload)
        elif kind == frames.STARTED:
            self._start(frame.payload)
        elif kind == frames.ARTIFACT:
            self._begin(frame.payload)
        elif kind == frames.DATA:
            self._go_on(frame.payload)
        elif kind == frames.END:
            self._end(frame.payload)
        else:
            raise Doubtful("it said what nobody asked")

    def _start(self, payload: bytes) -> None:
        strictjson.read(payload, {})
        if self._started:
            raise Doubtful("it started twice")
        self._started = True

    def _output(self, name: str, held: bytearray, data: bytes) -> None:
        if not data or self.output + len(data) > self._bounds.output:
            raise Doubtful("it gave more output than it may" if data else "it gave output of no bytes")
        held += data
        self.told += len(data)
        self._hash.update(data)
        if self._heard is not None:
            begun = time.monotonic()
            self._heard(name, data)
            self.heard_for += time.monotonic() - begun

    def _begin(self, payload: bytes) -> None:
        head = strictjson.read(payload, _HEAD)
        size, name = head["size"], head["name"]
        self._promised += size
        if self._owed or len(self.artifacts) >= self._bounds.files or size > self._bounds.each or self._promised > self._bounds.total:
            raise Doubtful("it gave more artifacts than it may")
        if not _sound(name):
            raise Doubtful("it gave an artifact under a name that leads elsewhere")
        self._head, self._data, self._owed = name, bytearray(), size
        self._close()

    def _go_on(self, data: bytes) -> None:
        if not 0 < len(data) <= self._owed:
            raise Doubtful("it gave other bytes of an artifact than it said")
        self._data += data
        self.told += len(data)
        self._owed -= len(data)
        self._close()

    def _close(self) -> None:
        if not self._owed:
            self.artifacts.append(Artifact(self._head, bytes(self._data)))
            self._data = bytearray()

    def _end(self, payload: bytes) -> None:
        end = strictjson.read(payload, _END, frozenset({"starved"}))
        if (end["code"] is None) == (end["signal"] is None) or self._owed:
            raise Doubtful("it told an end that cannot be")
        if (end["stdout"], end["stderr"], end["sha256"]) != (len(self.stdout), len(self.stderr), self.sha256):
            raise Doubtful("it sent other output than it says it sent")
        if not set(end["truncated"]) <= _STREAMS or (end["how"] == Ending.OUTPUT) > bool(end["truncated"]):
            raise Doubtful("it told an end that cannot be")
        self.end = end


def _sound(name: str) -> bool:
    """Whether it is a name that a runner of ours would tell, by which no folder is left."""
    parts = name.split("/")
    return len(parts) <= MOST_DEPTH and all(
        part not in {"", ".", ".."} and part.isprintable() and len(part.encode("utf-8", "replace")) <= MOST_NAME for part in parts
    )


def fit(artifacts: list[Artifact]) -> tuple[tuple[Artifact, ...], tuple[tuple[str, str], ...]]:
    """Those that may be given to somebody, and of the others the name and why not."""
    given: list[Artifact] = []
    refused: list[tuple[str, str]] = []
    together = bad_names(one.name for one in artifacts) is None
    for one in artifacts:
        bad = None if together else bad_name(one.name) or bad_names([*(other.name for other in given), one.name])
        if bad is None:
            given.append(one)
        else:
            refused.append((one.name[:MOST_SHOWN], bad[1].cause))
    return tuple(given), tuple(refused)


def _why(payload: bytes) -> str:
    return strictjson.shown(strictjson.read(payload, _WHY)["why"])
