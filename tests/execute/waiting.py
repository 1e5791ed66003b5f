"""Runs that wait in a line whose cells nobody has made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.app.execute.line import Line
from reconciler.app.execute.run import Run
from reconciler.model.execute import Terms, Traffic
from reconciler.model.language import Language
from reconciler.model.resources import NetworkMode
from reconciler.policy.serving import Offer

if TYPE_CHECKING:
    from reconciler.model.run import RunRequest

SH = Language("sh", "Shell", source="main.sh", run=("sh", "main.sh"))
OFFER = Offer("sh", frozenset({"sh"}), NetworkMode.ZEROTRUST, 1, 256, 4, Terms())


def waiting(request: RunRequest) -> Run:
    """A run that was let in, and that nothing is given."""
    line = Line(OFFER, lambda: None)
    line.traffic = Traffic(held=0.1, refill=0.1)
    run = Run(request, SH, line, time.monotonic())
    run.place = line.enter(request.owner, request.accepts)
    return run
