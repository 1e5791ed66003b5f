"""Carrying out a plan: each call's intent is on disk before the call, its outcome after. The executor decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clearance import Terms, approve
from reconciler.app.clock import stamp
from reconciler.app.doors import Doors
from reconciler.app.events import Event, EventKind, Report
from reconciler.app.paces import Paces
from reconciler.app.planning import again
from reconciler.app.settle import settle_now
from reconciler.app.standing import after_steps, before_steps
from reconciler.app.steps import Steps
from reconciler.app.walk import Walk
from reconciler.app.writer import writing
from reconciler.errors import StalePlan
from reconciler.model.changes import Action
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    import threading

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.app.walk import Listener
    from reconciler.model.resources import Host


def apply(made: Made, settings: Settings, listen: Listener, stop: threading.Event, terms: Terms | None = None) -> Report:
    """Carry out ``made.plan``; setting ``stop`` ends it between two calls.

    Raises ``LeaseHeld``, ``StalePlan``, ``Refused`` or ``StateError`` before anything is done. One thread at a time calls ``listen``.
    """
    given = terms or Terms()

    def tell(text: str) -> None:
        listen(Event(stamp(), EventKind.WAITING, total=len(made.plan.actions), detail=text))

    hosts = _leased(made)
    with Doors(settings) as doors, writing(settings, doors, hosts, made.plan.env, tell), Journal(settings.state_dir / FILE_NAME) as journal:
        made = _fresh(made, given, journal, doors)
        by = approve(made, given, settings, journal)
        if given.saved and not journal.use_plan(given.saved.id, by=settings.actor, at=stamp(), until=given.saved.until):
            raise StalePlan("P08: the plan was carried out already by somebody who was quicker")
        left = settle_now(journal, made.desired.hosts, doors)
        before_steps(journal, made)
        pass_id = uuid4().hex
        actor = f"{settings.actor}, approved by {by}" if by else settings.actor
        journal.begin_pass(pass_id, plan=made.plan.id, actor=actor, commit=made.plan.commit.id, at=stamp())
        paces = Paces(settings.parallel)
        report = Walk(made.plan, Steps(made, settings, journal, doors, stop, paces), paces, listen, stop).report()
        after_steps(journal, made, report, doors)
        if left:
            # What LXD was still at work on at the first look has come to its end meanwhile, more often than not.
            settle_now(journal, made.desired.hosts, doors)
        journal.end_pass(pass_id, result=_result(report), at=stamp())
        return report


def _leased(made: Made) -> list[Host]:
    """Every host that is worked on; where something is made, also those on which another writer could make the same."""
    worked = {action.host for action in made.plan.actions}
    if any(action.action == Action.CREATE for action in made.plan.actions):
        worked |= {view.host for view in made.observed.hosts.values() if view.project is not None}
    return [host for host in made.desired.hosts if host.name in worked]


def _fresh(made: Made, terms: Terms, journal: Journal, doors: Doors) -> Made:
    """The plan from the world as it is under the lease, and nothing that was not planned before: meanwhile anything may have happened.

    Raises ``StalePlan`` where a person saw another plan than this.
    """
    if not made.plan.actions:
        return made
    planned = frozenset((action.ref, action.host, action.action) for action in made.plan.actions)
    fresh = again(made, journal, doors, planned)
    if terms.shown and fresh.plan.id != made.plan.id:
        raise StalePlan("P02: the world moved between the plan that was shown and the yes", hint="unsandbox apply")
    return fresh


def _result(report: Report) -> str:
    counts = f"{len(report.done)} done, {len(report.failed)} failed, {len(report.skipped)} skipped, {len(report.refusals)} refused"
    return f"stopped: {counts}" if report.stopped else counts
