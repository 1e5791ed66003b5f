"""An apply as it goes and what came of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.app.events import EventKind
from reconciler.cli.render.plan import refusal_document, refusal_lines
from reconciler.cli.render.screen import Line, columns, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.events import Event, Report

SHOWN = 5
"""Skipped actions named for each cause."""

_ENDED = {
    EventKind.ACTION_DONE: ("done", "good"),
    EventKind.ACTION_FAILED: ("failed", "bad"),
    EventKind.ACTION_SKIPPED: ("skipped", "warn"),
}


def event_document(event: Event) -> dict[str, object]:
    """One event as JSON values: the lines of ``--events``."""
    return {**asdict(event), "kind": event.kind.value, "elapsed": round(event.elapsed, 3)}


def what(event: Event) -> str:
    """``create Service/web on h1``."""
    where = f" on {event.host}" if event.host and event.ref != f"Host/{event.host}" else ""
    return f"{event.action} {event.ref}{where}"


def event_lines(event: Event, number: int) -> list[Line]:
    """The line of an action that ended, the ``number``-th to do so; none for other events."""
    if event.kind not in _ENDED:
        return []
    word, style = _ENDED[event.kind]
    place = str(number).rjust(len(str(event.total)))
    detail = f": {event.detail}" if event.detail else ""
    return [((f"[{place}/{event.total}] ", "dim"), (word, style), (f" {what(event)}{detail}", ""))]


def report_lines(report: Report) -> list[Line]:
    """The closing summary: what did not succeed with its next command, what is refused still, and the counts last."""
    lines: list[Line] = []
    if report.failed:
        lines += [(), ((f"Failed ({len(report.failed)})", "title"),)]
    for event in report.failed:
        lines.append((("  ", ""), (what(event), "bad"), (f": {event.detail}", "")))
        if event.hint:
            lines.append((("      next: ", "dim"), (event.hint, "info")))
    if report.skipped:
        lines += [(), ((f"Skipped ({len(report.skipped)})", "title"),)]
        lines += _skipped(report.skipped)
    if report.refusals:
        lines += [(), ((f"Refused ({len(report.refusals)})", "title"),), *refusal_lines(report.refusals)]
    return [*lines, *([()] if lines else []), *_counts(report)]


def _skipped(events: Sequence[Event]) -> list[Line]:
    """By cause, a few of each: a stop skips hundreds for one cause."""
    causes = sorted({event.detail for event in events})
    rows: list[Line] = []
    for cause in causes:
        same = [event for event in events if event.detail == cause]
        rows += [((what(event), "warn"), (cause, "")) for event in same[:SHOWN]]
        if len(same) > SHOWN:
            rows.append(((f"and {len(same) - SHOWN} more", "warn"), (cause, "")))
    return columns(rows, indent=2)


def _counts(report: Report) -> list[Line]:
    parts = [f"{len(report.done)} done"]
    parts += [f"{len(events)} {word}" for events, word in ((report.failed, "failed"), (report.skipped, "skipped")) if events]
    if report.refusals:
        parts.append(f"{len(report.refusals)} refused")
    if report.unseen:
        parts.append(f"not seen in full: {', '.join(host for host, _ in report.unseen)}")
    counts: Line = (("Applied: " + "; ".join(parts), "title"), (f" · {duration(report.elapsed)}", "dim"))
    if not report.stopped:
        return [counts]
    return [counts, (("stopped between steps", "warn"), ("; the rest is done by: unsandbox apply", ""))]


def report_document(report: Report) -> dict[str, object]:
    """The report as JSON values."""
    return {
        "plan": report.plan,
        "done": [event_document(event) for event in report.done],
        "failed": [event_document(event) for event in report.failed],
        "skipped": [event_document(event) for event in report.skipped],
        "refusals": [refusal_document(refusal) for refusal in report.refusals],
        "unseen": [{"host": host, "why": why} for host, why in report.unseen],
        "stopped": report.stopped,
        "elapsed": round(report.elapsed, 3),
        "exit_status": report.exit_status,
    }
