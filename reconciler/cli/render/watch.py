"""What a loop does, in the lines above a table that is drawn again and again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.cli.render.events import event_document
from reconciler.cli.render.screen import duration

if TYPE_CHECKING:
    from reconciler.app.following import LoopState
    from reconciler.cli.render.screen import Line, Span


def loop_lines(state: LoopState, at: datetime) -> list[Line]:
    """One line, and one more where somebody else changed something. ``at`` is the time."""
    if not state.process:
        last = f"; the last one began {_ago(state.since, at)}" if state.since else ""
        return [(("Loop: ", "title"), ("none runs on this state folder", "warn"), (last, "dim"))]
    parts: list[Span] = [("Loop: ", "title"), (f"process {state.process}", "good"), (f", began {_ago(state.since, at)}", "dim")]
    if state.leases:
        counts = Counter(lease.state for lease in state.leases)
        words = ", ".join(f"{name} of {count} {'host' if count == 1 else 'hosts'}" for name, count in sorted(counts.items()))
        parts.append((f" · {words}", "" if set(counts) <= {"leader", "standby"} else "warn"))
    if state.last_pass:
        style = "bad" if state.last_pass.state in {"failed", "incomplete"} else ""
        told = f" · last pass {_ago(state.last_pass.at, at)} on {state.last_pass.host}: {state.last_pass.state}"
        parts.append((told, style))
    if state.text and state.text.state == "unreadable":
        parts.append((f" · manifests: {state.text.detail}", "bad"))
    drift = ", ".join(f"{told.changes} on {told.host}" for told in state.drifts)
    return [tuple(parts), *([((f"Drift: {drift}", "warn"),)] if drift else [])]


def loop_document(state: LoopState) -> dict[str, object]:
    """The same as JSON values; ``process`` 0 where none runs."""
    return {
        "process": state.process,
        "since": state.since,
        "last_pass": event_document(state.last_pass) if state.last_pass else None,
        "leases": {told.host: told.state for told in state.leases},
        "drift": {told.host: told.changes for told in state.drifts},
        "text": event_document(state.text) if state.text else None,
    }


def _ago(then: str, at: datetime) -> str:
    try:
        return f"{duration(max(0.0, (at - datetime.fromisoformat(then)).total_seconds()))} ago"
    except (ValueError, TypeError):
        return "at an unknown time"
