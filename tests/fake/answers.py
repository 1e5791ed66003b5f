"""Requests as they come and answers as LXD gives them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake.events import Subscription


LOCAL = {"username": "root", "protocol": "unix", "address": "@"}
"""Whoever comes over the unix socket."""


class Refused(Exception):
    """An answer that is an error: LXD's status and word."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Request:
    """``parts`` are the path's, unquoted, without ``1.0``; header names are in lower case."""

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    trusted: bool = True
    requestor: Mapping[str, str] = field(default_factory=lambda: dict(LOCAL))
    """Who asks, as events tell it."""

    @property
    def path(self) -> str:
        """Without its query."""
        return "/" + "/".join(("1.0", *self.parts))

    @property
    def project(self) -> str:
        """Name of the project that is asked for."""
        return self.query.get("project") or "default"

    @property
    def deep(self) -> bool:
        """Whether rows are wanted and not paths."""
        return self.query.get("recursion", "0") in {"1", "2"}

    def json(self) -> dict[str, Any]:
        """The body; what is no mapping is refused in LXD's way."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refused(400, f"invalid character: {error}") from error
        if not isinstance(found, dict):
            raise Refused(400, f"json: cannot unmarshal {type(found).__name__} into Go value")
        return found


@dataclass
class Answer:
    """``document`` is sent as JSON unless ``raw`` is given."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    stream: Subscription | None = None
    """Of an answer that goes on as a stream of events."""

    def payload(self) -> bytes:
        """The body's bytes."""
        return self.raw if self.raw is not None else compact(self.document) + b"\n"

    @property
    def metadata(self) -> Any:
        """What a synchronous answer tells; None in an error."""
        return self.document.get("metadata") if isinstance(self.document, dict) else None


def compact(value: object) -> bytes:
    """JSON without blanks, as Go writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def listed(rows: list[bytes]) -> Answer:
    """A synchronous answer that lists what is JSON already."""
    head, tail = compact(_document("sync", 200, [])).split(b"[]")
    return Answer(raw=head + b"[" + b",".join(rows) + b"]" + tail + b"\n")


def _document(kind: str, status: int, metadata: object, operation: str = "") -> dict[str, Any]:
    words = {200: "Success", 100: "Operation created"}
    return {
        "type": kind,
        "status": words.get(status, ""),
        "status_code": status,
        "operation": operation,
        "error_code": 0,
        "error": "",
        "metadata": metadata,
    }


def sync(metadata: object = None, etag: str = "", location: str = "") -> Answer:
    """A synchronous answer; ``location`` makes it a 201."""
    headers = {**({"ETag": f'"{etag}"'} if etag else {}), **({"Location": location} if location else {})}
    return Answer(201 if location else 200, _document("sync", 200, metadata), headers)


def begun(operation: Mapping[str, Any]) -> Answer:
    """An operation began."""
    path = f"/1.0/operations/{operation['id']}"
    return Answer(202, _document("async", 100, operation, path), {"Location": path})


def refusal(status: int, text: str) -> Answer:
    """An error."""
    return Answer(status, {**_document("error", 0, None), "error_code": status, "error": text})


def etag_of(*whole: object) -> str:
    """A digest of what an object is made of, as LXD's ETags are."""
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def check_etag(request: Request, etag: str) -> None:
    """A header that is absent is accepted, as LXD does."""
    given = request.headers.get("if-match", "").strip('"')
    if given and given != etag:
        raise Refused(412, f"ETag doesn't match: {etag} vs {given}")
