"""What the journal remembers, as values: the ledger for decisions, rows for history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Writer(StrEnum):
    """Who set a power state last."""

    GIT = "git"
    API = "api"
    IDLE = "idle"
    OPERATOR = "operator"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PowerRecord:
    """The last power state we set on one instance, by uuid."""

    power: str
    writer: Writer


@dataclass(frozen=True, slots=True)
class Ledger:
    """What past passes certified. Empty after the journal is lost, which makes decisions stricter, never looser."""

    powers: Mapping[str, PowerRecord] = field(default_factory=dict)
    """uuid -> last power state set by us."""
    ended: frozenset[str] = frozenset()
    """uids of sessions that reached their end; such a session is never created again under that uid."""


class Outcome(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intent:
    """A step that was about to be taken. ``outcome`` None means: it is not known whether it was."""

    id: str
    plan: str
    host: str
    ref: str
    instance: str
    call: str
    at: str
    outcome: Outcome | None = None
    detail: str = ""
    ended_at: str = ""
    uuid: str = ""
    commit: str = ""
    actor: str = ""
