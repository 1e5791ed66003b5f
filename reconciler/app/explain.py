"""Why one object is as it is: the rules walked over the world as it is seen now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.planning import make
from reconciler.engine.explain import explain as explain_values

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.engine.explain import Explanation
    from reconciler.model.names import Ref


def explain(settings: Settings, ref: Ref) -> Explanation:
    """What is declared, what was seen, what differs, which rules spoke."""
    made = make(settings)
    return explain_values(ref, made.desired, made.observed, made.ledger)
