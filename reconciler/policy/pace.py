"""How many calls of one kind a host is given at once: half as many when it groans, slowly more while it does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

RISE = 2.0
"""How many times the usual latency counts as a rise."""
QUICK = 0.1
"""Seconds. An answer within them is no rise, however quick the others were."""
SMOOTH = 1 / 64
"""Weight of the last answer in the usual latency, which moves far more slowly than a host begins to groan."""
LATELY = 8
"""Answers of which even the quickest has to be slow before the latency counts as risen: one freeze in ten takes a second of its own."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``limit`` calls may be under way at once; it lies between ``floor`` and ``ceiling``."""

    limit: float
    ceiling: int
    floor: int
    usual: float
    """Seconds that a call takes, smoothed, by calls under way with it; 0 where none was answered yet."""
    lately: tuple[float, ...] = ()
    """Of the last answers, the oldest first: seconds by calls under way."""
    settling: int = 0
    """Answers still to come of the calls that were under way when the limit was halved last. They tell of the pace before it."""

    @property
    def places(self) -> int:
        """The limit as a whole number of calls."""
        return int(self.limit)


CREATES = Pace(limit=4.0, ceiling=16, floor=1, usual=0.0)
"""Where a host starts with what makes an instance: LXD's database takes one after the other."""
STATES = Pace(limit=8.0, ceiling=32, floor=1, usual=0.0)
"""Where a host starts with every other change."""


def after(pace: Pace, busy: bool, seconds: float, beside: int = 1) -> Pace:
    """The pace after one more answer.

    ``busy``: LXD said that it is busy, that its database is locked, or nothing in time. ``seconds``: how long the answer took.
    ``beside``: calls under way at once with it, itself counted. LXD does much one after the other, so that eight calls at once take eight
    times as long without any groaning; latency is therefore judged by call under way.
    """
    share = seconds / max(beside, 1)
    lately = (*pace.lately, share)[-LATELY:]
    risen = pace.usual > 0.0 and seconds > QUICK and len(lately) == LATELY and min(lately) > RISE * pace.usual
    usual = pace.usual if busy else share if pace.usual <= 0.0 else pace.usual + SMOOTH * (share - pace.usual)
    told = replace(pace, usual=usual, lately=lately, settling=max(pace.settling - 1, 0))
    if not (busy or risen):
        return replace(told, limit=min(pace.limit + 1.0 / pace.limit, float(pace.ceiling)))
    if pace.settling:
        return told
    return replace(told, limit=max(pace.limit / 2.0, float(pace.floor)), lately=(), settling=pace.places)
