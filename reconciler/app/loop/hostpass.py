"""One pass over one host: look, decide over the whole fleet as last seen, and carry out what is this host's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clearance import Terms, check
from reconciler.app.clock import now, stamp
from reconciler.app.loop.halt import Halt
from reconciler.app.loop.held import Held
from reconciler.app.loop.wakes import ALL_SEEN, LED, TELLS_NOTHING, WORK
from reconciler.app.loop.watched import Watched
from reconciler.app.settle import settle
from reconciler.app.standing import after_steps, before_steps
from reconciler.app.steps import Steps
from reconciler.app.walk import Walk
from reconciler.model.changes import Action
from reconciler.model.world import Grade
from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.events import Report
    from reconciler.app.health import Prober
    from reconciler.app.loop.book import Book
    from reconciler.app.loop.consent import Consent
    from reconciler.app.loop.deciding import Deciding
    from reconciler.app.loop.decision import Decision
    from reconciler.app.loop.leading import Leading
    from reconciler.app.loop.looks import Looks
    from reconciler.app.loop.memory import Memory
    from reconciler.app.loop.options import Options
    from reconciler.app.paces import Paces
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry
    from reconciler.model.changes import Refusal
    from reconciler.model.plan import PlannedAction
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView, Instance
    from reconciler.store.journal import Journal

    Act = tuple[str, str, str]

PASSING = frozenset({"O03", "O05", "O08", "O09", "O10", "O11", "S06", "P09", "P10", "R01", "R04"})
"""Codes of what settles by itself, as a rule: looked at again soon, and less and less often."""
SOON, SELDOM = 0.5, 30.0
"""Seconds until the first of those looks, and between two at most."""
ROUNDED = 1.0
"""Seconds by which a time may be rounded on its way."""
LATER = 3.0
"""Seconds after which a host that another's pass found work for is looked at, if nothing woke it before."""
DONE = 0.2
"""Seconds after what was done until the look that finds it done."""
FRESH = timedelta(seconds=60)
"""Age of a look up to which a wake that tells nothing of the host asks for no other. What moved since then has woken by itself."""
SHOWN = 3
"""Reasons that a pass is told to have had."""
GROUND = {Action.PREPARE.value, Action.IMPORT.value}
MAKING = {Action.CREATE.value, Action.REPLACE.value}


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of a loop use together."""

    settings: Settings
    options: Options
    memory: Memory
    looks: Looks
    deciding: Deciding
    journal: Journal
    book: Book
    doors: Doors
    prober: Prober
    paces: Paces
    consent: Consent
    leading: Leading
    telemetry: Telemetry
    stop: threading.Event
    wake: Callable[[str, str, float], None]
    """(host, why, seconds from now)."""


class HostPass:
    """The passes of one host. Used by one thread."""

    def __init__(self, host: Host, shared: Shared, pending: Callable[[], bool], parted: threading.Event) -> None:
        """``pending``: whether something came in since the pass began. ``parted``: set where the host is not this one's any more."""
        self._host = host
        self._name = host.name
        self._in = shared
        self._pending = pending
        self._parted = parted
        self._held = Held()
        self._broke = False
        """Whether the last walk was ended by something of ours: its actions have failed by no fault of their objects."""
        self._watched = Watched()
        self._restless = 0
        self._certified: tuple[object, ...] = ()
        self._rows: tuple[Instance, ...] | None = None
        self._told: frozenset[tuple[str, str, str, str]] = frozenset()
        """Work for others, with the fingerprint of what it is about, of which they were told."""
        self.pass_id = ""
        """Of the pass under way, or the last one."""
        self.acts = False
        """Whether it is at what must come to its end. A look may be left at any time."""

    def run(self, whys: tuple[str, ...]) -> None:
        """One pass. Raises an ``UnsandboxError`` where it cannot decide or act; what fails of single actions is told and tried again."""
        desired = self._in.memory.desired
        if desired is None:
            return
        self.pass_id, began = (pass_id := uuid4().hex), time.monotonic()
        self._in.telemetry.pass_began(pass_id, self._name, _told(whys))
        with self._in.deciding.latest.coming(self._name):
            known = self._known(whys)
            view = known or self._look()
            if self._in.stop.is_set():
                # Nobody may have waited for the look: the journal may be closed, and what was refused is as it was.
                return
            if view is None or self._in.memory.waits(desired, self._name):
                self._in.telemetry.pass_ended(pass_id, self._name, time.monotonic() - began, 0, (), None)
                return
            for other in self._in.memory.waited() - {self._name}:
                self._in.wake(other, ALL_SEEN, 0.0)
            settled = self._open_cases()
            decision = self._in.deciding.latest.ask(self._name)
        if known is not None and decision is not None and any(action.host == self._name for action in decision.made.plan.actions):
            # What is done follows from a look of this pass.
            view = self._look() or view
            decision = self._in.deciding.latest.ask(self._name)
        if decision is None or self._name not in decision.made.observed.hosts:
            # Another text came in meanwhile, which woke everybody whom it is about.
            self._in.telemetry.pass_ended(pass_id, self._name, time.monotonic() - began, 0, (), None)
            return
        report = None
        leads = self._in.leading.leads(self._name)
        if leads and settled:
            report = self._act(decision, pass_id)
        elif leads:
            # The lease came in between: what is made over an open case could not be told from it afterwards.
            self._in.wake(self._name, LED, 0.0)
        else:
            self._remember(decision.made)
            self._watched.note(self._in.journal, decision.of(self._name), decision.made)
        self._in.prober.follow(desired, self._in.memory.observed(desired, now), self._name)
        self._in.telemetry.drift(self._name, tuple(drift.text for drift in decision.drifts(self._name, self._in.memory.hints.touched())))
        self._in.memory.refused[self._name] = decision.codes
        refusals = decision.refusals(self._name)
        changes = sum(change.action is not Action.KEEP for change in decision.of(self._name))
        self._in.telemetry.pass_ended(pass_id, self._name, time.monotonic() - began, changes, refusals, report)
        self._again(view, refusals, report)
        due = decision.due(self._name)
        if due is not None:
            # Time alone makes another decision of the same world.
            self._in.wake(self._name, "something is due", (due - now()).total_seconds() + ROUNDED)

    def _known(self, whys: tuple[str, ...]) -> HostView | None:
        """What was seen of the host a moment ago, where that is enough to decide whether there is anything to do; else None."""
        view = self._in.memory.views.get(self._name)
        if view is None or view.grade is not Grade.COMPLETE or not TELLS_NOTHING.issuperset(whys):
            return None
        if not timedelta(0) <= now() - view.seen_at <= FRESH or any(intent.host == self._name for intent in self._in.journal.dangling()):
            return None
        return view

    def _look(self) -> HostView | None:
        """What a look that begins here shows of the host; None where it is declared no more."""
        self._in.looks.at(self._host)
        return self._in.memory.views.get(self._name)

    def _open_cases(self) -> bool:
        """Settle what a crash, or a call without an answer, left open on this host. Whether that was ours to do: it is the leader's."""
        desired = self._in.memory.desired
        if desired is None or not self._in.leading.leads(self._name):
            return False
        settle(self._in.journal, self._in.memory.observed(desired, now), self._name)
        return True

    def _act(self, decision: Decision, pass_id: str) -> Report | None:
        """Carry out what is this host's and may be begun. None where there is nothing."""
        self._in.consent.look(decision.made)
        try:
            acts = self._claim(decision)
            firm: Decision | None = decision
            if acts and not decision.is_firm(self._name, acts):
                firm = self._in.deciding.anew.ask(self._name)
            part = self._granted(firm, acts) if acts and firm else None
            # Told before the stop is looked at: who ends us sets the stop and then looks at this.
            self.acts = part is not None and bool(part.plan.actions)
            if part is None or not self.acts or self._in.stop.is_set():
                self._remember(decision.made)
                return None
            return self._carry_out(part, pass_id)
        finally:
            self.acts = False
            if self._in.memory.end(self._name):
                # It came of our own calls, or of somebody else's while they failed: only a look tells.
                self._in.wake(self._name, "something was done", DONE)

    def _granted(self, firm: Decision, acts: frozenset[Act]) -> Made:
        """What ``acts`` come to by the last look. Of what moved since somebody approved it, nobody approved what it is by then."""
        part = firm.part(acts)
        moved = {_act(action) for action in part.plan.actions if not self._in.consent.allows(part, action)}
        return firm.part(acts - moved) if moved else part

    def _claim(self, decision: Decision) -> frozenset[Act]:
        """What may be begun here and now; from here on no other worker begins it."""
        memory, made = self._in.memory, decision.made
        wanted = [action for action in made.plan.actions if action.host == self._name]
        with memory.deciding:
            late = {action.index for action in wanted if not self._may_begin(made, action)}
            # What stands on ground that has to wait waits with it.
            groundless = any(action.index in late and action.action in GROUND for action in wanted)
            # Of a cluster one member's worker prepares it for all.
            elsewhere = {action.index for action in made.plan.actions if action.host != self._name}
            ready = [one for one in wanted if one.index not in late and elsewhere.isdisjoint(one.after)]
            mine = [one for one in ready if not (groundless and one.action in MAKING)]
            memory.begin(self._name, [(action.ref, action.instance) for action in mine])
        waits = [wait for action in wanted if (wait := self._held.waits(action.ref))]
        if waits:
            self._in.wake(self._name, "an action failed", min(waits))
        there = frozenset((*_act(action), action.fingerprint) for action in made.plan.actions if action.host not in decision.hosts)
        for host in {act[1] for act in there - self._told}:
            # It was woken by the cause of all this already, as a rule; by a place that came free here it was not.
            self._in.wake(host, WORK, LATER)
        # What is left alone over there is told once: two that tell each other again and again would never rest. What we do may free it.
        self._told = frozenset() if mine else there
        return frozenset(map(_act, mine))

    def _may_begin(self, made: Made, action: PlannedAction) -> bool:
        if self._held.waits(action.ref):
            return False
        if action.action not in GROUND and self._in.memory.elsewhere(action.ref, self._name):
            return False
        if action.action in MAKING and not self._leads_all():
            return False
        return self._in.consent.allows(made, action)

    def _leads_all(self) -> bool:
        """Where another leads a host that it could live on, the other may be making it there at this moment."""
        desired, views = self._in.memory.desired, self._in.memory.views
        seen = [host.name for host in desired.hosts if host.name in views and views[host.name].project is not None] if desired else [""]
        return all(map(self._in.leading.leads, seen))

    def _carry_out(self, part: Made, pass_id: str) -> Report:
        inside = self._in
        by = inside.consent.by(part)
        check(part, Terms(uncommitted=inside.options.uncommitted, approver=by), inside.journal, approved_by=by)
        bearing = inside.deciding.bearing(part)
        before_steps(inside.journal, part, self._name, bearing)
        actor = f"{inside.settings.actor}, approved by {by}" if by else inside.settings.actor
        inside.journal.begin_pass(pass_id, plan=part.plan.id, actor=actor, commit=part.plan.commit.id, at=stamp())
        halt = Halt(inside.stop, self._parted)
        steps = Steps(part, inside.settings, inside.journal, inside.doors, halt, inside.paces, self._pause)
        walk = Walk(part.plan, steps, inside.paces, lambda event: inside.telemetry.action(pass_id, event), halt, self._pending)
        report = walk.report()
        self._broke = halt.broke
        inside.telemetry.queue(self._name, len(report.skipped), 0, *inside.paces.limits(self._name))
        seen = after_steps(inside.journal, part, report, inside.doors, bearing)
        if seen:
            self._in.deciding.saw(seen.hosts.values())
        counts = f"{len(report.done)} done, {len(report.failed)} failed, {len(report.skipped)} skipped"
        inside.journal.end_pass(pass_id, result=counts, at=stamp())
        return report

    def _pause(self, host: str, instance: str, seconds: float) -> bool:
        self._in.memory.hints.pause(host, instance, seconds)
        return self._in.stop.is_set() or self._parted.is_set()

    def _remember(self, made: Made) -> None:
        """Certify a look that led to nothing, where it shows anything that the last certified one did not."""
        view = made.observed.hosts[self._name]
        told = (self._in.book.begun, made.desired.commit.digest, view.grade, len(made.refused))
        # A look that shows nothing else gives back the very rows of the one before.
        if told != self._certified or view.instances is not self._rows:
            before_steps(self._in.journal, made, self._name, self._in.deciding.bearing(made))
            self._certified, self._rows = told, view.instances

    def _again(self, view: HostView, refusals: tuple[Refusal, ...], report: Report | None) -> None:
        """When to look again without being told to."""
        self._held.done(event.ref for event in (report.done if report else ()))
        failed = [event.ref for event in (report.failed if report else ())]
        if failed and self._broke:
            self._in.wake(self._name, "the journal failed", SOON)
        elif failed:
            self._in.wake(self._name, "an action failed", self._held.failed(failed))
        if report and report.stopped and not self._in.stop.is_set() and not self._parted.is_set():
            self._in.wake(self._name, "work was left over", 0.0)
        if report and report.done:
            # When what was made is due is known only once it was decided about: of what we do ourselves no event wakes.
            self._in.wake(self._name, "something was done", DONE)
        restless = view.grade is not Grade.COMPLETE or any(refusal.code in PASSING for refusal in refusals)
        # What went on meanwhile is no reason to look less often: in a rollout the next ones wait for it.
        went_on = report is not None and bool(report.done)
        self._restless = (0 if went_on else self._restless) + 1 if restless else 0
        if restless:
            self._in.wake(self._name, "not settled yet", delay(self._restless, 0.5, base=SOON, cap=SELDOM))


def _told(whys: tuple[str, ...]) -> str:
    return "; ".join(whys[:SHOWN]) + (f"; and {len(whys) - SHOWN} more" if len(whys) > SHOWN else "")


def _act(action: PlannedAction) -> Act:
    return action.ref, action.host, action.action
