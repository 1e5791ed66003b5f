"""Taking the calls of one action in order, each between its intent and its outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.bringing import bring
from reconciler.app.claims import take_to_end
from reconciler.app.clock import now, stamp
from reconciler.app.journaled import outcome_of
from reconciler.engine.refuse.steps import StepQuestion
from reconciler.engine.table.steps import STEP_RULES
from reconciler.errors import HostBusy, HostError, LeaseHeld, Refused, StateError, Unreachable
from reconciler.lxd.read import daemon_process, instance
from reconciler.lxd.write import perform
from reconciler.model.changes import DESTRUCTIVE, ENDING, Action, Reason
from reconciler.model.names import Kind
from reconciler.model.plan import DeleteInstance, ImportImage, SetPower, UpdateInstance
from reconciler.model.records import Intent, Outcome, PowerRecord, Writer
from reconciler.model.rules import ask

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.paces import Paces
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import Call, PlannedAction
    from reconciler.store.journal import Journal

    Pause = Callable[[str, str, float], bool]

BUSY_TRIES = 6
BUSY_PAUSE = 0.1
"""Seconds before the second try on a busy host; doubled each time."""

JUST = timedelta(seconds=1)
"""Old enough to be overtaken, young enough to act on where nothing is lost by it."""

_ENDING = {action.value for action in ENDING}
_ENDS_CELL = {action.value for action in DESTRUCTIVE}
_KEEPS_ALL = {Action.START.value, Action.FREEZE.value, Action.UNFREEZE.value}
_POWER_AFTER = {"start": "running", "unfreeze": "running", "freeze": "frozen", "stop": "hibernated"}


class ActionFailed(Exception):
    """An action ended before its last call. ``hint`` is the next command to type."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class ActionStopped(Exception):
    """Somebody asked to stop; the message says how far the action came."""


