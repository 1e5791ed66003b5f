"""Holding the journal against its chain: every hash again, and every table told again from the entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.store.base import digest
from reconciler.store.base import rows as base_rows
from reconciler.store.chain import ROOT, link
from reconciler.store.schema import TABLES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from reconciler.store.chain import Op, Value

    Row = Mapping[str, Value]

SHOWN = 60
"""Characters of a value in evidence."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """``head`` is the hash of the last of ``entries``. ``why`` "" means that all holds; else ``seq`` is the first entry that does not.

    ``seq`` one past the last means: what is wrong comes from no entry at all. ``cut`` is how many entries went before the first.
    """

    entries: int
    head: str
    seq: int = 0
    why: str = ""
    cut: int = 0


def verify(connection: sqlite3.Connection, kept: str = "") -> Soundness:
    """What holds of the journal. ``kept`` is a head's hash from before, kept elsewhere; it must be that of an entry."""
    replay = _Replay()
    gone, prev, told = connection.execute("select seq, hash, digest from cuts where id = 'last'").fetchone() or (0, ROOT, "")
    why = _base(connection, replay, gone, told)
    if why:
        return Soundness(0, prev, gone, why, gone)
    last, met = gone, not kept or kept == prev
    for row in connection.execute("select seq, at, kind, body, prev, hash from chain order by seq"):
        why = _entry(last + 1, prev, row) or replay.take(row[0], row[3])
        if why:
            return Soundness(last - gone, prev, last + 1, why, gone)
        prev, last = row[5], last + 1
        met = met or prev == kept
    if not replay.says_cut(gone):
        # That entries went is believed of an entry that stayed, never of the table by itself.
        return Soundness(last - gone, prev, last + 1, f"no entry says that {gone} entries were cut", gone)
    found = sorted((seq or last + 1, why) for name in TABLES for seq, why in replay.differences(connection, name))
    if found:
        return Soundness(last - gone, prev, *found[0], gone)
    if not met:
        older = f", or it is one of the {gone} that were cut" if gone else ""
        return Soundness(
            last - gone, prev, last + 1, f"no entry has the hash {kept}: the chain's tail was cut off, or it was written anew{older}", gone
        )
    return Soundness(last - gone, prev, cut=gone)


def _base(connection: sqlite3.Connection, replay: _Replay, gone: int, told: str) -> str:
    """Begin with what the entries told that were cut. Why it does not hold; "" where it does."""
    if not gone:
        there = connection.execute("select 1 from base").fetchone()
        return "what is kept of cut entries is there, and none was cut" if there else ""
    if digest(connection) != told:
        return f"what is kept of the {gone} entries that were cut was edited"
    for name, seq, row in base_rows(connection):
        replay.begin(seq, name, row)
    return ""


def _entry(seq: int, prev: str, row: tuple[Value, ...]) -> str:
    """Why the entry that should be number ``seq`` does not hold; "" where it does."""
    if row[0] != seq:
        return f"entry {seq} is missing; the next there is {row[0]}"
    if row[4] != prev:
        return f"entry {seq} does not follow the one before it"
    if not all(isinstance(value, str) for value in row[1:]) or link(prev, seq, str(row[1]), str(row[2]), str(row[3])) != row[5]:
        return f"entry {seq} was edited: its hash is not that of its content"
    return ""


class _Replay:
    """The tables as the entries tell them: table -> key -> (row, the entry that wrote it last)."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Value, tuple[dict[str, Value], int]]] = {name: {} for name in TABLES}

    def begin(self, seq: int, name: str, row: dict[str, Value]) -> None:
        """A row as entries left it that were cut."""
        self._tables[name][row[TABLES[name].key]] = row, seq

    def says_cut(self, gone: int) -> bool:
        """Whether an entry that stayed says that so many were cut."""
        row, seq = self._tables["cuts"].get("last", ({"seq": 0}, 0))
        return row["seq"] == gone and (not gone or seq > gone)

    def take(self, seq: int, body: str) -> str:
        """Carry out an entry's operations. Why it cannot be done; "" where it was."""
        try:
            for op in json.loads(body):
                self._carry_out(seq, op)
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"entry {seq} holds operations that this version does not know"
        return ""

    def _carry_out(self, seq: int, op: Op) -> None:
        verb, name, row = op
        table, key = self._tables[name], row[TABLES[name].key]
        if verb == "set":
            if key in table:
                table[key] = ({**table[key][0], **row}, seq)
            return
        # Taken out even where it comes back: a row that is replaced goes to the end of the table, there as here.
        table.pop(key, None)
        if verb != "drop":
            table[key] = (dict(row), seq)

    def differences(self, connection: sqlite3.Connection, name: str) -> list[tuple[int, str]]:
        """(entry, or 0 for none; what differs) for each row of a table that is not as the entries tell."""
        told, columns = self._tables[name], tuple(TABLES[name].columns)
        words = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f"select {words} from {name} order by rowid")  # noqa: S608 - our own names
        there = {row[columns.index(TABLES[name].key)]: dict(zip(columns, row, strict=True)) for row in rows}
        found = [(seq, f"{name} {key} is gone, which entry {seq} wrote") for key, (_, seq) in told.items() if key not in there]
        for key, row in there.items():
            if key not in told:
                found.append((0, f"{name} {key} is in no entry of the chain"))
            else:
                wrong = _wrong(row, told[key][0])
                found += [(told[key][1], f"{name} {key} was edited after entry {told[key][1]}: {wrong}")] if wrong else []
        if not found and list(there) != list(told):
            found += _misplaced(name, list(there), {key: seq for key, (_, seq) in told.items()})
        return found


def _wrong(there: Row, told: Row) -> str:
    """The first column that differs. A column that is younger than the entry is empty."""
    column = next((column for column in there if there[column] != told.get(column)), None)
    return "" if column is None else f"{column} is {_short(there[column])}, the chain says {_short(told.get(column))}"


def _misplaced(name: str, there: list[Value], told: Mapping[Value, int]) -> list[tuple[int, str]]:
    key = next(key for key, place in zip(told, there, strict=True) if key != place)
    return [(told[key], f"{name} {key} is not in the place where entry {told[key]} put it")]


def _short(value: Value) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
