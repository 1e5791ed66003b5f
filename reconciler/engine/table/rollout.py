"""Whose turn it is. Asked last: only what every other rule allows takes a turn."""

from __future__ import annotations

from reconciler.engine.refuse import rollout
from reconciler.engine.table.row import row
from reconciler.model.changes import Action

INTERRUPTING = frozenset({Action.REPLACE, Action.UPDATE})

ROLLOUT = (
    row(
        "R02",
        "Its rollout is paused",
        INTERRUPTING,
        rollout.paused,
        "The Pool or the Policy says pause: true. What is made in place goes on, and so does what is missing.",
    ),
    row(
        "R03",
        "Its rollout is stopped after a failure",
        INTERRUPTING,
        rollout.stopped,
        "One that has the change does not run well, or the change of one failed. What is wrong with it may be wrong with the change, so"
        " nobody else gets it. The one that failed may be tried again.",
        acceptable=True,
    ),
    row(
        "R04",
        "It waits for the canaries",
        INTERRUPTING,
        rollout.unproven,
        "A few members change first. Until each of them has run well for as long as update.proven says, no other one changes.",
    ),
    row(
        "R01",
        "It waits for its turn",
        INTERRUPTING,
        rollout.waits,
        "No more members than update.maxUnavailable are down, changing or not yet proven at a time. A later pass takes the next ones.",
    ),
)
