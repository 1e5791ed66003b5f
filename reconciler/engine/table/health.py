"""Whether what failed is started again."""

from __future__ import annotations

from reconciler.engine.asked import BEGINNING
from reconciler.engine.refuse import restart
from reconciler.engine.table.row import row

HEALTH = (
    row(
        "H03",
        "Its restart policy leaves it as it is, or its health is not known",
        BEGINNING,
        restart.forbidden,
        "Unknown is not unhealthy: what could not be asked, or was asked long ago, is left running. A policy of never leaves what failed"
        " to a person.",
    ),
    row(
        "H02",
        "It was restarted as often as its policy allows",
        BEGINNING,
        restart.capped,
        "What fails so often does not get well by one more start. It is left alone until the window is over or a person accepts.",
        acceptable=True,
    ),
    row(
        "H01",
        "Its back-off is not over",
        BEGINNING,
        restart.backing_off,
        "The first start after a failure is made at once; each next waits twice as long as the one before.",
    ),
)
