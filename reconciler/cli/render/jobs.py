"""Runs and jobs: what came of a run beside its output, the list of jobs, one job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.app.clock import now
from reconciler.app.execute.results import document_of, stored
from reconciler.cli.render.screen import Line, columns, duration
from reconciler.model.execute import ENDED
from reconciler.model.run import Ending, RunResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.execute import Job

_HEAD: Line = tuple((word, "dim") for word in ("JOB", "STATE", "LANGUAGE", "BEGAN", "TOOK"))
_TOLD = {
    Ending.TIMEOUT: "it took longer than it may",
    Ending.MEMORY: "it took more memory than it may",
    Ending.OUTPUT: "it wrote more than it may; what is here is the beginning",
    Ending.CANCELLED: "it was cancelled",
    Ending.LOST: "its cell was lost, so nobody knows how it ended",
}


def ending_lines(result: RunResult) -> list[Line]:
    """What the output itself does not tell; nothing of a program that came to its end."""
    lines: list[Line] = []
    if result.ending is not Ending.FINISHED:
        lines.append(((f"{result.ending}: {_TOLD[result.ending]}", "warn"),))
    elif result.signal is not None:
        lines.append(((f"signal {result.signal} ended it", "warn"),))
    if result.truncated and result.ending is not Ending.OUTPUT:
        lines.append(((f"truncated: {', '.join(result.truncated)}", "warn"),))
    lines += [((f"artifact {name!a} is not given: {why}", "warn"),) for name, why in result.refused]
    return lines


def jobs_lines(found: Sequence[Job]) -> list[Line]:
    """One row a job."""
    if not found:
        return [(("no job is stored", ""),)]
    return columns([_HEAD, *map(_row, found)])


def _row(job: Job) -> Line:
    at = now().timestamp()
    took = (job.ended_at or at) - job.at
    return (
        (job.id, "title"),
        (job.state.value, "good" if job.state.value == "done" else "warn" if job.state.value in {"lost", "cancelled"} else ""),
        (job.language or "-", ""),
        (f"{duration(max(0.0, at - job.at))} ago", ""),
        (duration(max(0.0, took)), ""),
    )


def job_lines(job: Job) -> list[Line]:
    """One job without its output."""
    rows = [("job", job.id), ("state", job.state.value), *((str(name), str(value)) for name, value in _request(job).items())]
    result = stored(job.result) if job.result else None
    if isinstance(result, RunResult):
        code = result.exit_code if result.signal is None else f"signal {result.signal}"
        rows += [("ending", result.ending.value), ("exit", str(code)), ("cell", str(result.cell)), ("host", result.host)]
        rows += [(name, f"{len(data)} bytes") for name, data in (("stdout", result.stdout), ("stderr", result.stderr))]
        rows += [("artifact", artifact.name) for artifact in result.artifacts]
    elif result is not None:
        rows.append(("error", str(result["error"]["message"])))
    return columns([((name, "dim"), (value, "")) for name, value in rows])


def job_document(job: Job) -> dict[str, Any]:
    """One job as JSON values; ``result`` null until it ended, and of one that is lost."""
    result = stored(job.result) if job.result else None
    return {
        "id": job.id,
        "state": job.state.value,
        "ended": job.state in ENDED,
        "at": job.at,
        "ended_at": job.ended_at or None,
        "language": job.language,
        "request": _request(job),
        "result": document_of(result) if isinstance(result, RunResult) else result,
    }


def _request(job: Job) -> dict[str, Any]:
    found = json.loads(job.request) if job.request else {}
    return found if isinstance(found, dict) else {}
