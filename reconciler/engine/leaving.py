"""An object of ours that no manifest declares: put in quarantine first, destroyed when its grace is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from reconciler.engine.cells import Standing, standing
from reconciler.model import marks
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.execute import ClaimState
from reconciler.model.names import Kind, pool_of
from reconciler.model.world import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.execute import Claim
    from reconciler.model.names import Ref
    from reconciler.model.resources import Grace, Policy
    from reconciler.model.world import Instance

SESSION_CLAIM = f"{Kind.SESSION}/"
"""A claim that starts so names the session that holds the cell; another is of a run, which ends by itself."""


class Declared(Protocol):
    """What is declared, as far as leaving is judged by it."""

    @property
    def pools(self) -> frozenset[str]:
        """Names of pools."""

    @property
    def sessions(self) -> frozenset[str]:
        """Names of sessions."""

    @property
    def policy(self) -> Policy:
        """The policy."""

    @property
    def claims(self) -> Mapping[str, Claim]:
        """Who has which cell, by uuid."""

    @property
    def at(self) -> datetime:
        """The time of the decision."""


def leave(ref: Ref, host: str, found: Instance, declared: Declared) -> Change:
    """The change that brings ``found`` nearer to its end, or keeps it for the time being."""

    def change(action: Action, reason: Reason, note: str = "") -> Change:
        return Change(action, ref, host, found.name, reason, found=found, note=note)

    state = standing(found, declared.claims) if ref.kind is Kind.CELL else Standing.FREE
    if state is Standing.SPENT:
        return change(Action.DESTROY, Reason.SPENT)
    if state is Standing.CLAIMED:
        # A row is of a run, whatever the mark says, until that is over.
        row = declared.claims.get(found.uuid)
        claim = found.config.get(marks.CLAIM, "") if row is None or row.state is ClaimState.SPENT else ""
        return _claimed(change, claim, declared.sessions)
    if ref.kind is Kind.CELL and pool_of(ref) in declared.pools:
        return change(Action.DESTROY, Reason.SURPLUS)
    return _quarantine(change, grace_of(ref.kind, declared.policy.grace), found, declared.at)


class _Make(Protocol):
    def __call__(self, action: Action, reason: Reason, note: str = "") -> Change: ...


def _claimed(change: _Make, claim: str, sessions: frozenset[str]) -> Change:
    if claim.startswith(SESSION_CLAIM) and claim.removeprefix(SESSION_CLAIM) not in sessions:
        return change(Action.DESTROY, Reason.ORPHANED, f"claimed by {claim}, which no manifest declares")
    return change(Action.KEEP, Reason.AS_DECLARED, "claimed: never surplus")


def _quarantine(change: _Make, grace: int, found: Instance, at: datetime) -> Change:
    if not grace:
        return change(Action.DESTROY, Reason.NOT_DECLARED)
    since = found.config.get(marks.QUARANTINE)
    if since is None:
        return change(Action.QUARANTINE, Reason.NOT_DECLARED, f"destroyed {span(grace)} later, unless it is declared again")
    if found.status is Status.RUNNING:
        return change(Action.QUARANTINE, Reason.THAWED, f"in quarantine since {since}; somebody woke it")
    return _waiting(change, since, grace, at)


def _waiting(change: _Make, since: str, grace: int, at: datetime) -> Change:
    age = age_of(since, at)
    if age is None:
        # An age that is not known has not run out.
        return change(Action.KEEP, Reason.IN_QUARANTINE, f"in quarantine; since when cannot be read: {since[:40]!r}")
    left = grace - age
    if left <= 0:
        return change(Action.DESTROY, Reason.GRACE_OVER, f"in quarantine since {since}, its grace of {span(grace)} is over")
    undo = "declare it again (git revert) and it wakes with its memory"
    return change(Action.KEEP, Reason.IN_QUARANTINE, f"in quarantine for {span(age)}, destroyed in {span(left)}; {undo}")


def age_of(since: str, at: datetime) -> int | None:
    """Whole seconds since ``since`` (ISO 8601 with zone); None where it cannot be read or lies ahead."""
    try:
        age = at - datetime.fromisoformat(since)
    except (ValueError, TypeError):
        return None
    return int(age.total_seconds()) if age >= timedelta(0) else None


def grace_of(kind: Kind, grace: Grace) -> int:
    """Seconds of quarantine for an object of ``kind``; 0 means that it is destroyed at once."""
    return {Kind.SERVICE: grace.services, Kind.SESSION: grace.sessions}.get(kind, grace.cells)


def span(seconds: int) -> str:
    """Seconds in the largest unit that is not below one: ``3 h``."""
    for unit, size in (("d", 172_800), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // (86_400 if unit == 'd' else size)} {unit}"
    return f"{seconds} s"
