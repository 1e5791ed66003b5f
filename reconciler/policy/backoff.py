"""How long to wait after failures in a row before the next try. The chance comes in as a value."""

from __future__ import annotations

MANY = 60
"""Doublings after which every cap in use is long reached; more would leave the range of a float."""


def delay(failures: int, jitter: float, base: float = 0.5, cap: float = 300.0) -> float:
    """Seconds to wait after ``failures`` in a row; 0 where there were none.

    The wait doubles with each failure from ``base`` to ``cap``. ``jitter``, from 0 to below 1, picks a moment of its later half, so that
    what failed together is not tried again together, and a failure more never means a shorter wait until the cap is reached.
    Raises ``ValueError`` for a jitter outside its range.
    """
    if not 0.0 <= jitter < 1.0:
        raise ValueError(jitter)
    if failures <= 0:
        return 0.0
    longest = min(cap, base * 2.0 ** min(failures - 1, MANY))
    return longest * (1.0 + jitter) / 2.0
