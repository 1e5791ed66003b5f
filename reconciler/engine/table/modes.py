"""Whether anything may be changed, and when. Asked last: what else speaks against a change is told before this hides it."""

from __future__ import annotations

from reconciler.engine.asked import ALL
from reconciler.engine.refuse import modes
from reconciler.engine.table.row import row
from reconciler.model.changes import DESTRUCTIVE, Action

MODES = (
    row(
        "M02",
        "It is suspended",
        ALL,
        modes.suspended,
        "Its manifest, its host's or the Policy says so, until a moment. A suspension whose end cannot be read has none.",
    ),
    row(
        "M01",
        "Its mode is to detect",
        ALL,
        modes.detect_only,
        "What would be changed is told, field by field, and left. The strictest of Policy, host and object counts.",
    ),
    row(
        "M03",
        "No maintenance window is open",
        DESTRUCTIVE | {Action.RESTART},
        modes.outside_window,
        "The Policy names windows, and what destroys, replaces or restarts waits for one. Expired sessions, surplus cells and what was"
        " never finished do not wait: their end was declared.",
    ),
)
