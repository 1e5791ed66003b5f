"""Making a plan: read, observe, diff, guard, plan. Nothing here can change a host."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from reconciler.app.claims import stock
from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import observe, with_snapshots
from reconciler.app.repository import load_desired
from reconciler.app.settle import open_questions
from reconciler.engine.diff import diff
from reconciler.engine.guard import clear, part_of
from reconciler.engine.plan import make_plan
from reconciler.engine.rollout import goes_by_turns
from reconciler.engine.select import Scope, select
from reconciler.model.changes import DESTRUCTIVE
from reconciler.model.world import Grade
from reconciler.policy.poolsize import sized
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from reconciler.app.repository import Edit
    from reconciler.app.settings import Settings
    from reconciler.model.changes import Change, Changes, Cleared, Refusal
    from reconciler.model.plan import Plan
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import HostView, Observed

    Only = AbstractSet[tuple[str, str, str]]

TOOL = f"unsandbox {version('unsandbox')}"


@dataclass(frozen=True, slots=True)
class Made:
    """A plan with everything it was made from."""

    plan: Plan
    desired: Desired
    observed: Observed
    changes: Changes
    cleared: Cleared
    ledger: Ledger
    every: Changes
    """All that would change, whatever the scope."""
    refused: tuple[Refusal, ...]
    """All that would be refused, whatever the scope."""
    only: Only | None = None
    """Of a saved plan that is carried out: nothing but these (reference, host, action)."""


def make(
    settings: Settings, scope: Scope | None = None, rev: str | None = None, edit: Edit | None = None, doors: Doors | None = None
) -> Made:
    """Plan the working tree, or commit ``rev``; with ``edit``, the text as it is going to be; through ``doors``, where they are kept.

    Raises ``ManifestError``, ``GitError`` or ``StateError``. A host out of reach is no error: it is in the plan.
    """
    with Journal(settings.state_dir / FILE_NAME) as journal:
        ledger = journal.ledger(now())
        before = ledger.applied
        commit, signatures = (before.commit, before.signatures) if before else ("", False)
        desired = load_desired(settings, rev, edit=edit, applied=commit, signatures=signatures)
        with nullcontext(doors) if doors else Doors(settings) as opened:
            return _look(desired, ledger, journal, opened, scope or Scope())


def again(made: Made, journal: Journal, doors: Doors, only: Only | None = None) -> Made:
    """The same text, planned from the world as it is. Hosts that were out of sight are left so."""
    before = made.observed.hosts
    seen = [host for host in made.desired.hosts if before[host.name].grade is not Grade.UNSEEN]
    blind = {name: view for name, view in before.items() if view.grade is Grade.UNSEEN}
    return _look(made.desired, journal.ledger(now()), journal, doors, Scope.parse(made.plan.scope), hosts=seen, blind=blind, only=only)


def _look(  # noqa: PLR0913 - what a plan is made from
    desired: Desired,
    ledger: Ledger,
    journal: Journal,
    doors: Doors,
    scope: Scope,
    *,
    hosts: Sequence[Host] | None = None,
    blind: Mapping[str, HostView] | None = None,
    only: Only | None = None,
) -> Made:
    observed = observe(desired.hosts if hosts is None else hosts, doors)
    observed = replace(
        observed, hosts={**observed.hosts, **{name: replace(view, seen_at=observed.at) for name, view in (blind or {}).items()}}
    )
    return weigh(desired, observed, ledger, journal, doors, scope=scope, only=only)


def weigh(  # noqa: PLR0913 - what a plan is made from
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    journal: Journal,
    doors: Doors,
    *,
    scope: Scope | None = None,
    only: Only | None = None,
    places: AbstractSet[str] | None = None,
    before: Changes | None = None,
) -> Made:
    """A plan from looks that were taken already, made quicker by what was found ``before`` (``Made.every``).

    Where something would be destroyed (on ``places``, if given) snapshots are asked for.
    """
    held = stock(journal.path.parent)
    ledger, desired = replace(ledger, claims=held.claims), sized(desired, held.targets)
    every = diff(desired, observed, ledger, before)
    ending = {change.host for change in every.items if change.action in DESTRUCTIVE and _told(change, desired, places)}
    observed = with_snapshots(observed, ending, desired.hosts, doors)
    ledger = replace(ledger, open_questions=open_questions(journal, observed))
    return _decided(every, desired, observed, ledger, scope or Scope(), only)


def _told(change: Change, desired: Desired, places: AbstractSet[str] | None) -> bool:
    """Whether snapshots are asked for. Turns depend on what may change on other hosts, and have to come out the same on each."""
    return places is None or change.host in places or goes_by_turns(change, desired)


def decide(desired: Desired, observed: Observed, ledger: Ledger, scope: Scope, only: Only | None = None) -> Made:
    """The pure half: the same values give the same plan. ``only``: nothing but these (reference, host, action)."""
    return _decided(diff(desired, observed, ledger), desired, observed, ledger, scope, only)


def part_of_plan(made: Made, only: Only) -> Made:
    """Of ``made`` nothing but these (reference, host, action): what ``decide`` gives for ``only``, without deciding again."""
    cleared = part_of(made.cleared, only)
    plan = make_plan(cleared, made.desired, made.observed, TOOL, Scope.parse(made.plan.scope))
    return replace(made, plan=plan, cleared=cleared, only=only)


def _decided(every: Changes, desired: Desired, observed: Observed, ledger: Ledger, scope: Scope, only: Only | None) -> Made:
    changes = select(every, scope)
    # The rules count over everything that would change: a scope narrows what is done, not what is known.
    cleared = clear(changes, desired, observed, ledger, every=every.items)
    whole = cleared if not scope.words() else clear(every, desired, observed, ledger)
    if only is not None:
        cleared = part_of(cleared, only)
    plan = make_plan(cleared, desired, observed, TOOL, scope)
    return Made(plan, desired, observed, changes, cleared, ledger, every, whole.refusals, only)
