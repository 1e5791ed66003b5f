"""A host's event stream, over a websocket of its own. What comes of it are hints: why to look again, never what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from reconciler.errors import HostError, Malformed, Unreachable
from reconciler.lxd.duplex import shared
from reconciler.lxd.errors import of_status
from reconciler.lxd.sockets import connected
from reconciler.model.hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from websockets.protocol import Event

    from reconciler.lxd.connect import Door

LONGEST = 64 * 1024
"""Bytes of one event; a longer one ends the stream."""
PING = 15.0
"""Seconds between two pings, and how long an answer to one may take: a host that was cut off is known after twice that."""
STOPPING = '"Instance initiated stop"'
"""LXD logs this when a container's first process ended, half a second or more before the event that says it is stopped."""
LOGGED = '"type":"logging"'
_STREAM = "its event stream"
ALONE = "none"
"""LXD's location of what comes from no cluster."""


class _Quiet(ClientConnection):
    """Leaves the rest of the log where it is read. LXD writes some ten lines for one call of ours, and each would wake another thread."""

    def process_event(self, event: Event) -> None:
        """What came in, in the thread that reads the socket."""
        if not (isinstance(event, Frame) and event.opcode is Opcode.TEXT and event.fin and _is_rest(bytes(event.data))):
            super().process_event(event)


class Stream:
    """An open stream. A context manager; ``hints`` ends with a ``HostError`` when the stream does."""

    def __init__(self, host: str, socket_: ClientConnection, project: str) -> None:
        self._host = host
        self._socket = socket_
        self._project = project

    @classmethod
    def open(cls, door: Door) -> Self:
        """Connect to the host behind ``door`` as the door does: the same pin, the same certificate. Raises a ``HostError``."""
        host = door.host
        # Logging is asked for because of one line in it; most of the rest is thrown away unread.
        path = door.path("events", type="lifecycle,logging")
        plain = shared(connected(door, "event stream"))
        try:
            opened = connect(
                f"ws://lxd{path}",
                sock=plain,
                proxy=None,
                compression=None,
                open_timeout=door.read_timeout,
                close_timeout=1,
                ping_interval=PING,
                ping_timeout=PING,
                max_size=LONGEST,
                max_queue=None,
                create_connection=_Quiet,
            )
        except InvalidStatus as error:
            plain.close()
            raise of_status(error.response.status_code, "", host.name) from error
        except (InvalidHandshake, OSError, EOFError) as error:
            plain.close()
            raise Unreachable(f"{host.name}: no event stream: {type(error).__name__}") from error
        return cls(host.name, opened, host.project)

    def __enter__(self) -> Self:
        # The library warns of a connection that is read outside its own block; ``close`` is all that its end would do.
        self._socket.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it, from any thread: ``hints`` then raises."""
        self._socket.close()

    def hints(self) -> Iterator[Hint]:
        """What the host says, as it says it. Blocks. Raises ``Unreachable`` at the stream's end, ``Malformed`` for what is no event."""
        try:
            for text in self._socket:
                hint = read(text, self._project)
                if hint is not None:
                    yield hint
        except ConnectionClosed as error:
            raise Unreachable(f"{self._host}: {_STREAM} ended: {error.reason or type(error).__name__}") from error
        except HostError as error:
            raise Malformed(f"{self._host}: {_STREAM}: {error.message}") from error
        raise Unreachable(f"{self._host}: {_STREAM} ended")


def read(text: str | bytes, project: str) -> Hint | None:
    """The hint in one message; None where it is about nothing that is looked at here. Raises ``Malformed``."""
    if not isinstance(text, str):
        raise Malformed("bytes, not text")
    if LOGGED in text and STOPPING not in text:
        return None
    try:
        event = json.loads(text)
        kind, told = event["type"], event["metadata"]
        if kind == "logging":
            context = told["context"]
            if context["project"] != project:
                return None
            return Hint("instance-stopping", str(context["instance"]), str(event["timestamp"]), location=_location(event))
        if kind != "lifecycle" or event.get("project") != project:
            return None
        who = _who(told.get("requestor") or {})
        return Hint(str(told["action"]), _instance(str(told["source"])), str(event["timestamp"]), who, _location(event))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed("a message that is no event") from error


def _is_rest(message: bytes) -> bool:
    """Whether it is of the log, and not the one line that is looked for."""
    return LOGGED.encode() in message and STOPPING.encode() not in message


def _location(event: dict[str, Any]) -> str:
    told = str(event.get("location", ""))
    return "" if told == ALONE else told


def _instance(source: str) -> str:
    parts = source.partition("?")[0].split("/")
    return unquote(parts[3]) if len(parts) > 3 and parts[2] == "instances" else ""  # noqa: PLR2004 - /1.0/instances/NAME


def _who(requestor: dict[str, Any]) -> str:
    """``username (protocol, address)`` with what there is of it."""
    name, ways = str(requestor.get("username", "")), [str(requestor.get(key, "")) for key in ("protocol", "address")]
    way = ", ".join(part for part in ways if part and part != "@")
    return f"{name} ({way})" if name and way else name
