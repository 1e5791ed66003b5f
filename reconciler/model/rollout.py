"""How the members of one group are changed one after the other. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OnFailure(StrEnum):
    """What a member that was changed and does not run well means for those that are yet to change."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of a group: a count, or a share of it in percent."""

    number: int
    percent: bool = False

    def __str__(self) -> str:
        """As a manifest writes it."""
        return f"{self.number}%" if self.percent else str(self.number)


@dataclass(frozen=True, slots=True)
class Update:
    """The terms of a rolling update, as a Pool gives them for its cells and the Policy for services."""

    max_unavailable: Portion = Portion(1)
    canary: Portion = Portion(0)
    """How many change first and must prove themselves before another one does; 0 asks for no proof."""
    proven: int = 30
    """How long one must have run well since its change to count as available again."""
    pause: bool = False
    on_failure: OnFailure = OnFailure.STOP
