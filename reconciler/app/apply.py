"""Carrying out a plan: each call's intent is on disk before the call, its outcome after. The executor decides nothing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clearance import Terms, approve
from reconciler.app.clock import stamp
from reconciler.app.doors import Doors
from reconciler.app.events import Event, EventKind, Report
from reconciler.app.planning import again
from reconciler.app.settle import settle_now
from reconciler.app.standing import after_steps, before_steps
from reconciler.app.steps import ActionFailed, ActionStopped, Steps
from reconciler.app.writer import writing
from reconciler.errors import StalePlan
from reconciler.model.changes import Action
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.plan import PlannedAction
    from reconciler.model.resources import Host

    Listener = Callable[[Event], None]


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
        if given.saved and not journal.use_plan(given.saved.id, by=settings.actor, at=stamp()):
            raise StalePlan("P08: the plan was carried out already by somebody who was quicker")
        left = settle_now(journal, made.desired.hosts, doors)
        before_steps(journal, made)
        pass_id = uuid4().hex
        actor = f"{settings.actor}, approved by {by}" if by else settings.actor
        journal.begin_pass(pass_id, plan=made.plan.id, actor=actor, commit=made.plan.commit.id, at=stamp())
        report = _Run(made, settings, Steps(made, settings, journal, doors, stop), listen, stop).report()
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


class _Run:
    """One walk over the plan's graph: an action starts when all it comes after are done, at most ``parallel`` a host."""

    def __init__(self, made: Made, settings: Settings, steps: Steps, listen: Listener, stop: threading.Event) -> None:
        self._plan = made.plan
        self._steps = steps
        self._listener = listen
        self._listening = threading.Lock()
        self._stop = stop
        self._began = time.monotonic()
        self._events: dict[EventKind, list[Event]] = {kind: [] for kind in EventKind}
        self._settled: dict[int, bool] = {}
        self._waiting = {action.index: action for action in self._plan.actions}
        self._pools = {
            host: ThreadPoolExecutor(settings.parallel, thread_name_prefix=f"apply-{host}")
            for host in {action.host for action in self._plan.actions}
        }

    def report(self) -> Report:
        """Walk to the end and tell what came of it."""
        self._tell(EventKind.PLAN_STARTED)
        running: dict[Future[Event], int] = {}
        try:
            self._start_ready(running)
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    index = running.pop(future)
                    event = future.result()
                    self._settled[index] = event.kind is EventKind.ACTION_DONE
                    self._keep(event)
                self._start_ready(running)
        finally:
            for pool in self._pools.values():
                pool.shutdown(wait=True, cancel_futures=True)
        elapsed = time.monotonic() - self._began
        self._tell(EventKind.PLAN_DONE, elapsed=elapsed)
        return Report(
            plan=self._plan.id,
            done=tuple(self._events[EventKind.ACTION_DONE]),
            failed=tuple(self._events[EventKind.ACTION_FAILED]),
            skipped=tuple(self._events[EventKind.ACTION_SKIPPED]),
            refusals=self._plan.refusals,
            unseen=self._plan.unseen,
            stopped=self._stop.is_set() and bool(self._events[EventKind.ACTION_SKIPPED]),
            elapsed=elapsed,
        )

    def _start_ready(self, running: dict[Future[Event], int]) -> None:
        """Start what can start and skip what never can; skipping may free or doom others, hence the loop."""
        again = True
        while again:
            again = False
            for action in list(self._waiting.values()):
                doom = self._doom(action)
                if doom:
                    del self._waiting[action.index]
                    self._settled[action.index] = False
                    self._keep(self._event(EventKind.ACTION_SKIPPED, action, detail=doom))
                    again = True
                elif all(self._settled.get(index) for index in action.after):
                    del self._waiting[action.index]
                    running[self._pools[action.host].submit(self._carry_out, action)] = action.index

    def _doom(self, action: PlannedAction) -> str:
        if self._stop.is_set():
            return "stopped before it began"
        for index in action.after:
            if self._settled.get(index) is False:
                before = self._plan.actions[index]
                return f"{before.action} {before.ref} on {before.host or 'no host'} did not succeed"
        return ""

    def _carry_out(self, action: PlannedAction) -> Event:
        began = time.monotonic()
        if self._stop.is_set():
            return self._event(EventKind.ACTION_SKIPPED, action, detail="stopped before it began")
        self._listen(self._event(EventKind.ACTION_STARTED, action))
        try:
            self._steps.take(action)
        except ActionStopped as stopped:
            return self._event(EventKind.ACTION_SKIPPED, action, detail=str(stopped), elapsed=time.monotonic() - began)
        except ActionFailed as failed:
            return self._event(EventKind.ACTION_FAILED, action, str(failed), failed.hint, time.monotonic() - began)
        return self._event(EventKind.ACTION_DONE, action, elapsed=time.monotonic() - began)

    def _event(self, kind: EventKind, action: PlannedAction, detail: str = "", hint: str = "", elapsed: float = 0.0) -> Event:
        total = len(self._plan.actions)
        return Event(stamp(), kind, action.index, total, action.ref, action.host, action.action, detail, hint, elapsed)

    def _listen(self, event: Event) -> None:
        with self._listening:
            self._listener(event)

    def _keep(self, event: Event) -> None:
        self._events[event.kind].append(event)
        self._listen(event)

    def _tell(self, kind: EventKind, elapsed: float = 0.0) -> None:
        self._listen(Event(stamp(), kind, total=len(self._plan.actions), detail=self._plan.id, elapsed=elapsed))
