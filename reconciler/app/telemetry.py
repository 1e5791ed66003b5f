"""What the loop tells of itself: one object that it calls, and behind it the log, the events file, the metrics and its health."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from reconciler.app.clock import stamp
from reconciler.app.events import EventKind
from reconciler.app.telemetry_health import Patience, problems, stuck, unready
from reconciler.app.telemetry_metrics import Metrics
from reconciler.app.telemetry_present import DISCONNECTED, Present
from reconciler.app.telemetry_wording import refusal_tellings, result_of, seen_level, text_words
from reconciler.errors import StateError
from reconciler.model.health import Verdict
from reconciler.model.telling import KEPT, Level, Telling, Told
from reconciler.model.world import Grade
from reconciler.policy.lines import line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType

    from reconciler.app.events import Event, Report
    from reconciler.app.telemetry_log import Log
    from reconciler.errors import UnsandboxError
    from reconciler.model.changes import Refusal
    from reconciler.model.resources import Commit
    from reconciler.model.world import HostView
    from reconciler.store.keeping import Keeper

_ACTIONS = {
    EventKind.ACTION_STARTED: (Told.ACTION_BEGAN, Level.DEBUG),
    EventKind.ACTION_DONE: (Told.ACTION, Level.INFO),
    EventKind.ACTION_FAILED: (Told.ACTION, Level.ERROR),
    EventKind.ACTION_SKIPPED: (Told.ACTION, Level.WARNING),
}
_LEASE_LEVELS = {"leader": Level.INFO, "standby": Level.INFO, "none": Level.DEBUG}
SHOWN = 50
"""Refusals or fields told one by one of one pass; more are told as a number."""


class Telemetry:
    """Safe for threads. Nothing here raises, and only the log's own stream is waited for."""

    def __init__(self, log: Log | None = None, keeper: Keeper | None = None, patience: Patience | None = None) -> None:
        self._log = log
        self._keeper = keeper
        self._patience = patience or Patience()
        self._present = Present(time.monotonic())
        self._closed = False
        self.metrics = Metrics(self._present, lambda: keeper.dropped if keeper else 0)
        self._tell(Told.LOOP, Level.INFO, "started", process=os.getpid())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def pass_began(self, pass_id: str, host: str, why: str) -> None:
        """A pass over ``host`` begins; ``why`` names what woke it."""
        self._present.began(host, pass_id, line(why), time.monotonic())
        self._tell(Told.PASS_BEGAN, Level.DEBUG, "began", host=host, pass_id=pass_id, detail=why)

    def pass_ended(
        self, pass_id: str, host: str, seconds: float, changes: int, refusals: tuple[Refusal, ...], report: Report | None
    ) -> None:
        """A pass ended. ``changes`` counts what differed; ``refusals`` are those of this host; ``report`` None: nothing was carried out."""
        why = self._present.ended(host)
        came, gone = self._present.found(host, changes, refusals)
        result, level, counts = result_of(report)
        self.metrics.ended(host, result, seconds)
        told = Telling("", Told.PASS, level, result, host=host, pass_id=pass_id, detail=f"{why}{counts}")
        self._send(replace(told, seconds=seconds, changes=changes, refusals=len(refusals)))
        for one in refusal_tellings(came, gone, host, pass_id, SHOWN):
            self._send(one)

    def pass_failed(self, pass_id: str, host: str, error: UnsandboxError, seconds: float) -> None:
        """A pass ended before it could decide or act."""
        self._present.ended(host, line(error.message) if isinstance(error, StateError) else "")
        self.metrics.ended(host, "failed", seconds)
        told = Telling("", Told.PASS, Level.ERROR, "failed", host=host, pass_id=pass_id, code=error.code, detail=error.message)
        self._send(replace(told, seconds=seconds))

    def seen(self, view: HostView) -> None:
        """A host was looked at."""
        complete = view.grade is Grade.COMPLETE
        before = self._present.graded(view.host, view.grade.value, time.monotonic(), complete=complete)
        if before != view.grade.value:
            code = view.code if view.grade is Grade.UNSEEN else ""
            level = seen_level(before, complete=complete)
            self._tell(Told.GRADE, level, view.grade.value, host=view.host, code=code, detail="; ".join(view.why))

    def action(self, pass_id: str, event: Event) -> None:
        """Something that an executor tells while it runs."""
        kind, level = _ACTIONS.get(event.kind, (Told.PLAN, Level.DEBUG))
        state = event.kind.value.removeprefix("action-")
        if kind is not Told.PLAN:
            self._present.acted(event.host, event.index, time.monotonic(), began=kind is Told.ACTION_BEGAN)
        if kind is Told.ACTION:
            self.metrics.acted(event.host, event.action, state)
        told = Telling(event.at, kind, level, state, host=event.host, ref=event.ref, pass_id=pass_id, action=event.action)
        detail = f"{event.detail}; next: {event.hint}" if event.hint and state == "failed" else event.detail
        self._send(replace(told, detail=detail, seconds=event.elapsed))

    def queue(self, host: str, waiting: int, running: int, creates: float, changes: float) -> None:
        """How much work waits and runs on ``host``, and its limits: creates and state changes at once."""
        self._present.queued(host, waiting, running, (creates, changes))

    def lease(self, host: str, state: str, detail: str) -> None:
        """The lease of ``host``: leader, standby, lost, unreachable or none."""
        if self._present.leased(host, state):
            self._tell(Told.LEASE, _LEASE_LEVELS.get(state, Level.WARNING), state, host=host, detail=detail)

    def health(self, host: str, ref: str, verdict: Verdict, why: str) -> None:
        """What is known of a service that is probed became something else."""
        level = Level.WARNING if verdict is Verdict.UNHEALTHY else Level.INFO
        self._tell(Told.HEALTH, level, verdict.value, host=host, ref=ref, detail=why)

    def text(self, commit: Commit | None, error: str) -> None:
        """The manifests were read: which commit, or why they could not be."""
        if self._present.read(commit, line(error), time.monotonic()):
            level, state, detail = text_words(commit, error)
            self._tell(Told.TEXT, level, state, detail=detail)

    def note(self, kind: str, host: str, detail: str) -> None:
        """Anything else worth a line: event-gap, reconnected, reload, draining and the like."""
        word = "-".join(kind.lower().split())
        self._present.noted(word, host)
        self.metrics.noted(word)
        self._tell(Told.NOTE, Level.WARNING if word in DISCONNECTED else Level.INFO, word, host=host, detail=detail)

    def call(self, host: str, kind: str, seconds: float, outcome: str) -> None:
        """One request to LXD: its method and path template, and ``ok`` or the code of its error."""
        self.metrics.called(host, kind, seconds, outcome)

    def drift(self, host: str, lines: Sequence[str]) -> None:
        """What differs on ``host`` from what is declared, one line a field; none takes back what was told before."""
        before = self._present.drifted(host, tuple(lines))
        if before is None:
            return
        fresh = [one for one in lines if one not in set(before)]
        for one in fresh[:SHOWN]:
            self._tell(Told.DRIFT, Level.WARNING, "came", host=host, detail=one, changes=len(lines))
        if len(fresh) > SHOWN or not fresh:
            words = f"{len(fresh) - SHOWN} more" if fresh else f"{len(before)} before"
            self._tell(Told.DRIFT, Level.INFO, "came" if fresh else "less", host=host, detail=words, changes=len(lines))

    def beat(self) -> None:
        """The loop is alive."""
        self._present.beat = time.monotonic()

    def broke(self, why: str) -> None:
        """The loop cannot go on and is about to end."""
        self._present.broken = line(why)
        self._tell(Told.LOOP, Level.ERROR, "broken", detail=why)

    def hosts(self, names: Collection[str]) -> None:
        """Which hosts there are: of any other, nothing is shown from here on."""
        self._present.only(names)
        self.metrics.only(names)

    def library(self, detail: str) -> None:
        """What a library logged."""
        self._tell(Told.LIBRARY, Level.WARNING, "", detail=detail)

    def problems(self) -> tuple[str, ...]:
        """Why the loop counts as stuck, one sentence each; none where all is well."""
        return problems(self._present, self._patience, time.monotonic())

    def stuck(self) -> tuple[str, ...]:
        """What of its problems another start may mend."""
        return stuck(self._present, self._patience, time.monotonic())

    def unready(self) -> tuple[str, ...]:
        """Why it does not do its work yet, or not any more; what is wrong is part of it."""
        return (*unready(self._present), *self.problems())

    def close(self) -> None:
        """Write what is left and end. It may be called twice."""
        if not self._closed:
            self._closed = True
            self._tell(Told.LOOP, Level.INFO, "ended", process=os.getpid())
            if self._keeper:
                self._keeper.close()

    def _tell(self, kind: Told, level: Level, state: str, **more: str | int) -> None:
        self._send(Telling("", kind, level, state, **more))  # type: ignore[arg-type]  # names and types are those of the fields

    def _send(self, told: Telling) -> None:
        log = self._log if self._log and self._log.wants(told.level) else None
        keeper = self._keeper if told.kind.value in KEPT else None
        if not (log or keeper):
            return
        fit = {name: line(getattr(told, name)) for name in ("state", "host", "ref", "pass_id", "code", "action", "detail")}
        told = replace(told, at=told.at or stamp(), **fit)  # type: ignore[arg-type]  # texts only
        if log:
            log.write(told)
        if keeper:
            keeper.keep(told)
