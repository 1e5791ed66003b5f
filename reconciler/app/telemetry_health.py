"""Whether the loop does what it is there for, judged from what it told and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.app.telemetry_present import Present


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until something counts as stuck."""

    beat: float = 30.0
    """Without a sign of the loop."""
    one_pass: float = 900.0
    """In one pass over one host in which no action begins or ends: longer than any call in it may take."""
    text: float = 600.0
    """Without being able to read the manifests."""


def stuck(present: Present, patience: Patience, at: float) -> tuple[str, ...]:
    """What another start may mend. A text that cannot be read is none of it: the one in force would be lost with it."""
    found = [present.broken] if present.broken else []
    with present.lock:
        if at - present.beat > patience.beat:
            found.append(f"the loop gave no sign for {at - present.beat:.0f} s")
        for name, now in sorted(present.hosts.items()):
            if now.began is not None and at - max(now.began, now.moved) > patience.one_pass:
                found.append(f"host {name}: pass {now.pass_id} goes on for {at - now.began:.0f} s")
    return tuple(found)


def problems(present: Present, patience: Patience, at: float) -> tuple[str, ...]:
    """What is wrong, one sentence each; none where all is well. ``at`` is of the monotonic clock."""
    found = list(stuck(present, patience, at))
    with present.lock:
        if present.text.since is not None and at - present.text.since > patience.text:
            found.append(f"the manifests cannot be read for {at - present.text.since:.0f} s")
        if present.journal:
            found.append(f"the journal cannot be used: {present.journal}")
    return tuple(found)


def unready(present: Present) -> tuple[str, ...]:
    """Why it does not do its work yet, or not any more."""
    found: list[str] = []
    with present.lock:
        if present.text.read is None:
            found.append("the manifests were not read yet")
        if not present.passed:
            found.append("no pass has ended yet")
        if present.draining:
            found.append("it is about to end")
    return tuple(found)
