"""Whose turn it is in a rolling update, and what holds the others. Judged anew from what is there; no record of a rollout is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.rollout import OnFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.rollout import Portion, Update


class Standing(StrEnum):
    """How a member stands. Only one that is ``well`` counts as available."""

    WELL = "well"
    FRESH = "fresh"
    """It runs, and not yet for as long as proves it."""
    UNKNOWN = "unknown"
    """It runs, and whether it is well cannot be told."""
    DOWN = "down"
    """It is missing, stopped, between two states or unhealthy."""


class Hold(StrEnum):
    """Why a member does not change in this pass."""

    PAUSED = "paused"
    STOPPED = "stopped"
    CANARY = "canary"
    TURN = "turn"


@dataclass(frozen=True, slots=True)
class Member:
    """One of a group. Members are ordered by name, and that is the order of their turns."""

    name: str
    standing: Standing
    old: bool = False
    """It has yet to change, by something that interrupts it."""
    ready: bool = False
    """It has yet to change, and nothing but its turn keeps it from that."""
    failed: bool = False
    """It changed and does not run, or the last try to change it failed."""
    missing: bool = False
    """There is no instance."""
    spends: bool = False
    """Its change counts against ``room``."""


def most_down(terms: Update, total: int) -> int:
    """How many of ``total`` members may be down at a time: a share is rounded down, and one may always be."""
    return max(1, _of(terms.max_unavailable, total, up=False))


def canaries(terms: Update, total: int) -> int:
    """How many of ``total`` members must prove the change first: a share is rounded up, and it is never more than all."""
    return min(total, _of(terms.canary, total, up=True))


def _of(portion: Portion, total: int, *, up: bool) -> int:
    if not portion.percent:
        return portion.number
    return (portion.number * total + (99 if up else 0)) // 100


def holds(terms: Update, members: Sequence[Member], room: int | None = None) -> Mapping[str, frozenset[Hold]]:
    """For each member that is ready, by name: what holds it. Nothing means that it is its turn.

    ``room``: how many more of those that spend it may go in this pass, in all groups; None means as many as there are.
    A member whose own change failed is not held by that failure: to try it again harms no other.
    """
    ready = sorted((member for member in members if member.ready), key=lambda member: member.name)
    first = ready[: _open_places(terms, members)]
    going = _going(most_down(terms, len(members)), members, first, room)
    proven = {member.name for member in first}
    stopped = terms.on_failure is OnFailure.STOP and any(member.failed for member in members)
    return {
        member.name: frozenset(
            hold
            for hold, held in (
                (Hold.PAUSED, terms.pause),
                (Hold.STOPPED, stopped and not member.failed),
                (Hold.CANARY, member.name not in proven),
                (Hold.TURN, member.name not in going),
            )
            if held
        )
        for member in ready
    }


def _open_places(terms: Update, members: Sequence[Member]) -> int:
    """How many may go as far as proof is asked for: all once enough are proven, before that only the canaries that are wanting."""
    needed = canaries(terms, len(members))
    changed = [member for member in members if not member.old and not member.missing]
    if sum(member.standing is Standing.WELL for member in changed) >= needed:
        return len(members)
    return max(0, needed - len(changed))


def _going(most: int, members: Iterable[Member], ready: Iterable[Member], room: int | None) -> set[str]:
    """Whose turn it is. One that is down anyway takes nothing from the others; but no more than ``most`` change before they prove it."""
    away = {member.name for member in members if member.standing is not Standing.WELL}
    settling = {member.name for member in members if member.standing is Standing.FRESH or _untold(member)}
    going: set[str] = set()
    for member in ready:
        if member.spends and room is not None and room <= 0:
            continue
        paced = len(settling | going | {member.name}) <= most
        if paced and (member.standing is Standing.DOWN or len(away | going | {member.name}) <= most):
            going.add(member.name)
            room = room - member.spends if room is not None else None
    return going


def _untold(member: Member) -> bool:
    return member.standing is Standing.UNKNOWN and not member.old
