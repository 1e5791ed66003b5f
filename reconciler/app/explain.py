"""Why one object is as it is: the rules walked over the world as it is seen now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.planning import make
from reconciler.app.verdicts import health_of, verdicts
from reconciler.engine.explain import explain as explain_values

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.engine.explain import Explanation
    from reconciler.model.names import Ref


def explain(settings: Settings, ref: Ref) -> Explanation:
    """What is declared, what was seen, what differs, which rules spoke."""
    made = make(settings)
    explained = explain_values(ref, made.desired, made.observed, made.ledger)
    change = explained.change
    if change is None:
        return explained
    view = made.observed.hosts.get(change.host)
    verdict, why = health_of(change, verdicts(settings), view.skew if view else 0.0)
    return replace(explained, health=f"{verdict}: {why}" if verdict else "")
