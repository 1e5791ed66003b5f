"""Rules about one step, asked just before it and again where its call failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.refuse import steps
from reconciler.model.rules import Rule

if TYPE_CHECKING:
    from reconciler.engine.refuse.steps import StepQuestion

STEP_RULES: tuple[Rule[[StepQuestion]], ...] = (
    Rule(
        "P12",
        "LXD was restarted since it was looked at",
        steps.restarted,
        "Events and operations of a daemon that went away are lost, so nothing is ended before the next full look.",
    ),
    Rule(
        "P02",
        "The object is not as it was planned for",
        steps.moved,
        "It is read once more just before the first call, and only this object is left alone.",
    ),
    Rule(
        "I13",
        "The cell was claimed since it was looked at",
        steps.claimed_since,
        "Before a cell is ended it is claimed for that, by the same compare-and-set as for a run. Who comes second has not got it.",
    ),
    Rule(
        "P11",
        "LXD refused the write",
        steps.precondition,
        "A write names the state it was made from (If-Match), and that moved.",
    ),
    Rule(
        "S11",
        "It did not stop in time",
        steps.not_stopping,
        "Stopping by force loses what it had not written. The Policy's forceStop allows it.",
    ),
)
"""In order; the first no decides."""
