"""What the loop tells of itself, one value a thing told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Told(StrEnum):
    """Kinds of what is told. Those in ``KEPT`` are kept in the events file; the rest is for the log alone."""

    LOOP = "loop"
    PASS = "pass"  # noqa: S105 - of the loop, none that anybody types
    ACTION = "action"
    REFUSAL = "refusal"
    DRIFT = "drift"
    LEASE = "lease"
    HEALTH = "health"
    GRADE = "grade"
    TEXT = "text"
    NOTE = "note"
    PASS_BEGAN = "pass-began"  # noqa: S105 - the same
    ACTION_BEGAN = "action-began"
    PLAN = "plan"
    LIBRARY = "library"


KEPT = tuple(kind.value for kind in Told if kind not in {Told.PASS_BEGAN, Told.ACTION_BEGAN, Told.PLAN, Told.LIBRARY})
"""Kinds that are kept in the events file."""


class Level(StrEnum):
    """How much it matters, in the words of logs."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing told. Every text is one line, bounded and without secrets; "" where there is none of it."""

    at: str
    """ISO 8601, UTC, milliseconds."""
    kind: Told
    level: Level
    state: str
    """In one word what came of it: done, failed, came, gone, complete, leader ..."""
    host: str = ""
    ref: str = ""
    pass_id: str = ""
    code: str = ""
    """Of a refusal or an error."""
    action: str = ""
    detail: str = ""
    seconds: float = 0.0
    changes: int = 0
    """Of a pass: how much differed. Of a drift: how many fields."""
    refusals: int = 0
    """Of a pass: how much was refused."""
    process: int = 0
    """Of the loop: its process id."""
    number: int = 0
    """Its place in the events file, from 1; 0 before it is in it."""
