"""Cutting the journal, so that a process that never ends keeps it bounded."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.store.base import BrokenChain, digest, drop, fold, last_cut, tells
from reconciler.store.ledger import LedgerFile
from reconciler.store.past import LAST, NOT_DONE, iso
from reconciler.store.retention import CUT, Keep, Needed, There, needed, spent
from reconciler.store.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reconciler.store.chain import Op

BATCH = 2_000
"""Entries, and rows, of one transaction: other writers get their turn in between."""
INCREMENTAL = 2
"""The value of SQLite's ``auto_vacuum`` with which free pages can be given back."""
_OLD = {"passes": "started_at"}
_OPEN = f"""select id, call, host, instance, plan, ref, uuid, exists
    (select 1 from intents where ref = one.ref and plan = one.plan and call = 'CreateInstance' and outcome = 'done')
    from intents as one where call in ('CreateInstance', 'DeleteInstance') and {NOT_DONE} order by rowid"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Cut:
    """What went."""

    entries: int = 0
    rows: int = 0


class CuttingFile(LedgerFile):
    """The journal's end that goes."""

    def cut(self, now: datetime, keep: Keep | None = None, exists: There | None = None) -> Cut:
        """Let go of what is older than ``keep`` says and what no decision needs, in short transactions, and give the room back.

        The chain's first entries go into ``base``; a row goes where the entries that went tell of it exactly as it is, so one that was
        edited stays and shows. Raises ``StateError``, also where the chain does not hold: then nothing more goes.
        """
        keep, exists, total = keep or Keep(), exists or There(), Cut()
        upto = self._upto(now, keep)
        while True:
            step = self._cut_once(now, keep.before(now), exists, upto)
            if step == Cut():
                break
            total = Cut(total.entries + step.entries, total.rows + step.rows)
        self._give_back()
        return total

    def _upto(self, now: datetime, keep: Keep) -> int:
        """The last entry that goes. Where there are too many, a tenth more goes than must, so that it is not asked again at once."""
        with self._reading() as connection:
            first, last = connection.execute("select coalesce(min(seq), 1), coalesce(max(seq), 0) from chain").fetchone()
            old = connection.execute("select coalesce(max(seq), 0) from chain where at < ?", (keep.before(now),)).fetchone()[0]
        many = last - keep.entries * 9 // 10 if last - first + 1 > keep.entries else 0
        return int(max(old, many))

    def _cut_once(self, now: datetime, before: str, exists: There, upto: int) -> Cut:
        done: list[Cut] = []

        def decide() -> list[Op]:
            connection = self._connection
            begun = last_cut(connection)[0]
            try:
                seq, told = fold(connection, upto, BATCH)
            except BrokenChain as error:
                raise StateError(f"the journal {self.path} cannot be cut: {error}", hint="unsandbox history --verify") from error
            ops = list(self._spent(before, exists))
            drop(connection, ops)
            done.append(Cut(seq - begun if seq else 0, len(ops)))
            if seq or ops:
                seq, told = (seq, told) if seq else last_cut(connection)
                ops.append(("put", "cuts", {"id": LAST, "seq": seq, "hash": told, "digest": digest(connection), "at": iso(now)}))
            return ops

        def after() -> None:
            self._connection.execute("delete from chain where seq <= (select seq from cuts)")

        self._change(iso(now), "cut", decide, after)
        return done[-1]

    def _spent(self, before: str, exists: There) -> Iterator[Op]:
        """What drops a batch of rows that may go."""
        need, left = self._needed(before, exists), BATCH
        for name in CUT:
            table = TABLES[name]
            words = ", ".join(f'"{column}"' for column in table.columns)
            old = f"select {words} from {name} where {_OLD.get(name, 'at')} < ? order by rowid"  # noqa: S608 - our own names
            for values in self._connection.execute(old, (before,)):
                row = dict(zip(table.columns, values, strict=True))
                if left and spent(name, row, need) and tells(self._connection, name, row):
                    left -= 1
                    yield "drop", name, {table.key: row[table.key]}

    def _needed(self, before: str, exists: There) -> Needed:
        columns = ("id", "call", "host", "instance", "plan", "ref", "uuid", "made")
        rows = self._connection.execute(_OPEN)
        return needed(before, exists, self._hold().known.given().keys(), [dict(zip(columns, row, strict=True)) for row in rows])

    def _give_back(self) -> None:
        """Free pages go back to the disk; a file from before they could is written anew once. What cannot be done now is done next time."""
        with self._lock, suppress(sqlite3.Error):
            if self._connection.execute("pragma auto_vacuum").fetchone()[0] != INCREMENTAL:
                self._connection.execute("pragma auto_vacuum=incremental")
                self._connection.execute("vacuum")
            # A script, as ``execute`` takes one step of a statement that gives no rows, and each step frees one page.
            self._connection.executescript("pragma incremental_vacuum")
            self._connection.execute("pragma wal_checkpoint(passive)").fetchall()
