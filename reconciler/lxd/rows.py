"""Reading the list of instances: only what it tells otherwise than at the look before, row by row.

A row that stands word for word where the same row stood is the same row, so it is not taken apart again. That is safe in JSON: a text that
begins where a value begins, and is a whole object, is that object whatever follows. What has another form than LXD writes is read whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from typing import TYPE_CHECKING, Any

from reconciler.lxd import convert
from reconciler.model.world import Told, ToldRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.model.world import Instance

_HEAD = re.compile(r'\{"type":"sync",(?:"(?:status|operation|error)":"[^"\\]*",|"(?:status_code|error_code)":\d+,)*"metadata":\[')
_TAIL = re.compile(r"\]\}[ \t\r\n]*")
_scan = json.JSONDecoder().raw_decode
_reading = threading.Lock()
"""One list is taken apart at a time: threads would only take turns at it, and each holds many times what was sent."""

NOTHING = Told(b"", b"", ())


def digest(content: bytes) -> bytes:
    """What stands for a text that was told: 20 bytes of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=20).digest()


def read_rows(content: bytes, whole: Callable[[], object], before: Told = NOTHING) -> tuple[ToldRow, ...]:
    """The rows of the answer ``content``; those of ``before`` where they are told again.

    ``whole`` gives the metadata of the same answer, for an answer that has another form. Raises ``Malformed``.
    """
    with _reading:
        try:
            return _walk(content.decode(), before.rows)
        except ValueError:
            return tuple(told_rows(convert.rows(whole()), before.rows))


def told_rows(rows: Iterable[Mapping[str, Any]], before: Sequence[ToldRow] = ()) -> Iterable[ToldRow]:
    """Rows that were read whole."""
    known = {row.name: row for row in before}
    for row in rows:
        yield _row(row, 0, b"", known.get(str(row["name"])))


def _walk(text: str, old: Sequence[ToldRow]) -> tuple[ToldRow, ...]:
    """Raises ``ValueError`` where the text has not the form that LXD writes."""
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("not a list of LXD's")
    at, found = head.end(), _Walk(text, old)
    if text[at : at + 1] != "]":
        at = found.take(at)
        while text[at : at + 1] == ",":
            at = found.take(at + 1)
    if not _TAIL.fullmatch(text, at):
        raise ValueError("not a list of LXD's")
    return tuple(found.rows)


class _Walk:
    """A walk over a list, beside a walk over the rows of the list before."""

    def __init__(self, text: str, old: Sequence[ToldRow]) -> None:
        self.rows: list[ToldRow] = []
        self._text = text
        self._old = old
        self._next = 0
        self._places: dict[str, int] = {}
        self._like: ToldRow | None = None

    def take(self, at: int) -> int:
        """Take the row that begins at ``at``; where it ends. Raises ``ValueError`` where none does."""
        if self._next < len(self._old):
            row = self._old[self._next]
            end = at + row.length
            if row.length and digest(self._text[at:end].encode()) == row.digest:
                self._next += 1
                self.rows.append(row)
                return end
        return self._read(at)

    def _read(self, at: int) -> int:
        value, end = _scan(self._text, at)
        if not isinstance(value, dict) or not value.get("name"):
            raise ValueError("not a list of rows")
        before = self._before(str(value["name"]))
        self._like = _row(value, end - at, digest(self._text[at:end].encode()), before, self._like)
        self.rows.append(self._like)
        return end

    def _before(self, name: str) -> ToldRow | None:
        """The row of that name in the list before. The walk over that goes on behind it."""
        if not self._places:
            self._places = {row.name: place for place, row in enumerate(self._old)}
        place = self._places.get(name)
        if place is None:
            return None
        self._next = place + 1
        return self._old[place]


def _row(value: Mapping[str, Any], length: int, told: bytes, before: ToldRow | None, like: ToldRow | None = None) -> ToldRow:
    """``before``: what it was at the look before; ``like``: the row beside it, with which it has most in common."""
    instance = None
    if not convert.is_hollow(value):
        beside = (before and before.instance) or (like and like.instance)
        instance = convert.instance(value, beside or None)
        if before is not None and before.instance == instance:
            instance = before.instance
    volumes = convert.root_volumes([value])
    if like is not None and like.volumes == volumes:
        volumes = like.volumes
    return ToldRow(length, told, str(value["name"]), str(value.get("location")), str(value.get("status")), volumes, instance)


def sort_rows(rows: Sequence[ToldRow], names: frozenset[str], away: Mapping[str, str]) -> tuple[tuple[Instance, ...], dict[str, str]]:
    """Rows that can be believed, and names that cannot: hollow, twice in the list, in one list only, or on a member that is away.

    ``names`` are those that the project knows; ``away``: member -> its status.
    """
    doubtful: dict[str, str] = {}
    found: dict[str, Instance] = {}
    for row in rows:
        name = row.name
        if row.instance is None:
            doubtful[name] = f"its row has status {row.status} and not the config that every instance has"
        elif row.location in away:
            doubtful[name] = f"it is on cluster member {row.location}, which is {away[row.location]}"
        elif name in found:
            doubtful[name] = "two rows carry the name"
        else:
            found[name] = row.instance
    for name in names - found.keys() - doubtful.keys():
        doubtful[name] = "the project uses it and the list of instances has no row for it"
    for name in found.keys() - names:
        doubtful[name] = "the list of instances has a row for it and the project does not know it"
    return tuple(found[name] for name in sorted(found) if name not in doubtful), doubtful