class Steps:
    """Takes actions for one run. A host that cannot be reached is not tried again in the same run."""

    def __init__(  # noqa: PLR0913, PLR0917 - what carrying out needs, each from another room
        self,
        made: Made,
        settings: Settings,
        journal: Journal,
        doors: Doors,
        stop: threading.Event,
        paces: Paces,
        pause: Pause | None = None,
    ) -> None:
        """``pause`` waits for a busy instance: (host, instance, seconds), True where waiting makes no more sense."""
        self._paces = paces
        self._pause = pause or (lambda _host, _instance, seconds: stop.wait(seconds))
        self._plan = made.plan
        self._observed = made.observed.hosts
        self._hosts = {host.name: host for host in made.desired.hosts}
        self._settings = settings
        self._journal = journal
        self._doors = doors
        self._stop = stop
        self._lost: dict[str, str] = {}

    def take(self, action: PlannedAction) -> None:
        """Take every call of ``action``, after a last look at its object. Raises ``ActionFailed`` or ``ActionStopped``."""
        self._look_again(action)
        if action.reason == Reason.EXPIRED and action.action == Action.DESTROY:
            # Before the calls: killed in between, it is destroyed by the next pass, while one that is gone unnoted would be made again.
            self._journal.session_ended(action.uid, action.ref, stamp())
        for number, call in enumerate(action.calls):
            if self._stop.is_set():
                raise ActionStopped(f"stopped after {number} of {len(action.calls)} calls; the next apply goes on from there")
            self._one(action, call)

    def _look_again(self, action: PlannedAction) -> None:
        """What exists is read once more: whatever moved since the plan leaves this action undone, and no other."""
        if not action.uuid or self._just_seen(action):
            return
        ends = action.kind == Kind.CELL and action.action in _ENDS_CELL
        try:
            door = self._doors.open(self._hosts[action.host])
            found = instance(door, action.instance)
            process = daemon_process(door) if action.action in _ENDING else 0
        except HostError as error:
            raise ActionFailed(f"{action.instance} could not be looked at again: {error.message}", error.hint) from error
        view = self._observed[action.host]
        planned = next((row for row in view.instances if row.name == action.instance), None)
        before = view.identity.process if view.identity and action.action in _ENDING else 0
        self._ask(StepQuestion(action, planned, found, before, process))
        if ends:
            # After all else was asked: what was taken to be ended serves nobody any more.
            self._ask(StepQuestion(action, planned, found, before, process, ended=self._take_cell(action)))

    def _take_cell(self, action: PlannedAction) -> bool:
        try:
            return take_to_end(self._settings.state_dir, action)
        except StateError as error:
            raise ActionFailed(f"I13: the cell could not be taken: {error.message}", error.hint) from error

    def _just_seen(self, action: PlannedAction) -> bool:
        """Whether the plan's own look is the last look: it is a moment old, and the action loses neither memory nor disk."""
        age = now() - self._observed[action.host].seen_at
        return action.action in _KEEPS_ALL and timedelta(0) <= age <= JUST

    def _ask(self, question: StepQuestion) -> None:
        for rule in STEP_RULES:
            no = ask(rule, "unsandbox plan", question)
            if no is not None:
                told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
                raise ActionFailed(f"{rule.code}: {no.cause} ({told})", no.unblock)

    def _one(self, action: PlannedAction, call: Call) -> None:
        endpoint = self._hosts[action.host].endpoint
        if endpoint in self._lost:
            raise ActionFailed(f"host {action.host} was lost: {self._lost[endpoint]}", Unreachable.default_hint)
        intent = self._intent(action, call)
        try:
            self._journal.intend(intent)
            if isinstance(call, SetPower) and self._just_seen(action):
                call = replace(call, seen=True)
            uuid = self._patiently(self._doors.open(self._hosts[action.host]), call)
        except (HostError, LeaseHeld, Refused) as error:
            if isinstance(error, Unreachable | LeaseHeld):
                self._lost[endpoint] = error.message
            self._journal.record(intent.id, outcome_of(error), detail=f"{error.code}: {error.message}", at=stamp())
            self._ask(StepQuestion(action, None, None, failure=error.message))
            raise ActionFailed(f"{intent.call}: {error.message}", error.hint) from error
        except StateError as error:
            self._stop.set()
            raise ActionFailed(error.message, error.hint) from error
        self._done(intent, call, uuid or action.uuid)

    def _done(self, intent: Intent, call: Call, uuid: str) -> None:
        """One write with what follows from the call: killed before it, the intent dangles and is settled by what the host shows."""
        gone = isinstance(call, DeleteInstance)
        power = PowerRecord(_POWER_AFTER[call.verb], Writer.GIT) if isinstance(call, SetPower) else None
        about = call.uuid if isinstance(call, DeleteInstance) else uuid
        try:
            self._journal.record(intent.id, Outcome.DONE, detail="", at=stamp(), uuid=about, power=power, gone=gone)
        except StateError as error:
            self._stop.set()
            raise ActionFailed(f"{intent.call} was made and cannot be noted: {error.message}", error.hint) from error

    def _intent(self, action: PlannedAction, call: Call) -> Intent:
        name = f"{type(call).__name__}:{call.verb}" if isinstance(call, SetPower) else type(call).__name__
        return Intent(
            id=uuid4().hex,
            plan=self._plan.id,
            host=action.host,
            ref=action.ref,
            instance=action.instance,
            call=name,
            at=stamp(),
            uuid=action.uuid,
            commit=self._plan.commit.id,
            actor=self._settings.actor,
            action=action.action,
            owner=action.owner,
            paths=" ".join(diff.path for diff in action.fields) if isinstance(call, UpdateInstance) else "",
            term=self._doors.term(self._hosts[action.host].endpoint),
        )

    def _patiently(self, door: Door, call: Call) -> str:
        for turn in range(BUSY_TRIES):
            try:
                with self._paces.turn(door.host.name, call):
                    return self._perform(door, call)
            except HostBusy:
                if turn == BUSY_TRIES - 1 or self._pause(door.host.name, getattr(call, "name", ""), BUSY_PAUSE * 2**turn):
                    raise
        return ""

    def _perform(self, door: Door, call: Call) -> str:
        if not isinstance(call, ImportImage):
            return perform(door, call)
        source = self._doors.open(self._hosts[call.copy_from]) if call.copy_from else None
        bring(door, call, self._settings.root, source)
        return ""
