"""``execute.db``: who has which cell. A file of its own, for a run does not wait for the journal's chain.

Each move of a claim is one compare-and-set in one transaction, so of several processes one wins and the others are told so.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.files import make_folder
from reconciler.model.execute import Cell, Claim, ClaimState
from reconciler.model.names import Kind, Ref
from reconciler.store.execute_tables import prepare
from reconciler.store.sqlite import PATIENCE, SqliteFile, next_command, reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "execute.db"
PIECE = 1024
"""Pages that are given back to the disk at once, while nobody claims."""
LOST = "jobs are lost, and cells that are claimed are destroyed once their runs are over"

_WON = "update claims set {} where uuid = :uuid and fence = :fence and {} returning *"
_SPEND = "state = 'spent', until = :at, why = :why"


class ExecuteFile(SqliteFile):
    """Safe for threads and for several processes. What was written last may be lost with the machine, and no cell with it: its mark tells.

    Methods raise ``StateError``.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``, made if it is not there."""
        try:
            make_folder(path.parent)
            path.touch(mode=0o600)
            super().__init__(path)
            try:
                prepare(self._connection)
            except BaseException:
                self.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise failed(path, "used", error) from error

    def claim(self, cell: Cell, owner: str, holder: str, at: float, until: float) -> Claim | None:
        """Take a warm cell. None where anybody has it, had it, or is about to destroy it."""
        return self._insert(Claim(cell, 0, owner, ClaimState.RUNNING, holder, at, until))

    def marked(self, claim: Claim) -> bool:
        """The mark stands on the instance. False where the claim was settled meanwhile, so that nothing may run."""
        return self._move("marked = 1", "turn = :turn and state = 'running'", claim) is not None

    def keep(self, claim: Claim, until: float) -> Claim | None:
        """The run ended well: the cell waits for its owner ``until`` then. None where the claim is not that run's any more."""
        return self._move("state = 'kept', until = :until", "turn = :turn and state = 'running'", claim, until=until)

    def resume(self, claim: Claim, holder: str, at: float, until: float) -> Claim | None:
        """The same owner runs in it again. None where its lease is over, it is spent, or another run of the owner came first."""
        where = "turn = :turn and state = 'kept' and owner = :owner and until > :at"
        moves = "state = 'running', turn = turn + 1, holder = :holder, until = :until"
        return self._move(moves, where, claim, holder=holder, at=at, until=until)

    def spend(self, claim: Claim, at: float, why: str) -> Claim | None:
        """Nobody runs in it any more. None where it was spent before, or another run has it: ``turn`` moved on."""
        return self._move(_SPEND, "turn = :turn and state != 'spent'", claim, at=at, why=why)

    def end(self, cell: Cell, holder: str, at: float, why: str) -> bool:
        """Take the cell in order to destroy it. False where somebody has it. From a yes on nobody can claim it."""
        made = self._insert(Claim(cell, 0, "", ClaimState.SPENT, holder, at, at, why=why))
        return made is not None or self._is_spent(cell.uuid)

    def adopt(self, cell: Cell, fence: int, owner: str, at: float, until: float) -> bool:
        """Write down a mark that has no row: nobody else takes the cell, and it is destroyed after ``until``. False where it has one.

        False as well where the mark is of another cell's claim: somebody copied that instance, and a fence is one cell's alone.
        """
        return self._insert(Claim(cell, fence, owner, ClaimState.STRAY, "", at, until, marked=True)) is not None

    def forget(self, uuid: str) -> None:
        """The cell is gone; its end was when it was spent. Of one that is not spent nothing is forgotten."""
        with self.changing() as connection:
            row = connection.execute("delete from claims where uuid = ? and state = 'spent' returning *", (uuid,)).fetchone()
            if row is not None and row["owner"]:
                connection.execute(
                    "insert into ends (pool, instance, at, held) values (?, ?, ?, ?)",
                    (claim_of(row).cell.pool, row["instance"], row["until"], max(0.0, row["until"] - row["at"])),
                )

    def claims(self) -> tuple[Claim, ...]:
        """Every claim, the oldest first."""
        return tuple(claim_of(row) for row in self.read("select * from claims order by fence"))

    def found(self, uuid: str) -> Claim | None:
        """The claim of one cell; None where nobody has it."""
        return next((claim_of(row) for row in self.read("select * from claims where uuid = ?", uuid)), None)

    def _insert(self, claim: Claim) -> Claim | None:
        values = _values(claim)
        # A fence that was found on an instance is never given again, whatever file it came from.
        number = "max(last + 1, :fence)" if claim.fence else "last + 1"
        with self.changing() as connection:
            if connection.execute("select 1 from claims where uuid = :uuid or fence = :fence", values).fetchone():
                return None
            last = connection.execute(f"update fences set last = {number} returning last", values).fetchone()[0]  # noqa: S608 - our own words
            values["fence"] = claim.fence or last
            row = connection.execute(_ADD, values).fetchone()
        return claim_of(row)

    def _move(self, moves: str, where: str, claim: Claim, **more: object) -> Claim | None:
        """One statement, which is all or nothing by itself."""
        try:
            with self._alone():
                rows = self._connection.execute(_WON.format(moves, where), {**_values(claim), **more}).fetchall()
        except sqlite3.Error as error:
            raise failed(self.path, "written", error) from error
        return claim_of(rows[0]) if rows else None

    def _is_spent(self, uuid: str) -> bool:
        return bool(self.read("select 1 from claims where uuid = ? and state = 'spent'", uuid))

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The rows of one question."""
        try:
            with self._alone():
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise failed(self.path, "read", error) from error

    def shrink(self, end: float) -> None:
        """Give the room of what is gone back to the disk, piece by piece, until none is left or it is ``end`` (``time.monotonic``)."""
        while left := int(self.read("pragma freelist_count")[0][0]):
            began = time.monotonic()
            try:
                # A script, as ``execute`` takes one step of a statement that gives no rows, and each step frees one page.
                with self._alone():
                    self._connection.executescript(f"pragma incremental_vacuum({PIECE})")
            except sqlite3.Error as error:
                raise failed(self.path, "written", error) from error
            took = time.monotonic() - began
            if began + took >= end or int(self.read("pragma freelist_count")[0][0]) >= left:
                return
            time.sleep(took)

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing of what happens inside, and nobody else writes meanwhile."""
        try:
            with self._alone(), self._transaction("immediate"):
                yield self._connection
        except sqlite3.Error as error:
            raise failed(self.path, "written", error) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread of ours is in the file. Where each waits in vain for another process, the last must not wait for all of them."""
        if not self._lock.acquire(timeout=PATIENCE):
            hint = "try again when the other process ended"
            raise StateError(f"{self.path} cannot be used, so no cell is claimed: many of us wait for it already", hint=hint)
        try:
            yield
        finally:
            self._lock.release()


_COLUMNS = ("uuid", "cell", "host", "instance", "fence", "owner", "state", "holder", "at", "until", "turn", "marked", "why")
_ADD = f"insert into claims ({', '.join(_COLUMNS)}) values ({', '.join(f':{name}' for name in _COLUMNS)}) returning *"  # noqa: S608 - our own names


def _values(claim: Claim) -> dict[str, object]:
    return {
        "uuid": claim.cell.uuid,
        "cell": claim.cell.ref.name,
        "host": claim.cell.host,
        "instance": claim.cell.instance,
        "state": claim.state.value,
        "marked": int(claim.marked),
        **{name: getattr(claim, name) for name in ("fence", "owner", "holder", "at", "until", "turn", "why")},
    }


def claim_of(row: sqlite3.Row) -> Claim:
    """A row as a value."""
    cell = Cell(row["uuid"], Ref(Kind.CELL, row["cell"]), row["host"], row["instance"])
    state = ClaimState(row["state"])
    return Claim(
        cell, row["fence"], row["owner"], state, row["holder"], row["at"], row["until"], row["turn"], bool(row["marked"]), row["why"]
    )


def failed(path: Path, what: str, error: Exception) -> StateError:
    """What could not be done to the file, as our own error."""
    return StateError(f"{path} cannot be {what}, so no cell is claimed: {reason(error)}", hint=next_command(path, error, LOST))
