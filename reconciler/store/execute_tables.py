"""The tables of ``execute.db``."""

from __future__ import annotations

import sqlite3

from reconciler.errors import StateError

VERSION = 1
"""Kept in SQLite's ``user_version``."""

_TABLES = (
    "create table fences (id integer primary key check (id = 1), last integer not null) strict",
    # From anywhere on, so that the marks of two state folders are never taken for one another's.
    "insert into fences values (1, abs(random() % 1000000000000000))",
    """create table claims (uuid text primary key, cell text not null, host text not null, instance text not null,
    fence integer not null unique, owner text not null, state text not null check (state in ('running', 'kept', 'stray', 'spent')),
    holder text not null, at real not null, until real not null, turn integer not null, marked integer not null, why text not null)
    strict, without rowid""",
    # A cell never serves two owners and never comes back, whatever program writes.
    """create trigger claims_keep before update on claims when new.fence is not old.fence or new.owner is not old.owner
    or old.state = 'spent' begin select raise(abort, 'a claim has one owner, and what is spent stays spent'); end""",
    """create trigger claims_stay before delete on claims when old.state is not 'spent'
    begin select raise(abort, 'only what is spent is forgotten'); end""",
    "create table asks (pool text not null, at real not null, hit integer not null, wait real not null) strict",
    "create index asks_at on asks (pool, at)",
    "create table ends (pool text not null, instance text not null, at real not null, held real not null, refill real) strict",
    "create index ends_at on ends (pool, at)",
    """create table targets (pool text primary key, cells integer not null, why text not null, since real not null,
    low real not null) strict""",
    """create table jobs (id text primary key, owner text not null, state text not null, holder text not null, at real not null,
    language text not null, request text not null, result text not null, ended_at real not null, cancel integer not null) strict""",
    "create index jobs_owner on jobs (owner, at)",
    "create index jobs_state on jobs (state, ended_at)",
    """create table keys (owner text not null, key text not null, digest text not null, job text not null, at real not null,
    primary key (owner, key)) strict, without rowid""",
)


def prepare(connection: sqlite3.Connection) -> None:
    """Make what the file lacks, in one transaction. Raises ``sqlite3.Error``, or ``StateError`` for a file of a later version."""
    connection.row_factory = sqlite3.Row
    # A commit survives the end of the process; with the machine go its containers' runs as well.
    connection.execute("pragma synchronous=normal")
    # What a program said is gone with its job, and not only out of sight.
    connection.execute("pragma secure_delete=on")
    if _version(connection) == VERSION:
        return
    connection.execute("begin immediate")
    try:
        if _version(connection) == 0:
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("pragma user_version").fetchone()[0])
    if version > VERSION:
        raise StateError("execute.db was written by a later version of unsandbox", hint="use the version that wrote it")
    return version
