"""What a loop on this state folder found by its probes, for commands that only look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.app.following import following, loop_state
from reconciler.errors import StateError
from reconciler.model.health import Verdict
from reconciler.model.names import Kind
from reconciler.model.world import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.app.settings import Settings
    from reconciler.model.changes import Change
    from reconciler.model.telling import Telling

    Verdicts = Mapping[tuple[str, str], Telling]
    """(host, reference) -> what was told last."""

CLOSE = timedelta(seconds=2)
"""By which a host's clock is told too coarsely. That another run is not known yet is told by the loop itself when it sees it."""
NOT_KNOWN = "no loop on this state folder told of it since it started"


def verdicts(settings: Settings) -> Verdicts:
    """Of the loop that runs; none where none runs, or where what it told cannot be read."""
    try:
        with following(settings) as read:
            return {(row.host, row.ref): row for row in loop_state(read).health}
    except StateError:
        return {}


def health_of(change: Change, told: Verdicts, skew: float) -> tuple[str, str]:
    """Verdict and why; "" twice for what is not probed. What was told of an earlier run says nothing of this one.

    ``skew``: seconds by which the host's clock is ahead of ours.
    """
    found, wanted = change.found, change.wanted
    if wanted is None or wanted.health is None or wanted.ref.kind is not Kind.SERVICE:
        return "", ""
    if found is None or found.status is not Status.RUNNING:
        return Verdict.UNKNOWN, "it does not run"
    row = told.get((change.host, str(change.ref)))
    if row is None or not _since(found.started_at, row.at, skew):
        return Verdict.UNKNOWN, NOT_KNOWN
    return row.state, row.detail


def _since(started: str, at: str, skew: float) -> bool:
    try:
        return datetime.fromisoformat(started) - timedelta(seconds=skew) - CLOSE <= datetime.fromisoformat(at)
    except (ValueError, TypeError):
        return False
