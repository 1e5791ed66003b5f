"""The ledger in memory: read once, then kept by the very operations that change the tables.

It is that of one version of the file: who asks compares ``version`` with the file's, in the same transaction, and reads anew where another
process wrote. What depends on the time is judged at each asking. What was given out never changes: a table is copied before the first
operation after that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from reconciler.model.records import Applied, Certified, Deed, Known, Ledger, PowerRecord, Writer
from reconciler.store import past

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from reconciler.store.chain import Op, Value
    from reconciler.store.past import Call

SLACK = timedelta(minutes=5)
"""How much older calls are kept than deeds go back: threads ask for moments that are not quite in order. Twice as much until they go."""

_Row = TypeVar("_Row")


class Rows(Generic[_Row]):
    """One table by key, in the order of its keys."""

    def __init__(self, rows: dict[str, _Row]) -> None:
        self._rows = rows
        self._given = False
        self._sorted = True

    def get(self, key: str) -> _Row | None:
        """One row; None where there is none."""
        return self._rows.get(key)

    def put(self, key: str, row: _Row) -> None:
        """Add a row or replace it."""
        self._own()
        self._sorted = self._sorted and key in self._rows
        self._rows[key] = row

    def drop(self, key: str) -> None:
        """Take a row out, if it is there."""
        self._own()
        self._rows.pop(key, None)

    def given(self) -> dict[str, _Row]:
        """All rows; nobody changes what was given."""
        if not self._sorted:
            self._rows, self._sorted = dict(sorted(self._rows.items())), True
        self._given = True
        return self._rows

    def _own(self) -> None:
        if self._given:
            self._rows, self._given = dict(self._rows), False


class Held:
    """The ledger's tables as of ``version``. Asked and changed by one thread at a time. Raises as ``past`` does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.version = past.data_version(connection)
        self.known = Rows(past.known(connection))
        self.certified = Rows(past.certified(connection))
        self.applied = past.applied(connection)
        self.circuit = past.circuit(connection)
        self._powers = Rows(past.powers(connection))
        self._ended = Rows(past.ended(connection))
        self._accepted = past.accepted(connection)
        self._since = ""
        self._calls: dict[str, Call | Deed] | None = None
        """By id, oldest first: as a deed once nothing more comes of it. A busy fleet makes many in an hour, so no word is kept twice."""
        self._open: tuple[frozenset[tuple[str, str, str]], frozenset[str]] | None = None

    def ledger(self, connection: sqlite3.Connection, now: datetime) -> Ledger:
        """The ledger at ``now``."""
        at = past.iso(now)
        begun, ending = self._opened(connection)
        return Ledger(
            powers=self._powers.given(),
            ended=frozenset(self._ended.given()),
            known=self.known.given(),
            certified=self.certified.given(),
            deeds=self._counted(connection, now),
            accepted=frozenset(digest for digest, until in self._accepted.items() if until > at),
            begun=begun,
            ending=ending,
            applied=self.applied,
            circuit=self.circuit,
        )

    def follow(self, op: Op) -> None:
        """Take over one operation on a table."""
        follow = self.FOLLOW.get(op[1])
        if follow is not None:
            follow(self, op[0], op[2])

    def _opened(self, connection: sqlite3.Connection) -> tuple[frozenset[tuple[str, str, str]], frozenset[str]]:
        """They are few, and an index is on them: read again after any intent."""
        if self._open is None:
            self._open = past.begun(connection), past.ending(connection)
        return self._open

    def _counted(self, connection: sqlite3.Connection, now: datetime) -> tuple[Deed, ...]:
        since = past.iso(now - past.DEEDS)
        calls, first = self._reaching(connection, now, since), datetime.fromisoformat(since)
        deeds = (one if isinstance(one, Deed) else past.deed(one) for one in calls.values() if isinstance(one, Deed) or past.counts(one))
        return tuple(deed for deed in deeds if deed.at >= first)

    def _reaching(self, connection: sqlite3.Connection, now: datetime, since: str) -> dict[str, Call | Deed]:
        """The calls as far back as is asked, and not much farther."""
        calls = self._calls
        if calls is None or since < self._since:
            self._since = past.iso(now - past.DEEDS - SLACK)
            calls = {key: _brief(row) for key, row in past.calls(connection, self._since).items()}
        elif past.iso(now - past.DEEDS - 2 * SLACK) > self._since:
            self._since = past.iso(now - past.DEEDS - SLACK)
            calls = {key: one for key, one in calls.items() if _at(one) >= self._since}
        self._calls = calls
        return calls

    def _intent(self, verb: str, row: Mapping[str, Value]) -> None:
        self._open = None
        key, calls = str(row["id"]), self._calls
        if calls is None:
            return
        before = calls.get(key)
        if verb == "drop":
            calls.pop(key, None)
        elif isinstance(before, Deed):
            # Something came of it after all.
            self._calls = None
        elif verb == "set" and before is not None:
            calls[key] = _brief([_text(row[name]) if name in row else value for name, value in zip(past.CALL, before, strict=True)])
        elif verb == "add" and str(row["at"]) >= self._since:
            calls[key] = [_text(row.get(name)) for name in past.CALL]

    def _power(self, verb: str, row: Mapping[str, Value]) -> None:
        _follow(self._powers, verb, row, "uuid", lambda: PowerRecord(str(row["power"]), Writer(str(row["writer"]))))

    def _session(self, verb: str, row: Mapping[str, Value]) -> None:
        _follow(self._ended, verb, row, "uid", lambda: None)

    def _object(self, verb: str, row: Mapping[str, Value]) -> None:
        _follow(self.known, verb, row, "uuid", lambda: Known(**{name: str(value) for name, value in row.items()}))

    def _host(self, verb: str, row: Mapping[str, Value]) -> None:
        made = lambda: Certified(str(row["host"]), str(row["server_name"]), int(row["count"] or 0))  # noqa: E731 - as above
        _follow(self.certified, verb, row, "host", made)

    def _acceptance(self, verb: str, row: Mapping[str, Value]) -> None:
        key = str(row["digest"])
        self._accepted.pop(key, None)
        if verb != "drop":
            self._accepted[key] = str(row["until"])

    def _applied(self, _verb: str, row: Mapping[str, Value]) -> None:
        words = str(row["commit"]), str(row["inputs"]), str(row["tool"])
        self.applied = Applied(*words, approval=bool(row["approval"]), signatures=bool(row["signatures"]))

    def _circuit(self, _verb: str, row: Mapping[str, Value]) -> None:
        self.circuit = str(row["why"])

    FOLLOW: ClassVar[Mapping[str, Callable[[Held, str, Mapping[str, Value]], None]]] = {
        "intents": _intent,
        "powers": _power,
        "ended": _session,
        "known": _object,
        "certified": _host,
        "accepted": _acceptance,
        "applied": _applied,
        "circuit": _circuit,
    }


def _follow(rows: Rows[_Row], verb: str, row: Mapping[str, Value], key: str, made: Callable[[], _Row]) -> None:
    if verb == "drop":
        rows.drop(str(row[key]))
    else:
        rows.put(str(row[key]), made())


def _brief(row: Call) -> Call | Deed:
    return past.deed(row) if past.is_settled(row) else row


def _at(one: Call | Deed) -> str:
    return past.iso(one.at) if isinstance(one, Deed) else one[0] or ""


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
