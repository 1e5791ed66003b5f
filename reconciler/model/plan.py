"""A plan: actions in order, each a chain of single LXD calls. No client is reachable from it, so it cannot act."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.changes import FieldDiff, Refusal
    from reconciler.model.resources import Commit


@dataclass(frozen=True, slots=True)
class CreateInstance:
    """POST an instance with all its marks. It is created stopped."""

    name: str
    image: str
    config: Mapping[str, str] = field(repr=False)
    devices: Mapping[str, Mapping[str, str]]
    target: str = ""
    """The member of a cluster that it is made on; "" where the host stands alone."""


@dataclass(frozen=True, slots=True)
class SetPower:
    """PUT the state: ``start``, ``stop``, ``freeze`` or ``unfreeze``. ``timeout`` in seconds; ``uuid`` "" for one made in this plan."""

    name: str
    verb: str
    force: bool
    timeout: int
    uuid: str = ""
    essence: str = ""
    """Of a stop that leads to a delete: ``engine.fingerprint.essence`` of what was planned for, so that nobody else's memory is lost."""
    seen: bool = False
    """Whether the instance was seen a moment ago to be the one with ``uuid``: it is not read once more before the call."""
    last_resort: bool = False
    """Of an orderly stop: whether it is made by force once its time is over, which the policy says."""


@dataclass(frozen=True, slots=True)
class UpdateInstance:
    """Set and remove config keys and devices on the instance with ``uuid``, under If-Match."""

    name: str
    uuid: str
    config: Mapping[str, str] = field(repr=False)
    remove: tuple[str, ...] = ()
    devices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PushFile:
    """Write a file inside the container, mode 0700, root."""

    name: str
    path: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a command inside and wait; an exit status other than 0 fails the step. ``timeout`` in seconds."""

    name: str
    command: tuple[str, ...]
    timeout: int


@dataclass(frozen=True, slots=True)
class DropProtection:
    """Take protection away and write the tombstone (the plan's id), only if the instance still has ``uuid`` and ``essence``."""

    name: str
    uuid: str
    tombstone: str
    essence: str = ""
    """``engine.fingerprint.essence`` of what was planned for; "" asks for the uuid alone."""


@dataclass(frozen=True, slots=True)
class DeleteInstance:
    """DELETE the instance, only if it still has ``uuid``, ``essence`` and the tombstone. One that is gone already counts as done."""

    name: str
    uuid: str
    tombstone: str = ""
    """The plan's id, where protection was dropped for it; "" where there was none to drop."""
    essence: str = ""


@dataclass(frozen=True, slots=True)
class ImportImage:
    """Bring an image in, then point ``alias`` at it; an image that is there is not brought again, an alias "" is not touched.

    ``file`` is a tarball whose SHA-256 must be ``fingerprint``. ``copy_from`` names a host that has it, where there is no file.
    """

    fingerprint: str
    alias: str
    file: str
    copy_from: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Marks that it gets where it is brought by us; one that is there keeps what it has."""


@dataclass(frozen=True, slots=True)
class MarkImage:
    """Set properties of an image and leave the rest as it is."""

    fingerprint: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteImage:
    """DELETE an image, only while nothing names it and its marks are ``properties``. One that is gone already counts as done."""

    fingerprint: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PutObject:
    """Create an object of the host's foundation, or bring it to ``body``. ``kind``: project, storage-pool, network-acl or network."""

    kind: str
    name: str
    body: Mapping[str, object]


Call = (
    CreateInstance
    | SetPower
    | UpdateInstance
    | PushFile
    | RunCommand
    | DropProtection
    | DeleteInstance
    | ImportImage
    | MarkImage
    | DeleteImage
    | PutObject
)


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One change as it will be carried out: ``calls`` in order, after every action whose index is in ``after``."""

    index: int
    action: str
    kind: str
    name: str
    host: str
    instance: str
    reason: str
    fields: tuple[FieldDiff, ...]
    calls: tuple[Call, ...] = field(repr=False)
    after: tuple[int, ...]
    fingerprint: str
    """Semantic fingerprint of the object before the action; "" where it does not exist."""
    uuid: str
    uid: str
    note: str = ""
    owner: str = ""
    """The key that owns the object; "" where none does."""

    @property
    def ref(self) -> str:
        """``Kind/name``."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in order, and what is refused. ``id`` is a digest of all the rest but ``made_at``: same input, same id."""

    id: str
    env: str
    commit: Commit
    made_at: str
    tool: str
    hosts: tuple[tuple[str, str], ...]
    """Host name and certificate fingerprint, of every host the plan saw."""
    actions: tuple[PlannedAction, ...]
    refusals: tuple[Refusal, ...]
    kept: int
    """Objects that are as declared."""
    unseen: tuple[tuple[str, str], ...]
    """Hosts below complete -> why."""
    scope: tuple[str, ...] = ()
    """--target, --exclude and --only as given, so that a saved plan can be made again."""


def exit_status(plan: Plan) -> int:
    """Exit code of ``unsandbox plan``: 3 with refusals, else 4 with a host out of sight, else 2 with changes, else 0."""
    if plan.refusals:
        return 3
    if plan.unseen:
        return 4
    return 2 if plan.actions else 0
