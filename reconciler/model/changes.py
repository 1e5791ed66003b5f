"""The difference of two worlds: one change an object, each with a reason, and the refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.resources import Power

if TYPE_CHECKING:
    from reconciler.model.names import Ref
    from reconciler.model.resources import Image, Workload
    from reconciler.model.world import Instance


class Action(StrEnum):
    """What is done to one object. ``prepare`` sets up a host's project, pool and networks; ``import`` brings an image to a host.

    ``restart`` stops one that is unhealthy and starts it again. ``quarantine`` freezes and marks what left the manifests; it is destroyed
    when the policy's grace is over.
    """

    PREPARE = "prepare"
    IMPORT = "import"
    CREATE = "create"
    START = "start"
    UNFREEZE = "unfreeze"
    RESTART = "restart"
    UPDATE = "update"
    REPLACE = "replace"
    FREEZE = "freeze"
    HIBERNATE = "hibernate"
    QUARANTINE = "quarantine"
    DESTROY = "destroy"
    KEEP = "keep"


DESTRUCTIVE = frozenset({Action.DESTROY, Action.REPLACE})
ENDING = DESTRUCTIVE | {Action.QUARANTINE}
"""What destroys, or leads to it when nobody steps in."""


class Reason(StrEnum):
    """Why a change is proposed. Stable: part of the plan's JSON."""

    HOST_NOT_PREPARED = "host-not-prepared"
    FOUNDATION_DIFFERS = "foundation-differs"
    IMAGE_ABSENT = "image-absent"
    ABSENT = "absent"
    FIELDS_DIFFER = "fields-differ"
    POWER_DIFFERS = "power-differs"
    BOOTSTRAP_DIFFERS = "bootstrap-differs"
    IMMUTABLE_DIFFERS = "immutable-differs"
    NOT_DECLARED = "not-declared"
    THAWED = "thawed"
    GRACE_OVER = "grace-over"
    IN_QUARANTINE = "in-quarantine"
    ORPHANED = "orphaned"
    UNFINISHED = "unfinished"
    SURPLUS = "surplus"
    SPENT = "spent"
    EXPIRED = "expired"
    AS_DECLARED = "as-declared"
    POWER_NOT_OURS = "power-not-ours"
    ENDED = "ended"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field that differs. ``old`` and ``new`` are text fit to show: secrets are masked before they come here; "" means absent."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One object, one action. ``host`` is "" only for an object with no place to be. Power moves travel in ``fields`` as ``power``."""

    action: Action
    ref: Ref
    host: str
    instance: str
    reason: Reason
    fields: tuple[FieldDiff, ...] = ()
    wanted: Workload | None = None
    found: Instance | None = None
    image: Image | None = None
    """Of an import: what to bring."""
    note: str = ""
    """A sentence a reader needs to judge the change, such as how an image is brought."""
    serves: tuple[str, ...] = ()
    """Of what is made ready on a cluster: the other hosts that are ready with it."""

    def is_ground_of(self, host: str) -> bool:
        """Of a preparation or an import: whether it is what ``host`` stands on."""
        return host == self.host or host in self.serves


def puts_to_rest(change: Change) -> Power | None:
    """The power state that the change ends in, where that is frozen or hibernated: by itself or together with an update of fields."""
    if change.action is Action.QUARANTINE:
        return Power.FROZEN
    moves = change.action in {Action.FREEZE, Action.HIBERNATE} or any(diff.path == "power" for diff in change.fields)
    if not moves or change.wanted is None or change.wanted.power is Power.RUNNING:
        return None
    return change.wanted.power


@dataclass(frozen=True, slots=True)
class Changes:
    """Every object's change, sorted by (host, reference). At most one change an object."""

    items: tuple[Change, ...]
    doubts: tuple[Refusal, ...] = ()
    """What the diff itself could not decide: no place known, or several candidates for one identity."""
    judged: object = field(default=None, repr=False, compare=False)
    """What ``engine.diff`` leaves for the next diff, to be quicker. Nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule's no. ``evidence`` holds name and value pairs, both sides of the comparison; ``unblock`` is a command to type."""

    code: str
    ref: str
    """``Kind/name``, or ``Host/name`` for a whole host."""
    host: str
    cause: str
    evidence: tuple[tuple[str, str], ...]
    unblock: str
    action: str = ""
    """The action that was refused."""
    subject: str = ""
    """Which object it is about, whatever has its name: uuid of the instance, or uid of what is to be made. Not shown."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Changes that every rule allowed. Only ``engine.guard`` makes one, and only one of these can become a plan."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
