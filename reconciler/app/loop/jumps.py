"""Whether our clock jumped while the loop ran, told once each time that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.engine.refuse.observation import MAX_SKEW

if TYPE_CHECKING:
    from reconciler.app.clock import Steady

JUMPED, AGREES = "clock-jumped", "clock-agrees"


class Jumps:
    """Asked by the main thread now and then."""

    def __init__(self, steady: Steady) -> None:
        self._steady = steady
        self._jumped = False

    def news(self) -> tuple[str, str, str] | None:
        """A note (kind, host, detail) where the clock stands otherwise than when it was asked last."""
        moved = self._steady.jumped(now())
        before, self._jumped = self._jumped, abs(moved) > MAX_SKEW
        if before == self._jumped:
            return None
        if not self._jumped:
            return AGREES, "", "the clock goes with the time that passes again"
        return (
            JUMPED,
            "",
            f"{moved:+.0f} s beside the time that passed; nothing ends by age until it agrees again, or the loop is restarted",
        )
