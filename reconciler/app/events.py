"""What an apply tells while it runs, and its report at the end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.changes import Refusal


class EventKind(StrEnum):
    """Kinds of event: waiting for a host's lease comes before the plan; then in the order in which one action meets them."""

    WAITING = "waiting"
    PLAN_STARTED = "plan-started"
    ACTION_STARTED = "action-started"
    ACTION_DONE = "action-done"
    ACTION_FAILED = "action-failed"
    ACTION_SKIPPED = "action-skipped"
    PLAN_DONE = "plan-done"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``at`` is ISO 8601 in UTC, ``elapsed`` seconds since the action (or, for plan-done, the plan) began."""

    at: str
    kind: EventKind
    index: int = -1
    total: int = 0
    ref: str = ""
    host: str = ""
    action: str = ""
    detail: str = ""
    hint: str = ""
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a plan went. Tuples hold events of the kind their name says."""

    plan: str
    done: tuple[Event, ...]
    failed: tuple[Event, ...]
    skipped: tuple[Event, ...]
    refusals: tuple[Refusal, ...]
    unseen: tuple[tuple[str, str], ...]
    stopped: bool
    elapsed: float

    @property
    def exit_status(self) -> int:
        """4 where a step failed, was skipped, or a host was out of reach; else 3 with refusals; else 0."""
        if self.failed or self.skipped or self.stopped:
            return 4
        if self.refusals:
            return 3
        return 4 if self.unseen else 0
