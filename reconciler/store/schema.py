"""The tables of the journal, and bringing a file of any earlier version to them.

Every table of ``TABLES`` can be told again from ``base``, which is what the tables were when the chain was cut, and the entries since.
``intents``, ``passes``, ``notes``, ``used_plans``, ``accepted``, ``powers``, ``ended`` and ``chain`` grow with what is done and are cut by
``retention``; ``known`` and ``certified`` hold what exists, the rest one row each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from reconciler.model.records import Intent, Known
from reconciler.store.chain import append

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

VERSION = 2
"""Kept in SQLite's ``user_version``; 0 is a file from before the chain, 1 one whose chain was never cut."""


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` are name -> SQLite type; ``key`` is the one that names a row."""

    columns: Mapping[str, str]
    key: str
    indexed: tuple[str, ...] = ()


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "TEXT")


TABLES: dict[str, Table] = {
    "intents": Table(_texts(*(field.name for field in fields(Intent))), "id", ("ref", "at", "outcome")),
    "passes": Table(_texts("id", "plan", "actor", "commit", "started_at", "ended_at", "result"), "id"),
    "powers": Table(_texts("uuid", "power", "writer", "at"), "uuid"),
    "ended": Table(_texts("uid", "ref", "at"), "uid"),
    "known": Table(_texts(*(field.name for field in fields(Known))), "uuid", ("host",)),
    "certified": Table(_texts("host", "server_name") | {"count": "INTEGER"}, "host"),
    "accepted": Table(_texts("digest", "code", "ref", "host", "action", "evidence", "by", "reason", "at", "until"), "digest"),
    "applied": Table(_texts("id", "commit", "inputs", "tool") | {"approval": "INTEGER", "signatures": "INTEGER"}, "id"),
    "circuit": Table(_texts("id", "why", "by", "at"), "id"),
    "used_plans": Table(_texts("plan", "by", "at", "until"), "plan"),
    "notes": Table(_texts("id", "at", "kind", "by", "subject", "detail"), "id"),
    # The last entry that was cut: its number and hash, and the digest of what ``base`` holds since.
    "cuts": Table({"id": "TEXT", "seq": "INTEGER"} | _texts("hash", "digest", "at"), "id"),
}

_CHAIN = """create table if not exists chain
    (seq integer primary key, at text not null, kind text not null, body text not null, prev text not null, hash text not null)"""
_WALL = (
    "create trigger if not exists chain_keeps before update on chain begin select raise(abort, 'the chain is append-only'); end",
    "drop trigger if exists chain_holds",
    # Its beginning may go, as far as an entry says so that stays.
    """create trigger chain_holds before delete on chain when old.seq > coalesce((select seq from cuts where id = 'last'), 0)
    begin select raise(abort, 'the chain is append-only'); end""",
    # "insert or replace" runs no delete trigger, so an entry in the middle is stopped here.
    """create trigger if not exists chain_grows before insert on chain when new.seq is not (select coalesce(max(seq), 0) + 1 from chain)
    begin select raise(abort, 'the chain is append-only'); end""",
)
_BASE = (
    """create table if not exists base
    (place integer primary key, name text not null, key text not null, seq integer not null, row text not null, unique (name, key))""",
)
_FEW = (
    """create index if not exists intents_open on intents (call)
    where call in ('CreateInstance', 'DeleteInstance') and (outcome is null or outcome in ('failed', 'skipped', 'unknown'))""",
    """create index if not exists intents_made on intents (ref, plan) where call = 'CreateInstance' and outcome = 'done'""",
)


class NewerFile(Exception):
    """The file was written by a later version of this program."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make what the file lacks, in one transaction; a file that has everything is only read.

    Rows from before the chain become its first entry. Raises ``NewerFile`` or ``sqlite3.Error``.
    """
    if not _lacking(connection):
        return
    connection.execute("begin immediate")
    try:
        for statement in _lacking(connection):
            connection.execute(statement)
        if _version(connection) < VERSION:
            if _version(connection) == 0:
                _adopt_rows(connection)
            connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("pragma user_version").fetchone()[0])
    if version > VERSION:
        raise NewerFile(f"it has version {version}, this program writes {VERSION}")
    return version


def _lacking(connection: sqlite3.Connection) -> list[str]:
    """The statements that make what is not there yet."""
    there = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    whole = {"chain", "base"} <= there and _version(connection) == VERSION
    statements = [] if whole else [_CHAIN, *_BASE]
    for name, table in TABLES.items():
        if name not in there:
            columns = ", ".join(f'"{column}" {kind}{" primary key" * (column == table.key)}' for column, kind in table.columns.items())
            statements.append(f"create table if not exists {name} ({columns})")
        else:
            has = {row[1] for row in connection.execute(f"pragma table_info({name})")}
            statements += [
                f'alter table {name} add column "{column}" {kind}' for column, kind in table.columns.items() if column not in has
            ]
    if statements:
        statements += [
            f'create index if not exists {name}_{column} on {name} ("{column}")'
            for name, table in TABLES.items()
            for column in table.indexed
        ]
        statements += _FEW
    # Last: what guards the chain names another table.
    statements += [] if whole else _WALL
    return statements


def _adopt_rows(connection: sqlite3.Connection) -> None:
    ops = []
    for name, table in TABLES.items():
        columns = list(table.columns)
        words = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f"select {words} from {name} order by rowid")  # noqa: S608 - our own names
        ops += [("add", name, dict(zip(columns, row, strict=True))) for row in rows]
    if ops:
        last = connection.execute("select max(at) from intents").fetchone()[0]
        append(connection, last or "", "before-the-chain", ops)
