"""Walking over a plan's graph: what may begin begins, the urgent first and owners in turn, as many at once as the host bears."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.app.events import Event, EventKind, Report
from reconciler.app.steps import ActionFailed, ActionStopped, Steps
from reconciler.policy.turns import Ask, next_turn
from reconciler.policy.urgency import BACKGROUND, urgency

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.paces import Paces
    from reconciler.model.plan import Plan, PlannedAction

    Listener = Callable[[Event], None]


AHEAD = 1
"""For so many calls under way one more action is begun."""
MOST = 64
"""Threads for one host, whatever its pace."""
STOPPED = "stopped before it began"
GAVE_WAY = "something more urgent came in; the next pass goes on with it"


class Walk:
    """One walk over the plan's graph: an action starts when all it comes after are done, as many at once as its host bears."""

    def __init__(
        self, plan: Plan, steps: Steps, paces: Paces, listen: Listener, stop: threading.Event, urgent: Callable[[], bool] | None = None
    ) -> None:
        """``urgent``: whether something came in meanwhile to which what works in the background gives way."""
        self._plan = plan
        self._steps = steps
        self._paces = paces
        self._listener = listen
        self._listening = threading.Lock()
        self._stop = stop
        self._urgent = urgent or (lambda: False)
        self._gave_way = False
        self._began = time.monotonic()
        self._events: dict[EventKind, list[Event]] = {kind: [] for kind in EventKind}
        self._settled: dict[int, bool] = {}
        self._waiting = {action.index: action for action in plan.actions}
        self._ready: dict[str, list[PlannedAction]] = {action.host: [] for action in plan.actions}
        self._busy = dict.fromkeys(self._ready, 0)
        self._served: dict[str, int] = {}
        self._asks = {action.index: Ask(urgency(action), action.owner, action.index) for action in plan.actions}
        self._ended: SimpleQueue[Future[Event]] = SimpleQueue()
        self._pools = {host: ThreadPoolExecutor(MOST, thread_name_prefix=f"apply-{host}") for host in self._ready}

    def report(self) -> Report:
        """Walk to the end and tell what came of it."""
        self._tell(EventKind.PLAN_STARTED)
        running: dict[Future[Event], PlannedAction] = {}
        try:
            self._start_ready(running)
            while running:
                future = self._ended.get()
                action, event = running.pop(future), future.result()
                self._busy[action.host] -= 1
                self._settled[action.index] = event.kind is EventKind.ACTION_DONE
                # The next begins before this one is told of: its place is empty for no longer than it has to be.
                self._start_ready(running)
                self._keep(event)
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
            stopped=(self._stop.is_set() or self._gave_way) and bool(self._events[EventKind.ACTION_SKIPPED]),
            elapsed=elapsed,
        )

    def _start_ready(self, running: dict[Future[Event], PlannedAction]) -> None:
        """Start what can start, in turn, and skip what never can; skipping may doom others, hence the loop."""
        again = True
        while again:
            again = False
            for action in list(self._waiting.values()):
                doom = self._doom(action)
                if doom:
                    self._skip(self._waiting.pop(action.index), doom)
                    again = True
                elif all(self._settled.get(index) for index in action.after):
                    self._ready[action.host].append(self._waiting.pop(action.index))
            for host, ready in self._ready.items():
                again |= self._give_way(ready)
                while ready and self._busy[host] < self._places(host):
                    action = ready.pop(next_turn([self._asks[one.index] for one in ready], self._served))
                    self._served[action.owner] = len(self._settled) + len(running)
                    self._busy[host] += 1
                    future = self._pools[host].submit(self._carry_out, action)
                    running[future] = action
                    future.add_done_callback(self._ended.put)

    def _places(self, host: str) -> int:
        """A few more than calls may be under way: their intents are on disk by the time that a call ends, and no place stays empty."""
        places = self._paces.places(host)
        return min(places + places // AHEAD, MOST)

    def _give_way(self, ready: list[PlannedAction]) -> bool:
        """Skip what may not begin any more. Whether there was any."""
        if self._stop.is_set():
            behind, why = list(ready), STOPPED
        elif self._urgent():
            behind, why = [action for action in ready if urgency(action) >= BACKGROUND], GAVE_WAY
            self._gave_way |= bool(behind)
        else:
            return False
        for action in behind:
            ready.remove(action)
            self._skip(action, why)
        return bool(behind)

    def _skip(self, action: PlannedAction, why: str) -> None:
        self._settled[action.index] = False
        self._keep(self._event(EventKind.ACTION_SKIPPED, action, detail=why))

    def _doom(self, action: PlannedAction) -> str:
        if self._stop.is_set():
            return STOPPED
        for index in action.after:
            if self._settled.get(index) is False:
                before = self._plan.actions[index]
                return f"{before.action} {before.ref} on {before.host or 'no host'} did not succeed"
        return ""

    def _carry_out(self, action: PlannedAction) -> Event:
        began = time.monotonic()
        if self._stop.is_set():
            return self._event(EventKind.ACTION_SKIPPED, action, detail=STOPPED)
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
