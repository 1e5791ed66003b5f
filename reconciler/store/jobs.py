"""Stored runs, and the keys by which a request that is sent twice is run once. In ``execute.db``."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

from reconciler.model.execute import Job, JobState
from reconciler.store.execute import ExecuteFile

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = ("id", "owner", "state", "holder", "at", "language", "request", "result", "ended_at", "cancel")
_ADD = f"insert into jobs ({', '.join(_COLUMNS)}) values ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608 - our own names
_OPEN = "state in ('queued', 'running')"
_ENDED = "state in ('done', 'cancelled', 'lost')"
BUNCH = 4
"""Jobs that are let go in one transaction: nobody claims a cell meanwhile, and each may hold many megabytes."""


class JobsFile(ExecuteFile):
    """The same file, with its jobs. Methods raise ``StateError``."""

    def add(self, job: Job, key: str = "", digest: str = "") -> Job | None:
        """Store a job. With an idempotency ``key`` that its owner used before: the job of then, or None where the request was another.

        ``digest`` is of the request.
        """
        with self.changing() as connection:
            if key:
                found = connection.execute("select digest, job from keys where owner = ? and key = ?", (job.owner, key)).fetchone()
                if found is not None:
                    row = connection.execute("select * from jobs where id = ?", (found["job"],)).fetchone()
                    return job_of(row) if row is not None and found["digest"] == digest else None
                connection.execute("insert into keys values (?, ?, ?, ?, ?)", (job.owner, key, digest, job.id, job.at))
            connection.execute(_ADD, {name: getattr(job, name) for name in _COLUMNS})
        return job

    def keyed(self, owner: str, key: str) -> tuple[str, Job | None] | None:
        """What the key was used for: the digest of the request, and its job. None where it was not used."""
        found = next(iter(self.read("select digest, job from keys where owner = ? and key = ?", owner, key)), None)
        return (found["digest"], self.job(found["job"], owner)) if found is not None else None

    def begin(self, id_: str, holder: str) -> bool:
        """Its run begins. False where it was cancelled, lost, or began elsewhere."""
        return self._changed("update jobs set state = 'running', holder = ? where id = ? and state = 'queued' and not cancel", holder, id_)

    def finish(self, id_: str, holder: str, state: JobState, result: str, at: float) -> bool:
        """It came to its end. False where it did before, or is another's: what is stored stays.

        Of one that never began nothing was run, so that its key is free: who sends it again means it.
        """
        statement = f"update jobs set state = ?, result = ?, ended_at = ? where id = ? and holder = ? and {_OPEN}"  # noqa: S608 - our own words
        unbegun = "delete from keys where job = (select id from jobs where id = ? and holder = ? and state = 'queued')"
        with self.changing() as connection:
            connection.execute(unbegun, (id_, holder))
            return connection.execute(statement, (state.value, result, at, id_, holder)).rowcount == 1

    def cancel(self, id_: str, owner: str, at: float) -> bool:
        """Ask for its end; one that waits has ended with it. False where there is none of this owner that goes on."""
        with self.changing() as connection:
            asked = connection.execute(f"update jobs set cancel = 1 where id = ? and owner = ? and {_OPEN}", (id_, owner))  # noqa: S608
            connection.execute(
                "update jobs set state = 'cancelled', ended_at = ? where id = ? and owner = ? and state = 'queued'", (at, id_, owner)
            )
            return asked.rowcount == 1

    def lose(self, holder: str, at: float) -> int:
        """What a process that ended had not finished is lost, and told so. How many. The key of one that never began is free."""
        statement = f"update jobs set state = 'lost', ended_at = ? where holder = ? and {_OPEN}"  # noqa: S608 - our own words
        unbegun = "delete from keys where job in (select id from jobs where holder = ? and state = 'queued')"
        with self.changing() as connection:
            connection.execute(unbegun, (holder,))
            return connection.execute(statement, (at, holder)).rowcount

    def job(self, id_: str, owner: str) -> Job | None:
        """One job; None where this owner has none of that id."""
        if not id_.isascii():
            return None
        return next(iter(map(job_of, self.read("select * from jobs where id = ? and owner = ?", id_, owner))), None)

    def jobs(self, owner: str | None, limit: int = 100) -> tuple[Job, ...]:
        """The newest jobs of an owner, the newest first; of everybody where it is None. Requests and results are left out."""
        names = ", ".join("'' as " + name if name in {"request", "result"} else name for name in _COLUMNS)
        statement = f"select {names} from jobs where ? is null or owner = ? order by at desc, id limit ?"  # noqa: S608 - our own words
        return tuple(map(job_of, self.read(statement, owner, owner, limit)))

    def cancelled(self, holder: str) -> frozenset[str]:
        """Jobs of a process that go on and whose end somebody asked for."""
        statement = f"select id from jobs where holder = ? and cancel and {_OPEN}"  # noqa: S608 - our own words
        return frozenset(row[0] for row in self.read(statement, holder))

    def open_holders(self) -> frozenset[str]:
        """Processes that have jobs which go on."""
        return frozenset(row[0] for row in self.read(f"select distinct holder from jobs where {_OPEN}"))  # noqa: S608 - our own words

    def retain(self, ended_before: float, within: float = inf) -> int:
        """Let go of jobs that ended before then, with their keys and the room that they took. How many.

        A bunch at a time, and as long between two as one took, so that others write meanwhile. What is left after ``within`` seconds is
        left for the next call.
        """
        gone, end = 0, time.monotonic() + within
        while bunch := self._let_go(ended_before):
            gone += bunch
            self.shrink(end)
            if time.monotonic() >= end:
                break
        return gone

    def _let_go(self, ended_before: float) -> int:
        began, found = time.monotonic(), f"select id from jobs where {_ENDED} and ended_at < ? limit {BUNCH}"  # noqa: S608 - our own words
        with self.changing() as connection:
            ids = [(row["id"],) for row in connection.execute(found, (ended_before,))]
            connection.executemany("delete from jobs where id = ?", ids)
            connection.executemany("delete from keys where job = ?", ids)
        if ids:
            time.sleep(time.monotonic() - began)
        return len(ids)

    def _changed(self, statement: str, *values: object) -> bool:
        with self.changing() as connection:
            return connection.execute(statement, values).rowcount == 1


def job_of(row: sqlite3.Row) -> Job:
    """A row as a value."""
    return Job(**{**{name: row[name] for name in _COLUMNS}, "state": JobState(row["state"]), "cancel": bool(row["cancel"])})
