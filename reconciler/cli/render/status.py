"""What is declared beside what is there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.hosts import host_document, unseen_lines
from reconciler.cli.render.plan import commit_text
from reconciler.cli.render.screen import Line, columns, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.status import StatusReport, StatusRow
    from reconciler.model.drift import Drift

_STYLES = {"running": "good", "frozen": "info", "stopped": "dim", "absent": "warn", "unknown": "bad", "error": "bad", "changing": "warn"}
_HEALTH = {"healthy": "good", "unhealthy": "bad", "unknown": "warn"}
_HEAD: Line = tuple((word, "dim") for word in ("OBJECT", "HOST", "DECLARED", "ACTUAL", "IMAGE", "OWNER", "AGE", "NOTE"))


def status_lines(report: StatusReport) -> list[Line]:
    """One row an object, then what somebody changed past the manifests, hosts that could not be seen, then the counts."""
    probed = any(row.health for row in report.rows)
    table = [_HEAD, *map(_row, report.rows)]
    health: list[Line] = [(("HEALTH", "dim"),), *(((row.health or "-", _HEALTH.get(row.health, "dim")),) for row in report.rows)]
    # Where nothing is probed the column would say nothing.
    shown = [(*line[:4], *cell, *line[4:]) for line, cell in zip(table, health, strict=True)] if probed else table
    lines = columns(shown) if report.rows else []
    return [*lines, *_drift(report.drift), *unseen_lines(report.hosts), *([()] if lines else []), _counts(report)]


def _drift(drift: Sequence[Drift]) -> list[Line]:
    rows: list[Line] = [((f"  {item.text}", "warn"),) for item in drift]
    return [(), (("Changed by somebody since it was applied", "title"),), *rows] if rows else []


def _row(row: StatusRow) -> Line:
    age = duration(row.age_seconds) if row.age_seconds is not None else "-"
    return (
        (str(row.ref), ""),
        (row.host or "-", ""),
        (row.declared or "-", ""),
        (row.actual, _STYLES.get(row.actual, "")),
        (row.image or "-", "dim"),
        (row.owner or "-", "dim"),
        (age, "dim"),
        (row.note, "bad" if row.note.startswith("refused") else ""),
    )


def _counts(report: StatusReport) -> Line:
    differing = sum(bool(row.note) for row in report.rows)
    hosts = f"{len(report.hosts)} {'host' if len(report.hosts) == 1 else 'hosts'}"
    objects = f"{len(report.rows)} {'object' if len(report.rows) == 1 else 'objects'}"
    return ((f"Status: {objects} on {hosts}; {differing} with a note", "title"), (f" · {commit_text(report.commit)}", "dim"))


def status_document(report: StatusReport) -> dict[str, object]:
    """The report as JSON values."""
    return {
        "commit": report.commit.id,
        "dirty": report.commit.dirty,
        "objects": [{**asdict(row), "ref": str(row.ref)} for row in report.rows],
        "drift": [{**asdict(item), "ref": str(item.ref)} for item in report.drift],
        "hosts": [host_document(row) for row in report.hosts],
    }
