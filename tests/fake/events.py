"""Events: who listens, and what is told of every change. The lies about the stream are told here, once for an event."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fake.answers import Answer, Refused, Request
from tests.fake.lies import Streaming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake.lies import Liar, Told

KINDS = frozenset({"logging", "operation", "lifecycle"})
GARBAGE = "\x00 {{{ not an event"
ELSEWHERE = "somewhere-else"


class Cue:
    """What a listener's stream does other than tell an event: ``CLOSE`` it, or go ``DEAF`` (nothing is told or answered any more)."""

    CLOSE = object()
    DEAF = object()


@dataclass(eq=False)
class Subscription:
    """One listener. ``project`` "" means every one. ``frames`` are texts to send, or cues."""

    kinds: frozenset[str]
    project: str
    frames: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)

    def wants(self, kind: str, project: str) -> bool:
        """Whether an event is for this one."""
        return kind in self.kinds and (not project or self.project in {"", project})


class Events:
    """Every listener of one daemon. An event of what became of nobody's listening is forgotten, as LXD forgets it."""

    def __init__(self) -> None:
        self.liar: Liar | None = None
        self._listeners: set[Subscription] = set()
        self._lock = threading.Lock()

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        with self._lock:
            return len(self._listeners)

    def open(self, request: Request, projects: Mapping[str, object]) -> Answer:
        """Begin to listen: what is told from here on is kept until the stream is there."""
        kinds = [kind for kind in request.query.get("type", "").split(",") if kind] or sorted(KINDS)
        for kind in kinds:
            if kind not in KINDS:
                raise Refused(500, f'"{kind}" isn\'t a supported event type')
        every = request.query.get("all-projects") in {"true", "1"}
        if every and "project" in request.query:
            raise Refused(500, "Cannot specify a project when requesting all projects")
        if not every and request.project not in projects:
            raise Refused(500, "Project not found")
        if request.headers.get("upgrade", "").lower() != "websocket":
            return Answer(400, headers={"Content-Type": "text/plain; charset=utf-8"}, raw=b"Bad Request\n")
        made = Subscription(frozenset(kinds), "" if every else request.project)
        with self._lock:
            self._listeners.add(made)
        return Answer(101, stream=made)

    def close(self, subscription: Subscription) -> None:
        """Nobody listens there any more."""
        with self._lock:
            self._listeners.discard(subscription)

    def lifecycle(
        self,
        action: str,
        source: tuple[str, str],
        project: str,
        *,
        context: Mapping[str, object] | None = None,
        by: Mapping[str, str] | None = None,
        location: str = "none",
    ) -> None:
        """Tell of a change of ``source`` (noun and name). Of most changes of an instance LXD 5.0.2 does not tell ``by`` whom."""
        noun, name = source
        path = f"/1.0/{noun}/{name}" + ("" if project == "default" else f"?project={project}")
        told = {"action": action, "source": path, **({"context": context} if context else {}), **({"requestor": by} if by else {})}
        self.tell("lifecycle", project, told, (noun, name), location)

    def ending(self, instance: str, project: str) -> None:
        """Log that the first process of a container ended by itself, as LXD does before it is stopped. Its log belongs to no project."""
        context = {"action": "stop", "instance": instance, "instanceType": "container", "project": project}
        told = {"message": "Instance initiated stop", "level": "debug", "context": context}
        self.tell("logging", "", told, ("instances", instance))

    def operation(self, row: Mapping[str, Any], project: str, names: tuple[str, ...]) -> None:
        """Tell of an operation that began or ended."""
        self.tell("operation", project, row, ("operations", *names))

    def tell(self, kind: str, project: str, metadata: Mapping[str, Any], about: tuple[str, ...], location: str = "none") -> None:
        """Tell whoever listens, as the lies want it told."""
        told = self.liar.about(Request("EVENT", about)) if self.liar else []
        event = {
            "type": kind,
            "timestamp": stamp(),
            "metadata": metadata,
            "location": location,
            **({"project": project} if project else {}),
        }
        frames, late = _frames(event, told)
        for frame in frames:
            self._send(kind, project, frame)
        for frame, seconds in late:
            timer = threading.Timer(seconds, self._send, (kind, project, frame))
            timer.daemon = True
            timer.start()

    def _send(self, kind: str, project: str, frame: object) -> None:
        with self._lock:
            for listener in self._listeners:
                if listener.wants(kind, project):
                    listener.frames.put(frame)


def _frames(event: Mapping[str, Any], told: list[Told]) -> tuple[list[object], list[tuple[object, float]]]:
    """What is sent in place of one event: at once, and later by how many seconds."""
    ways = {item.deceit.streaming: item.seconds for item in told}
    if Streaming.ELSEWHERE in ways:
        source = str(event["metadata"].get("source", "")).partition("?")[0] + f"?project={ELSEWHERE}"
        event = {**event, "project": ELSEWHERE, "metadata": {**event["metadata"], "source": source}}
    text = GARBAGE if Streaming.GARBAGE in ways else json.dumps(event, separators=(",", ":")) + "\n"
    if Streaming.CLOSED in ways:
        return [Cue.CLOSE], []
    if Streaming.DEAF in ways:
        return [Cue.DEAF], []
    if Streaming.LOST in ways:
        return [], []
    if Streaming.LATE in ways:
        return [], [(text, ways[Streaming.LATE])]
    return [text] * (2 if Streaming.REPEATED in ways else 1), []


def stamp() -> str:
    """The time as LXD writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 - a daemon has a clock of its own
