"""May whoever believes to have a cell do something in it? Only while the row of the claim says the same, at the moment of asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.execute import ClaimState
from reconciler.model.rules import No, Rule

if TYPE_CHECKING:
    from reconciler.model.execute import Claim

UNBLOCK = "unsandbox pools"


@dataclass(frozen=True, slots=True)
class Held:
    """``claim`` is what somebody believes to have, ``row`` what is written down at this moment (``at``); None where there is nothing."""

    claim: Claim
    row: Claim | None
    at: float


def _runs(held: Held) -> No | None:
    """Begin a program."""
    claim, row = held.claim, held.row
    if row is not None and _same(claim, row) and row.turn == claim.turn and row.state is ClaimState.RUNNING and held.at < row.until:
        return None
    return _no("the claim does not stand, or its time is over", held)


def _marks(held: Held, mark: object) -> No | None:
    """Write ``mark`` on the instance."""
    row = held.row
    if row is not None and _same(held.claim, row) and mark == row.mark:
        return None
    return _no("it is not what is written down of the cell", held)


def _same(claim: Claim, row: Claim) -> bool:
    return bool(claim.owner) and (claim.cell, claim.fence, claim.owner) == (row.cell, row.fence, row.owner)


def _no(cause: str, held: Held) -> No:
    claim, row = held.claim, held.row
    there = "nothing" if row is None else f"fence {row.fence}, run {row.turn}, {row.state}, {row.until - held.at:.0f} s left"
    return No(cause, (("cell", claim.cell.ref.name), ("ours", f"fence {claim.fence}, run {claim.turn}"), ("written", there)), UNBLOCK)


BEGIN: Rule[[Held]] = Rule(
    "C12",
    "A program would begin in a cell that is not ours any more",
    _runs,
    "Somebody settled the claim meanwhile, or its time is over: the cell is about to be destroyed, or is another one by now.",
)
MARK: Rule[[Held, object]] = Rule(
    "C13",
    "A mark would say something else of a cell than is written down",
    _marks,
    "Whoever reads the mark on an instance takes it for what the file says; and no other key of it is anybody's to write here.",
)
FENCING_RULES = (BEGIN, MARK)
