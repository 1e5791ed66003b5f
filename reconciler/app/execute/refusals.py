"""What somebody is told whose run does not begin because there is too much else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import Overloaded
from reconciler.policy.admission import ADMISSION_RULES

if TYPE_CHECKING:
    from reconciler.policy.admission import Turned


def at_the_door(turned: Turned) -> Overloaded:
    """It was not let in."""
    told = "; ".join(f"{name}: {value}" for name, value in turned.no.evidence)
    return Overloaded(f"{turned.no.cause} ({told})", hint=turned.no.unblock, rule=turned.code, retry=turned.retry)


def too_late(service: float) -> Overloaded:
    """It was let in, and its patience is over. ``service``: seconds that a run is likely to have a cell for."""
    rule = ADMISSION_RULES[0]
    return Overloaded("no cell came free within the time that its caller accepts", rule=rule.code, retry=max(1, round(service)))
