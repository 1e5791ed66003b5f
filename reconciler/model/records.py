"""What the journal remembers, as values: the ledger for decisions, rows for history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.execute import Claim


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
class Known:
    """An object of ours as a pass last certified it."""

    uuid: str
    ref: str
    """``Kind/name``."""
    uid: str
    host: str
    instance: str
    generation: str
    inherited: str
    """Digest of what its profiles gave it; "" where it uses none."""
    document: str
    """Digest of the manifest's own text about it, as last applied; "" where no manifest declared it."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A host as a pass last certified it. ``count`` is of the objects of ours on it."""

    host: str
    server_name: str
    count: int


@dataclass(frozen=True, slots=True)
class Deed:
    """A call that was made in the last hour. ``done`` False means that it failed."""

    at: datetime
    call: str
    """The call's type, with ``:verb`` for power."""
    action: str
    ref: str
    host: str
    owner: str
    uuid: str
    done: bool
    paths: tuple[str, ...] = ()
    """Of an update: the fields that it wrote."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The last apply that was carried out to its end."""

    commit: str
    """"" outside git."""
    inputs: str
    """Digest of every file that was read."""
    tool: str
    approval: bool
    """Whether the policy asked for approval then."""
    signatures: bool = False
    """Whether it asked for signed commits."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What past passes certified. Empty after the journal is lost, which makes decisions stricter, never looser."""

    powers: Mapping[str, PowerRecord] = field(default_factory=dict)
    """uuid -> last power state set by us."""
    ended: frozenset[str] = frozenset()
    """uids of sessions that reached their end; such a session is never created again under that uid."""
    known: Mapping[str, Known] = field(default_factory=dict)
    """uuid -> the object as last certified."""
    certified: Mapping[str, Certified] = field(default_factory=dict)
    """Host -> what was last certified of it."""
    deeds: tuple[Deed, ...] = ()
    """Calls of the last hour, oldest first."""
    accepted: frozenset[str] = frozenset()
    """Digests of refusals that a person accepted, see ``engine.accept``."""
    open_questions: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(host, instance) -> (call, why) of calls of which it cannot be told whether they were made."""
    begun: frozenset[tuple[str, str, str]] = frozenset()
    """(host, instance, plan) of creating calls of which it was never heard that they were done."""
    ending: frozenset[str] = frozenset()
    """uuids of what deleting calls were made for of which it was never heard that they were done."""
    applied: Applied | None = None
    circuit: str = ""
    """Why the circuit is open; "" where it is closed."""
    claims: Mapping[str, Claim] | None = field(default_factory=dict)
    """uuid -> who has the cell; None where that could not be read, and then no cell is ended."""


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
    action: str = ""
    owner: str = ""
    paths: str = ""
    """Of an update: the fields that it writes, with blanks between."""
    term: str = ""
    """Of the lease under which the call is made."""
