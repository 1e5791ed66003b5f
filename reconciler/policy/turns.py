"""Whose turn it is where several wait for one place: priority first, then fairness between owners, then arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEVER = -1
"""Stands for an owner that had no turn yet: before every owner that had one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One that waits. ``priority``: the lower goes first. ``owner``: "" where nobody owns it, which is one owner among others."""

    priority: int
    owner: str
    arrived: int
    """Number that grows with every arrival."""


def next_turn(waiting: Sequence[Ask], served: Mapping[str, int]) -> int:
    """Index in ``waiting`` of the one that goes next.

    ``served``: owner to the number of its last turn, counted up over all owners from 0; an owner that is missing had none.
    Among equal priorities the owner whose last turn is longest ago goes first, and of one owner what came first.
    So an owner that asks a thousand times delays another by one turn at most. Raises ``ValueError`` where nobody waits.
    """
    return min(range(len(waiting)), key=lambda index: _rank(waiting[index], served))


def _rank(ask: Ask, served: Mapping[str, int]) -> tuple[int, int, int]:
    return ask.priority, served.get(ask.owner, NEVER), ask.arrived
