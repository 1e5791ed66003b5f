"""Modes and suspensions: which are in force, when that changes, and how a mode is made stricter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.model.modes import Mode
from reconciler.policy.windows import edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.modes import Stance, Suspension
    from reconciler.model.resources import Desired


def end_of(suspension: Suspension) -> datetime:
    """When it is over, in UTC. Raises ``ValueError`` where that cannot be read: such a suspension has no end."""
    until = datetime.fromisoformat(suspension.until)
    if until.tzinfo is None:
        raise ValueError("the end of a suspension has no zone")
    try:
        return until.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the end of a suspension is no moment in UTC") from error


def in_force(stance: Stance, at: datetime) -> Suspension | None:
    """The suspension that holds at ``at``; None where there is none, or it is over. Raises ``ValueError`` as ``end_of``."""
    suspension = stance.suspension
    return suspension if suspension is not None and at < end_of(suspension) else None


def stricter(desired: Desired, mode: Mode, said_by: str) -> Desired:
    """The same with the policy's mode replaced by ``mode`` where that is the stricter one; never by a looser one."""
    if mode is Mode.ENFORCE or desired.policy.stance.mode is Mode.DETECT:
        return desired
    stance = replace(desired.policy.stance, mode=mode, said_by=said_by)
    return replace(desired, policy=replace(desired.policy, stance=stance))


def next_change(desired: Desired, at: datetime) -> datetime | None:
    """The next moment at which a window opens or closes, or a suspension ends, in UTC; None where nothing is to come.

    What cannot be read changes at no moment that is known: the guard refuses for it whenever it is asked.
    """
    moments = [moment for moment in _ends(desired) if moment > at]
    for window in desired.policy.windows:
        try:
            moments.extend(edges((window,), at))
        except ValueError:
            continue
    return min(moments, default=None)


def _ends(desired: Desired) -> Iterator[datetime]:
    for stance in _stances(desired):
        if stance.suspension is not None:
            try:
                yield end_of(stance.suspension)
            except ValueError:
                continue


def _stances(desired: Desired) -> Iterator[Stance]:
    yield desired.policy.stance
    for items in (desired.hosts, desired.pools, desired.workloads):
        for item in items:
            yield item.stance
