"""What a host's worker leaves alone for the time being: what failed a moment ago, and what another worker is at work on."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST, LONGEST = 1.0, 300.0
"""Seconds after the first failure of an object, and at most."""


class Held:
    """Of one host. Used by its worker alone."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[int, float]] = {}

    def failed(self, refs: Iterable[str]) -> float:
        """They failed; seconds until the first of them may be tried again."""
        waits, moment = [], time.monotonic()
        # What was never tried again is not remembered for ever.
        self._failed = {ref: told for ref, told in self._failed.items() if moment < told[1] + LONGEST}
        for ref in refs:
            count = self._failed.get(ref, (0, 0.0))[0] + 1
            wait = delay(count, random.random(), base=FIRST, cap=LONGEST)  # noqa: S311 - a jitter, no secret
            self._failed[ref] = count, time.monotonic() + wait
            waits.append(wait)
        return min(waits, default=0.0)

    def done(self, refs: Iterable[str]) -> None:
        """They went well."""
        for ref in refs:
            self._failed.pop(ref, None)

    def waits(self, ref: str) -> float:
        """Seconds until it may be tried again; 0 where it may be now."""
        return max(0.0, self._failed.get(ref, (0, 0.0))[1] - time.monotonic())
