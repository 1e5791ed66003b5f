"""From answers of a probe to a verdict: failures in a row make it unhealthy, one success makes it healthy, no answer makes it unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.model.health import Reply, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.health import Answer, Probe


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one run of one instance. ``since``: when we first saw this run."""

    since: datetime
    at: datetime
    verdict: Verdict = Verdict.UNKNOWN
    why: str = "it was not asked yet"
    failures: int = 0
    """In a row."""
    was_well: bool = False
    """In this run."""


def step(state: State, answer: Answer, probe: Probe, at: datetime) -> State:
    """The state after one more answer. Only answers that follow one another count as a row: one that is missing begins it anew."""
    if answer.reply is Reply.UNASKED:
        return replace(state, at=at, verdict=Verdict.UNKNOWN, why=answer.why, failures=0)
    if answer.reply is Reply.PASSED:
        return replace(state, at=at, verdict=Verdict.HEALTHY, why=answer.why, failures=0, was_well=True)
    if not state.was_well and 0 <= (at - state.since).total_seconds() < probe.start_period:
        return replace(state, at=at, why=f"{answer.why}; it is still starting")
    failures = state.failures + 1
    told = f"{answer.why}; {failures} of {probe.retries} failures in a row"
    verdict = Verdict.UNHEALTHY if failures >= probe.retries else state.verdict
    return replace(state, at=at, verdict=verdict, why=told, failures=min(failures, probe.retries))
