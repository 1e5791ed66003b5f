"""Wakes: the only way in which anything tells the loop to look again. A wake carries a reason for people, never evidence."""

from __future__ import annotations

import threading
import time

SETTLE = 0.015
"""Seconds that a first wake waits for others of the same cause: LXD tells one change in several events."""

WORK = "another host's pass found work for it"
MET = "it was declared"
ALONG = frozenset({WORK, MET})
"""Reasons that any pass answers, whatever woke it: they are taken with the next wake, due or not."""

ALL_SEEN = "every host was looked at"
LED = "lease: leader"
"""Nobody else was seen to hold it before: nothing was written by another since we looked."""
TELLS_NOTHING = frozenset({WORK, ALL_SEEN, LED})
"""Reasons that say nothing of the host: what was seen of it a moment ago is as good as another look."""

SOON = 0.5
"""Seconds."""

LONGEST = 3600.0
"""Seconds of one wait, at most. What is due in a thousand years is more than a thread can wait for at once."""


class Mailbox:
    """Of one worker. Any thread may wake; one waits. The same reason twice is one wake, at the earlier time."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heard = threading.Condition()
        self._closed = False

    def wake(self, why: str, after: float = 0.0) -> None:
        """Look again, ``after`` so many seconds."""
        at = time.monotonic() + after
        with self._heard:
            if at < self._due.get(why, float("inf")):
                self._due[why] = at
                self._heard.notify()

    def pending(self) -> bool:
        """Whether something is due at this moment."""
        moment = time.monotonic()
        with self._heard:
            return any(at <= moment for at in self._due.values())

    def wait(self) -> tuple[str, ...]:
        """Block until something is due; the reasons, which are thereby taken. Empty where the mailbox was closed."""
        with self._heard:
            while not self._closed:
                first = self._first()
                left = None if first is None else first + SETTLE - time.monotonic()
                if left is not None and left <= 0:
                    return self._take()
                self._heard.wait(None if left is None else min(left, LONGEST))
        return ()

    def _first(self) -> float | None:
        """When the next pass is due. What any pass answers waits for one that comes soon anyway."""
        own = min((at for why, at in self._due.items() if why not in ALONG), default=None)
        along = min((at for why, at in self._due.items() if why in ALONG), default=None)
        if own is None or along is None:
            return own if along is None else along
        return own if own - max(along, time.monotonic()) <= SOON else along

    def _take(self) -> tuple[str, ...]:
        moment = time.monotonic()
        due = sorted((at, why) for why, at in self._due.items() if at <= moment or why in ALONG)
        for _, why in due:
            del self._due[why]
        return tuple(why for _, why in due)

    def close(self) -> None:
        """Whoever waits goes on, with nothing."""
        with self._heard:
            self._closed = True
            self._heard.notify_all()
