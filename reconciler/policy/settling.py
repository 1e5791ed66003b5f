"""After a crash between a claim's row, its mark and its run: what becomes of each claim. Judged by what is there, never by hope."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.execute import LONGEST_RUN, Cell, Claim, ClaimState, is_spent, run_mark
from reconciler.model.names import Kind
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from reconciler.model.world import HostView

SLACK = 30.0
"""Seconds by which a look may begin before what it shows, and a run may end after its time."""
STRAY = LONGEST_RUN + 2 * SLACK
"""Seconds that a run may go on of which only the mark is known."""


class Settlement(StrEnum):
    """``spend``: nobody runs in it any more. ``forget``: it is gone. ``adopt``: write down what only its mark tells."""

    SPEND = "spend"
    FORGET = "forget"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one claim, and why. Of an adoption ``claim`` is the row to write."""

    what: Settlement
    claim: Claim
    why: str


def settle_claims(claims: Iterable[Claim], views: Mapping[str, HostView], dead: AbstractSet[str], env: str, at: float) -> Iterator[Settled]:
    """What has to be done. ``dead``: holders that are known to have ended; one that is not known lives."""
    known = tuple(claims)
    for claim in known:
        found = _of_row(claim, views, dead, at)
        if found is not None:
            yield found
    yield from _strays({claim.cell.uuid for claim in known}, views, env, at)


def _of_row(claim: Claim, views: Mapping[str, HostView], dead: AbstractSet[str], at: float) -> Settled | None:
    gone = _gone(claim, views)
    if claim.state is ClaimState.SPENT:
        return Settled(Settlement.FORGET, claim, "the cell is gone") if gone else None
    if gone:
        return Settled(Settlement.SPEND, claim, "the cell is gone")
    if claim.state is ClaimState.RUNNING and claim.holder in dead:
        return Settled(Settlement.SPEND, claim, "the process that had it ended")
    slack = SLACK if claim.state is ClaimState.RUNNING else 0.0
    if at >= claim.until + slack:
        return Settled(Settlement.SPEND, claim, "its run is overdue" if claim.state is ClaimState.RUNNING else "its time is over")
    if claim.marked and _lost_mark(claim, views):
        return Settled(Settlement.SPEND, claim, "its mark is not the one that was written")
    return None


def _later(claim: Claim, views: Mapping[str, HostView]) -> HostView | None:
    """A look at its host, in full, that began after the claim; else None, and nothing is told by it."""
    view = views.get(claim.cell.host)
    if view is None or view.grade is not Grade.COMPLETE or view.seen_at.timestamp() < max(claim.at, _end_of(claim)) + SLACK:
        return None
    return view


def _end_of(claim: Claim) -> float:
    return claim.until if claim.state is ClaimState.SPENT else claim.at


def _gone(claim: Claim, views: Mapping[str, HostView]) -> bool:
    """Whether it is nowhere: not where it was, nor on any other host, each of them seen in full and late enough."""
    if _later(claim, views) is None or any(view.grade is not Grade.COMPLETE for view in views.values()):
        return False
    return not any(row.uuid == claim.cell.uuid for view in views.values() for row in view.instances)


def _lost_mark(claim: Claim, views: Mapping[str, HostView]) -> bool:
    view = _later(claim, views)
    row = next((row for row in view.instances if row.uuid == claim.cell.uuid), None) if view is not None else None
    return row is not None and row.config.get(marks.CLAIM) != claim.mark


def _strays(known: AbstractSet[str], views: Mapping[str, HostView], env: str, at: float) -> Iterator[Settled]:
    for view in views.values():
        for row in view.instances:
            mark = row.config.get(marks.CLAIM, "")
            who = marks.read_marks(row.config)
            if not mark or row.uuid in known or is_spent(mark) or who is None or who.env != env or who.ref.kind is not Kind.CELL:
                continue
            told = run_mark(mark)
            if told is not None and row.uuid:
                cell = Cell(row.uuid, who.ref, view.host, row.name)
                stray = Claim(cell, *told, ClaimState.STRAY, "", at, at + STRAY, marked=True)
                yield Settled(Settlement.ADOPT, stray, "only its mark tells of it")
