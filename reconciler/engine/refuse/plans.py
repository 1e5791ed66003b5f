"""May this plan be carried out? Checks of codes P01 to P14 that are about a plan as a whole, D08, and whether a person approved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.model.resources import History
from reconciler.model.rules import No

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Plan
    from reconciler.model.resources import Origin

SHOWN = 12
"""Digits of a digest that are enough to tell two apart."""
AGAIN = "unsandbox plan --out FILE"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a plan file pins. ``touched`` maps (reference, host) to (action, fingerprint of the object before it)."""

    id: str
    rev: str
    commit: str
    inputs: str
    tool: str
    made_at: str
    expires: int
    """Seconds after ``made_at``."""
    scope: tuple[str, ...]
    hosts: Mapping[str, str]
    """Host -> certificate fingerprint."""
    touched: Mapping[tuple[str, str], tuple[str, str]]
    refused: frozenset[tuple[str, str, str]]
    """(reference, host, action) of what was refused when it was made."""
    fields: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(reference, host) -> what would change, in words fit to show."""

    @property
    def until(self) -> str:
        """When it can no longer be applied, ISO 8601 in UTC as the journal writes it; "" where that is past all dates."""
        try:
            end = datetime.fromisoformat(self.made_at) + timedelta(seconds=self.expires)
        except OverflowError:
            return ""
        return end.astimezone(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """A plan as it is made from the world as it is, and all that decides whether it may be carried out."""

    plan: Plan
    tool: str
    at: datetime
    origin: Origin
    saved: Saved | None = None
    used: bool = False
    exact: bool = False
    """Whether anything else that moved is too much as well."""
    needs: tuple[str, ...] = ()
    """What in it needs a person's approval."""
    approved_by: str = ""


def other_tool(asked: PlanQuestion) -> No | None:
    """P07: another version of this tool made it."""
    if asked.saved is None or asked.saved.tool == asked.tool:
        return None
    return No("another version of this tool made the plan", (("made by", asked.saved.tool), ("this is", asked.tool)), AGAIN)


def expired(asked: PlanQuestion) -> No | None:
    """P13: it is older than it was to live. A time that cannot be read, or lies ahead, raises and so refuses."""
    if asked.saved is None:
        return None
    age = (asked.at - datetime.fromisoformat(asked.saved.made_at)).total_seconds()
    if 0 <= age <= asked.saved.expires:
        return None
    evidence = (("made at", asked.saved.made_at), ("age", f"{age:.0f} s"), ("lives", f"{asked.saved.expires} s"))
    return No("the plan is too old", evidence, AGAIN)


def used(asked: PlanQuestion) -> No | None:
    """P08: it was carried out already."""
    if asked.saved is None or not asked.used:
        return None
    return No("the plan was carried out already: one plan, one apply", (("plan", asked.saved.id), ("used", "yes")), AGAIN)


def other_commit(asked: PlanQuestion) -> No | None:
    """P01: the manifests are not those it was made from."""
    if asked.saved is None or asked.saved.inputs == asked.plan.commit.digest:
        return None
    evidence = (
        ("planned", f"{asked.saved.commit[:SHOWN] or 'no commit'}, text {asked.saved.inputs[:SHOWN]}"),
        ("found", f"{asked.plan.commit.id[:SHOWN] or 'no commit'}, text {asked.plan.commit.digest[:SHOWN]}"),
    )
    return No("the manifests are not those the plan was made from", evidence, AGAIN)


def other_hosts(asked: PlanQuestion) -> No | None:
    """P04: a host that it touches is another one, or is not seen any more."""
    if asked.saved is None:
        return None
    there = dict(asked.plan.hosts)
    touched = sorted({host for _, host in asked.saved.touched})
    moved = tuple(
        (host, f"{asked.saved.hosts.get(host, 'none')[:SHOWN]} -> {there.get(host, 'not seen')[:SHOWN]}")
        for host in touched
        if asked.saved.hosts.get(host) != there.get(host)
    )
    return No("a host that the plan touches is not the one it was made for", moved, AGAIN) if moved else None


def touched_moved(asked: PlanQuestion) -> No | None:
    """P02: an object that it touches is not as it was."""
    if asked.saved is None or asked.plan.id == asked.saved.id:
        return None
    there = {(action.ref, action.host): (action.action, action.fingerprint) for action in asked.plan.actions}
    moved = tuple(
        (f"{ref} on {host}", _moved(before, there.get((ref, host))))
        for (ref, host), before in sorted(asked.saved.touched.items())
        if there.get((ref, host)) != before
    )
    return No("what the plan touches is not as it was", moved, AGAIN) if moved else None


def _moved(before: tuple[str, str], after: tuple[str, str] | None) -> str:
    if after is None:
        return f"{before[0]} is not called for any more, or is refused"
    if after[0] != before[0]:
        return f"would be {after[0]}, the plan says {before[0]}"
    return f"the object changed ({before[1][:SHOWN] or 'absent'} -> {after[1][:SHOWN] or 'absent'})"


def allowed_since(asked: PlanQuestion) -> No | None:
    """P14: what was refused when it was made is not any more: nobody approved that."""
    if asked.saved is None or asked.plan.id == asked.saved.id:
        return None
    since = sorted({(action.ref, action.host, action.action) for action in asked.plan.actions} & asked.saved.refused)
    if not since:
        return None
    evidence = tuple((f"{ref} on {host}", f"{action}: refused then, allowed in the meantime") for ref, host, action in since)
    return No("something that was refused when the plan was made would be done", evidence, AGAIN)


def others_moved(asked: PlanQuestion) -> No | None:
    """P03: something that it does not touch moved, and nothing at all may have."""
    if asked.saved is None or not asked.exact or asked.plan.id == asked.saved.id:
        return None
    evidence = (("planned", asked.saved.id[:SHOWN]), ("would be planned", asked.plan.id[:SHOWN]))
    return No("something that the plan does not touch moved, and --exact was asked for", evidence, f"{AGAIN}, or leave out --exact")


def uncommitted(asked: PlanQuestion) -> No | None:
    """D08: the text is not a commit, or git cannot tell whether it descends from the one applied last."""
    commit, origin = asked.plan.commit, asked.origin
    if not asked.plan.actions:
        return None
    if commit.dirty:
        evidence = (("working tree", "has changes that are in no commit"), ("commit", commit.id[:SHOWN] or "none"))
        return No("the manifests are not what is committed", evidence, "git commit, or unsandbox apply --rev HEAD, or apply --uncommitted")
    if origin.against and origin.descends is None:
        told = "outside git" if origin.history is History.NONE else f"{origin.history.value} history"
        evidence = (("commit", f"{commit.id[:SHOWN] or 'none'}, {told}"), ("applied last", origin.against[:SHOWN]))
        return No(
            "git cannot tell whether the commit descends from the one applied last",
            evidence,
            "git fetch --unshallow, or apply --uncommitted",
        )
    return None


def unapproved(asked: PlanQuestion) -> No | None:
    """A30: it destroys, replaces, unlocks or switches approval off, and no person approved it."""
    if not asked.needs or asked.approved_by:
        return None
    evidence = (("needs a person", "; ".join(asked.needs)), ("approved by", "nobody"))
    unblock = f"{AGAIN}, then unsandbox approve FILE and unsandbox apply FILE (once: unsandbox approvers add NAME)"
    return No("this plan needs the approval of a person", evidence, unblock)
