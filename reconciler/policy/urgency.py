"""How urgent an action is: what somebody waits for goes before what is only kept in stock, and what ends goes last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.changes import Action
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from reconciler.model.plan import PlannedAction

GROUND, WAKE, ASKED, PLAIN, BACKGROUND = range(5)
"""The lower goes first. From ``BACKGROUND`` on an action gives way to what comes in while others are carried out."""

_WAKES = frozenset({Action.START, Action.UNFREEZE})


def urgency(action: PlannedAction) -> int:
    """Ground first, for all stands on it; then wakes, sessions, services; cells and what ends in the background."""
    kind = Action(action.action)
    if kind in {Action.PREPARE, Action.IMPORT}:
        return GROUND
    if action.kind == Kind.CELL or kind in {Action.DESTROY, Action.QUARANTINE}:
        return BACKGROUND
    if kind in _WAKES:
        return WAKE
    return ASKED if action.kind == Kind.SESSION else PLAIN
