"""What the tables were when the chain was cut: the entries that went, carried out on a table of rows.

It comes from the entries and never from the tables, so a table that was edited still differs. Its digest is in the entry that cut, so that
an edit of the base shows as well.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reconciler.store.chain import ROOT, link
from reconciler.store.schema import TABLES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.store.chain import Op, Value


class BrokenChain(Exception):
    """An entry that is to go does not hold."""


def fold(connection: sqlite3.Connection, upto: int, limit: int) -> tuple[int, str]:
    """Carry out the first entries on the base, up to number ``upto`` and ``limit`` of them; they stay in the chain.

    Gives the number and the hash of the last; 0 and "" where there was none. Raises ``BrokenChain``.
    """
    last, prev = last_cut(connection)
    begun = last
    rows = connection.execute(
        "select seq, at, kind, body, prev, hash from chain where seq <= ? order by seq limit ?", (upto, limit)
    ).fetchall()
    for seq, at, kind, body, before, told in rows:
        if seq != last + 1 or before != prev or link(prev, seq, at, kind, body) != told:
            raise BrokenChain(f"entry {last + 1} does not hold")
        for op in json.loads(body):
            _carry_out(connection, seq, op)
        last, prev = seq, told
    return (last, prev) if last > begun else (0, "")


def last_cut(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number and hash of the last entry that went."""
    return connection.execute("select seq, hash from cuts where id = 'last'").fetchone() or (0, ROOT)


def drop(connection: sqlite3.Connection, ops: Iterable[Op]) -> None:
    """Take out what ``ops`` drop, which they say once more to whoever carries the entries out: what is not there is not dropped."""
    for _, name, row in ops:
        connection.execute("delete from base where name = ? and key = ?", (name, str(row[TABLES[name].key])))


def digest(connection: sqlite3.Connection) -> str:
    """The SHA-256 of all rows of the base in their order, one a line, 64 hex digits."""
    total = hashlib.sha256()
    for name, seq, row in connection.execute("select name, seq, row from base order by place"):
        total.update(f"{name} {seq} {row}\n".encode())
    return total.hexdigest()


def rows(connection: sqlite3.Connection) -> Iterator[tuple[str, int, dict[str, Value]]]:
    """Table, number of the entry that wrote it last, and the row, in their order."""
    for name, seq, row in connection.execute("select name, seq, row from base order by place"):
        yield name, seq, json.loads(row)


def tells(connection: sqlite3.Connection, name: str, row: Mapping[str, Value]) -> bool:
    """Whether the entries that went tell of exactly this row. A column that is younger than they is empty."""
    found = connection.execute("select row from base where name = ? and key = ?", (name, str(row[TABLES[name].key]))).fetchone()
    told = json.loads(found[0]) if found else None
    return told is not None and all(value == told.get(column) for column, value in row.items())


def _carry_out(connection: sqlite3.Connection, seq: int, op: Op) -> None:
    verb, name, row = op
    key = name, str(row[TABLES[name].key])
    if verb == "set":
        found = connection.execute("select row from base where name = ? and key = ?", key).fetchone()
        if found:
            connection.execute(
                "update base set seq = ?, row = ? where name = ? and key = ?", (seq, _text({**json.loads(found[0]), **row}), *key)
            )
        return
    connection.execute("delete from base where name = ? and key = ?", key)
    if verb != "drop":
        connection.execute("insert into base (name, key, seq, row) values (?, ?, ?, ?)", (*key, seq, _text(row)))


def _text(row: Mapping[str, Value]) -> str:
    return json.dumps(row, sort_keys=True, separators=(",", ":"))
