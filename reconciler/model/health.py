"""Health: how a service is asked whether it is well, what came of it, and what is done when it is not. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Verdict(StrEnum):
    """``unknown``: it was not asked, could not be, or has not answered often enough to tell. It is never a reason to act."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class Reply(StrEnum):
    """What came of asking once. ``unasked``: it could not be asked, or nobody knows what it said."""

    PASSED = "passed"
    FAILED = "failed"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Answer:
    """``why`` is in our own words: nothing that a container says is in it."""

    reply: Reply
    why: str


class RestartPolicy(StrEnum):
    """What is done with one that should run: ``always`` starts it when it stopped and restarts it when it is unhealthy.

    ``unhealthy`` leaves one that stopped as it is; ``never`` touches neither. What is left is reported.
    """

    ALWAYS = "always"
    UNHEALTHY = "unhealthy"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Probe:
    """How it is asked, inside the container: by ``command``, or at ``port``. ``path`` "" means that to connect is enough."""

    command: tuple[str, ...] = ()
    port: int = 0
    path: str = ""
    host: str = ""
    """Host name that is sent with a request for ``path``."""
    status: int = 0
    """The answer that counts as well; 0 takes any from 200 to 399."""
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    """Failures in a row that make it unhealthy."""
    start_period: int = 0
    """After its start, so long a failure does not count unless it was well before."""


@dataclass(frozen=True, slots=True)
class Restart:
    """When it is started again, and how often. Counted are restarts and starts of one that had stopped by itself."""

    policy: RestartPolicy = RestartPolicy.ALWAYS
    backoff: int = 10
    """Before the second one; doubled before each next, up to five minutes. The first is not waited for."""
    cap: int = 5
    """Most of them within ``window``; after that it is left alone."""
    window: int = 3600


USUAL = Restart()
"""Where the manifest says nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict on one instance. ``run`` tells which of its runs it is about: the ``started_at`` of that time."""

    verdict: Verdict
    why: str
    at: datetime
    """Of the last answer, or of the last try to get one."""
    run: str = ""
    asked: tuple[str, ...] = ()
    """Ids of LXD's operations that ask it, the latest two: they are nobody else's work on it."""
