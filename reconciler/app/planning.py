"""Making a plan: read, observe, diff, guard, plan. Nothing here can change a host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import observe, with_snapshots
from reconciler.app.repository import load_desired
from reconciler.app.settle import open_questions
from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope, select
from reconciler.model.changes import DESTRUCTIVE
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.repository import Edit
    from reconciler.app.settings import Settings
    from reconciler.model.changes import Changes, Cleared
    from reconciler.model.plan import Plan
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed

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


def make(settings: Settings, scope: Scope | None = None, rev: str | None = None, edit: Edit | None = None) -> Made:
    """Plan the working tree, or commit ``rev``; with ``edit``, the text as it is going to be.

    Raises ``ManifestError``, ``GitError`` or ``StateError``. A host out of reach is no error: it is in the plan.
    """
    with Journal(settings.state_dir / FILE_NAME) as journal:
        ledger = journal.ledger(now())
        desired = load_desired(settings, rev, edit=edit, applied=ledger.applied.commit if ledger.applied else "")
        with Doors(settings) as doors:
            observed = observe(desired.hosts, doors)
            changes = diff(desired, observed, ledger)
            ending = {change.host for change in changes.items if change.action in DESTRUCTIVE}
            observed = with_snapshots(observed, ending, desired.hosts, doors)
        ledger = replace(ledger, open_questions=open_questions(journal, observed))
    return _decided(changes, desired, observed, ledger, scope or Scope())


def decide(desired: Desired, observed: Observed, ledger: Ledger, scope: Scope) -> Made:
    """The pure half: the same values give the same plan."""
    return _decided(diff(desired, observed, ledger), desired, observed, ledger, scope)


def _decided(every: Changes, desired: Desired, observed: Observed, ledger: Ledger, scope: Scope) -> Made:
    changes = select(every, scope)
    # The rules count over everything that would change: a scope narrows what is done, not what is known.
    cleared = clear(changes, desired, observed, ledger, every=every.items)
    return Made(make_plan(cleared, desired, observed, TOOL, scope), desired, observed, changes, cleared, ledger)
