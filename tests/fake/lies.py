"""What can be told wrong. Each lie is a row: which requests it is about, and where on the way it is told."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from tests.fake import bending
from tests.fake.answers import Answer, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake.answers import Request

    Bend = Callable[[Any, tuple[str, ...]], Any]

ROWS = r"/1\.0/instances"
ONE = r"/1\.0/instances(/[^/]+)?"
WRITES = "POST|PUT|PATCH|DELETE"


class Sending(Enum):
    """How an answer goes out, where it does not go out well."""

    NEVER_DONE = "the connection is closed and nothing was done"
    LOST = "it is done and the connection is closed without an answer"
    SILENT = "it is done and no answer comes"
    LATE = "no answer comes, and it is done some time after"
    SLOW = "the answer comes late"
    CUT = "half of the answer comes"
    NOT_JSON = "something else answers"
    SKEWED = "the answer is of another time"


class Streaming(Enum):
    """What becomes of an event on its way."""

    LOST = "it is not told"
    CLOSED = "the stream breaks off instead"
    DEAF = "from here on nothing is told and no ping is answered, and the connection stays"
    REPEATED = "it is told twice"
    LATE = "it is told some time after"
    ELSEWHERE = "it is told as of another project"
    GARBAGE = "something that is no event is told instead"


class Lie(StrEnum):
    """Every lie that the fake can tell."""

    SHORT_LIST = "short-list"
    EMPTY_LIST = "empty-list"
    HIDDEN = "hidden"
    HOLLOW_ROWS = "hollow-rows"
    NO_USER_CONFIG = "no-user-config"
    ROW_TWICE = "row-twice"
    OTHER_NAMES = "other-names"
    OTHER_UUID = "other-uuid"
    OTHER_GENERATION = "other-generation"
    UNKNOWN_STATUS = "unknown-status"
    PROJECT_HIDDEN = "project-hidden"
    OTHER_CERTIFICATE = "other-certificate"
    OTHER_SERVER_NAME = "other-server-name"
    OTHER_PROCESS = "other-process"
    UNTRUSTED = "untrusted"
    MEMBER_OFFLINE = "member-offline"
    MEMBER_EVACUATED = "member-evacuated"
    CLOCK_SKEW = "clock-skew"
    NOT_FOUND = "not-found"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    LOCKED = "locked"
    FORGOTTEN = "forgotten"
    LOST_ANSWER = "lost-answer"
    SILENT = "silent"
    LATE = "late"
    SLOW = "slow"
    HALF_CLOSED = "half-closed"
    CUT = "cut"
    NOT_JSON = "not-json"
    EVENT_LOST = "event-lost"
    EVENT_REPEATED = "event-repeated"
    EVENT_LATE = "event-late"
    EVENT_ELSEWHERE = "event-elsewhere"
    EVENT_GARBAGE = "event-garbage"
    STREAM_CLOSED = "stream-closed"
    STREAM_DEAF = "stream-deaf"


@dataclass(frozen=True)
class Deceit:
    """What becomes of the answer, by one of ``instead`` (nothing is done), ``bend``, ``afterwards`` (all is done first) and ``sending``.

    ``bend`` changes the metadata of a success; ``streaming`` is about events: their method is EVENT and
    their path that of what they are about, such as ``/1.0/instances/NAME``.
    """

    method: str
    path: str
    instead: tuple[int, str] | None = None
    bend: Bend | None = None
    afterwards: tuple[int, str] | None = None
    sending: Sending | None = None
    streaming: Streaming | None = None


LIES: dict[Lie, Deceit] = {
    Lie.SHORT_LIST: Deceit("GET", ROWS, bend=bending.without),
    Lie.EMPTY_LIST: Deceit("GET", ROWS, bend=lambda _metadata, _names: []),
    Lie.HIDDEN: Deceit("GET", r"/1\.0/(instances|projects/[^/]+|storage-pools/[^/]+/volumes(/[^/]+)?)", bend=bending.hidden),
    Lie.HOLLOW_ROWS: Deceit("GET", ROWS, bend=bending.hollow),
    Lie.NO_USER_CONFIG: Deceit("GET", ROWS, bend=bending.unmarked),
    Lie.ROW_TWICE: Deceit("GET", ROWS, bend=bending.twice),
    Lie.OTHER_NAMES: Deceit("GET", ROWS, bend=bending.renamed),
    Lie.OTHER_UUID: Deceit("GET", ONE, bend=bending.another_uuid),
    Lie.OTHER_GENERATION: Deceit("GET", ONE, bend=bending.another_generation),
    Lie.UNKNOWN_STATUS: Deceit("GET", ONE, bend=bending.unknown_status),
    Lie.PROJECT_HIDDEN: Deceit("GET", r"/1\.0/projects/[^/]+", instead=(404, "Project not found")),
    Lie.OTHER_CERTIFICATE: Deceit("GET", r"/1\.0", bend=bending.told("certificate_fingerprint", "c" * 64)),
    Lie.OTHER_SERVER_NAME: Deceit("GET", r"/1\.0", bend=bending.told("server_name", "somebody-else")),
    Lie.OTHER_PROCESS: Deceit("GET", r"/1\.0", bend=bending.told("server_pid", 77)),
    Lie.UNTRUSTED: Deceit("GET", r"/1\.0", bend=lambda metadata, _names: {**metadata, "auth": "untrusted"}),
    Lie.MEMBER_OFFLINE: Deceit("GET", r"/1\.0/cluster/members", bend=bending.members("Offline")),
    Lie.MEMBER_EVACUATED: Deceit("GET", r"/1\.0/cluster/members", bend=bending.members("Evacuated")),
    Lie.CLOCK_SKEW: Deceit("GET", r".*", sending=Sending.SKEWED),
    Lie.NOT_FOUND: Deceit("GET|" + WRITES, r".*", instead=(404, "not found")),
    Lie.PRECONDITION: Deceit("PUT|PATCH", ONE, instead=(412, "ETag doesn't match: 1 vs 2")),
    Lie.CONFLICT: Deceit(WRITES, ONE, instead=(409, "This instance already exists")),
    Lie.LOCKED: Deceit("GET|" + WRITES, r".*", instead=(500, "Failed to begin transaction: database is locked")),
    Lie.FORGOTTEN: Deceit("GET", r"/1\.0/operations/[^/]+(/wait)?", afterwards=(404, "Operation not found")),
    Lie.LOST_ANSWER: Deceit(WRITES, r".*", sending=Sending.LOST),
    Lie.SILENT: Deceit(WRITES, r".*", sending=Sending.SILENT),
    Lie.LATE: Deceit(WRITES, r".*", sending=Sending.LATE),
    Lie.SLOW: Deceit("GET|" + WRITES, r".*", sending=Sending.SLOW),
    Lie.HALF_CLOSED: Deceit("GET|" + WRITES, r".*", sending=Sending.NEVER_DONE),
    Lie.CUT: Deceit("GET|" + WRITES, r".*", sending=Sending.CUT),
    Lie.NOT_JSON: Deceit("GET|" + WRITES, r".*", sending=Sending.NOT_JSON),
    Lie.EVENT_LOST: Deceit("EVENT", ONE, streaming=Streaming.LOST),
    Lie.EVENT_REPEATED: Deceit("EVENT", ONE, streaming=Streaming.REPEATED),
    Lie.EVENT_LATE: Deceit("EVENT", ONE, streaming=Streaming.LATE),
    Lie.EVENT_ELSEWHERE: Deceit("EVENT", ONE, streaming=Streaming.ELSEWHERE),
    Lie.EVENT_GARBAGE: Deceit("EVENT", ONE, streaming=Streaming.GARBAGE),
    Lie.STREAM_CLOSED: Deceit("EVENT", r".*", streaming=Streaming.CLOSED),
    Lie.STREAM_DEAF: Deceit("EVENT", r".*", streaming=Streaming.DEAF),
}


@dataclass
class Told:
    """A lie that is being told. ``left`` counts down, None means for ever; ``after`` requests that match are answered truly first."""

    lie: Lie
    left: int | None
    after: int
    method: re.Pattern[str]
    path: re.Pattern[str]
    names: tuple[str, ...]
    seconds: float
    count: int = 0
    """How often it was told."""

    @property
    def deceit(self) -> Deceit:
        """Its row."""
        return LIES[self.lie]

    def bent(self, answer: Answer) -> Answer:
        """The answer after this lie; errors stay as they are."""
        bend = self.deceit.bend
        if self.deceit.afterwards:
            return refusal(*self.deceit.afterwards)
        if bend is None or answer.metadata is None:
            return answer
        return Answer(answer.status, {**answer.document, "metadata": bend(answer.metadata, self.names)}, answer.headers)


class Liar:
    """Which lies are told. Several at once are told in the order in which they were asked for."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._lock = threading.Lock()

    def tell(
        self,
        lie: Lie,
        *,
        times: int | None = 1,
        after: int = 0,
        method: str = "",
        path: str = "",
        names: tuple[str, ...] = (),
        seconds: float = 0.0,
    ) -> Told:
        """Tell ``lie`` the next ``times`` (None: for ever) that a request matches.

        ``method`` and ``path`` are patterns in place of the lie's own; ``names`` are the instances it is about, none means any or all;
        ``seconds`` are of delays, and of the clock.
        """
        row = LIES[lie]
        told = Told(lie, times, after, re.compile(method or row.method), re.compile(path or row.path), names, seconds)
        with self._lock:
            self._told.append(told)
        return told

    def stop(self) -> None:
        """Tell the truth from here on."""
        with self._lock:
            self._told.clear()

    def about(self, request: Request) -> list[Told]:
        """The lies to tell about ``request``; each is counted."""
        with self._lock:
            return [told for told in self._told if self._takes(told, request)]

    def _takes(self, told: Told, request: Request) -> bool:
        if told.left == 0 or not told.method.fullmatch(request.method) or not told.path.fullmatch(request.path):
            return False
        if told.after:
            told.after -= 1
            return False
        told.left = told.left if told.left is None else told.left - 1
        told.count += 1
        return True


def replaced(told: list[Told]) -> Answer | None:
    """The answer that is given with nothing done, where a lie asks for that."""
    for item in told:
        if item.deceit.instead:
            return refusal(*item.deceit.instead)
    return None
