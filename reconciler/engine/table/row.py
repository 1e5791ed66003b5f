"""How one rule of the guard is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import GuardRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.asked import World
    from reconciler.model.changes import Action, Change
    from reconciler.model.rules import No


def row(
    code: str,
    title: str,
    actions: frozenset[Action],
    check: Callable[[Change, World], No | None],
    why: str,
    *,
    acceptable: bool = False,
) -> GuardRule:
    """One rule: its code, when it refuses, which actions it is asked about, its check, and the sentences that explain it."""
    return GuardRule(code, title, check, why, acceptable, actions)
