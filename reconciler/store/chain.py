"""The chain: one append-only entry for every transaction, each with the hash of the one before it.

``hash`` is the SHA-256 of prev, seq, at, kind and body, with line feeds between; ``body`` is canonical JSON: the operations on the tables
that were done in the same transaction. So an edit, an insertion, a deletion or a reordering shows, in the chain or against the tables.
What it cannot show by itself is a cut tail, or a file written anew from its beginning: for that keep the head's hash elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    Value = str | int | None
    Op = tuple[str, str, Mapping[str, Value]]
    """``add``, ``put``, ``set`` or ``drop``; the table; the columns, the key among them."""

ROOT = "0" * 64
"""What stands for the hash before the first entry."""


def link(prev: str, seq: int, at: str, kind: str, body: str) -> str:
    """The hash of an entry, 64 hex digits."""
    return hashlib.sha256(f"{prev}\n{seq}\n{at}\n{kind}\n{body}".encode()).hexdigest()


def append(connection: sqlite3.Connection, at: str, kind: str, ops: Sequence[Op]) -> None:
    """Add the entry for ``ops``. The caller holds a write transaction, so nobody adds one in between."""
    last = connection.execute("select seq, hash from chain order by seq desc limit 1").fetchone()
    seq, prev = (last[0] + 1, last[1]) if last else (1, ROOT)
    body = json.dumps(ops, sort_keys=True, separators=(",", ":"))
    connection.execute(
        "insert into chain (seq, at, kind, body, prev, hash) values (?, ?, ?, ?, ?, ?)",
        (seq, at, kind, body, prev, link(prev, seq, at, kind, body)),
    )


def carry_out(connection: sqlite3.Connection, key: str, op: Op) -> None:
    """Do one operation on its table, whose rows are named by ``key``."""
    verb, table, row = op
    connection.execute(_statement(verb, table, key, tuple(row)), dict(row))


@lru_cache(maxsize=256)
def _statement(verb: str, table: str, key: str, columns: tuple[str, ...]) -> str:
    if verb == "drop":
        return f'delete from {table} where "{key}" = :{key}'  # noqa: S608 - our own names, values are bound
    if verb == "set":
        changes = ", ".join(f'"{column}" = :{column}' for column in columns if column != key)
        return f'update {table} set {changes} where "{key}" = :{key}'  # noqa: S608 - as above
    names, values = ", ".join(f'"{column}"' for column in columns), ", ".join(f":{column}" for column in columns)
    word = "insert or replace" if verb == "put" else "insert"
    return f"{word} into {table} ({names}) values ({values})"
