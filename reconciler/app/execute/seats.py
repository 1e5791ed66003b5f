"""The cells that this process has: claimed, marked, with a runner in them; kept for their owner, or spent."""

from __future__ import annotations

import queue
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.app.claims import Holder
from reconciler.app.clock import now
from reconciler.app.execute.fence import door_of
from reconciler.app.execute.link import Link
from reconciler.errors import Conflict, NotFound, Refused, StateError, Unreachable, UnsandboxError
from reconciler.lxd.cells import put_mark
from reconciler.model.execute import ClaimState
from reconciler.model.run import Ending
from reconciler.policy.reuse import Again, Return, kept_until, why_not_again, why_spent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Cell, Claim, Terms
    from reconciler.model.run import RunResult
    from reconciler.store.jobs import JobsFile

SLACK = 30.0
"""Seconds that a run may take beyond its own time: to begin, to give back what it left, to be wiped away."""
CLEAN = frozenset({Ending.FINISHED, Ending.CANCELLED})


@dataclass(slots=True, eq=False)
class Seat:
    """One cell that this process has. ``link`` None: no runner was sent there by this process yet."""

    claim: Claim
    terms: Terms
    used_at: float
    link: Link | None = None


class Seats:
    """Safe for threads; one seat is used by one thread at a time."""

    def __init__(self, file: JobsFile, state_dir: Path, door: Callable[[str], Door]) -> None:
        """``door`` opens the door to a host by its name, for reading. Raises ``StateError``."""
        self._file = file
        self._door = door
        self._holder = Holder(state_dir)
        self._unmarked: queue.SimpleQueue[Claim] = queue.SimpleQueue()

    @property
    def holder(self) -> str:
        """This process, as claims and jobs name it."""
        return self._holder.id

    def fresh(self, cell: Cell, owner: str, terms: Terms, seconds: float, language: str) -> Seat | None:
        """Claim a cell that nobody had and send a runner there; None where somebody was quicker.

        What was claimed and cannot be used is spent: nobody else finds it half taken. Raises a ``HostError``, or ``Refused``.
        """
        at = now().timestamp()
        claim = self._file.claim(cell, owner, self.holder, at, at + seconds + SLACK)
        if claim is None:
            return None
        seat = Seat(claim, terms, at)
        try:
            put_mark(self._fenced(claim), claim)
            if not self._file.marked(claim):
                # Settled while it was marked, so that the mark has to be the other one.
                self.settled(claim)
                return None
            seat.claim = replace(claim, marked=True)
            self._link(seat, language)
        except (Conflict, NotFound, Refused):
            self.spend(seat, "it was not the cell that was claimed")
            raise
        except BaseException as error:
            self.spend(seat, f"no runner could be sent to it ({_name(error)})")
            raise
        return seat

    def again(self, seat: Seat, owner: str, seconds: float, language: str) -> bool:
        """``owner`` sits down once more. False where it may not: the cell is spent, or another process has it by now.

        Raises as ``fresh``.
        """
        at = now().timestamp()
        why = why_not_again(Again(seat.claim, seat.terms, owner, at, seat.used_at))
        if not why and seat.link is not None and not seat.link.ready:
            # Such as with LXD, when that was restarted. Nothing was said of the run that comes, so another cell can have it.
            why = "its runner ended, or spoke, between two runs"
        if why:
            self.spend(seat, why)
            return False
        claim = self._file.resume(seat.claim, self.holder, at, at + seconds + SLACK)
        if claim is None:
            self._unlink(seat)
            return False
        seat.claim = claim
        try:
            if seat.link is None:
                self._link(seat, language)
        except BaseException as error:
            self.spend(seat, f"no runner could be sent to it ({_name(error)})")
            raise
        return True

    def back(self, seat: Seat, doubts: tuple[str, ...]) -> bool:
        """A run is over. Whether the cell is kept for its owner; with any doubt, and by its terms, it is spent.

        Raises ``StateError``: then its runner is gone, and the claim ends by its time where nothing could be written down.
        """
        at = now().timestamp()
        asked = Return(seat.claim, seat.terms, at, doubts)
        why = why_spent(asked)
        if not why:
            try:
                claim = self._file.keep(seat.claim, kept_until(asked))
            except StateError:
                self.spend(seat, "that it is kept could not be written down")
                raise
            if claim is not None:
                seat.claim, seat.used_at = claim, at
                return True
            why = "its claim was settled while it ran"
        self.spend(seat, why)
        return False

    def spend(self, seat: Seat, why: str) -> None:
        """Nobody runs in it any more. The runner goes first, so that the mark tells the truth; the mark itself waits for ``mark``."""
        self._unlink(seat)
        spent = self._file.spend(seat.claim, now().timestamp(), why)
        if spent is not None:
            self._unmarked.put(spent)

    def settled(self, claim: Claim) -> None:
        """Somebody else wrote down that it is spent: its mark is still to be written."""
        self._unmarked.put(replace(claim, state=ClaimState.SPENT))

    def mark(self) -> None:
        """Write the marks of what was spent. A host that cannot be written to is left: the file tells the same.

        One that does not answer is waited for once, for whoever calls looks after the other hosts as well.
        """
        silent = set[str]()
        with suppress(queue.Empty):
            while True:
                claim = self._unmarked.get_nowait()
                if claim.cell.host not in silent and not self._written(claim):
                    silent.add(claim.cell.host)

    def _written(self, claim: Claim) -> bool:
        """Write one mark, if that can be; False where its host does not answer."""
        try:
            put_mark(self._fenced(claim), claim)
        except Unreachable:
            return False
        except UnsandboxError:
            return True
        return True

    def leave(self, seat: Seat) -> None:
        """Let go of one that is kept, for whatever process of ours its owner comes to next."""
        self._unlink(seat)

    def close(self) -> None:
        """This process has nothing any more."""
        self.mark()
        self._holder.close()

    def _link(self, seat: Seat, language: str) -> None:
        seat.link = Link.open(self._fenced(seat.claim), seat.claim.cell, language=language)

    def _fenced(self, claim: Claim) -> Door:
        return door_of(claim, self._door(claim.cell.host), self._file)

    @staticmethod
    def _unlink(seat: Seat) -> None:
        link, seat.link = seat.link, None
        if link is not None:
            link.close()


def doubts_of(result: RunResult) -> tuple[str, ...]:
    """Words for all that was not as it should be after a run; none where its cell may be used again."""
    receipt = result.receipt
    found = list(receipt.doubts)
    if result.ending not in CLEAN:
        found.append(f"it ended by {result.ending}")
    if receipt.processes or receipt.mounts:
        found.append(f"left: {receipt.processes} processes, {receipt.mounts} mounts")
    return tuple(found)


def _name(error: BaseException) -> str:
    return error.code if isinstance(error, UnsandboxError) else type(error).__name__
