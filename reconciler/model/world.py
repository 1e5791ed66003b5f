"""What was seen on the hosts. Everything here was read from LXD; nothing is derived from a manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.health import Health


class Grade(StrEnum):
    """How far a host's snapshot may be trusted.

    complete: every cross-check agreed, absence means absence.
    partial: some rows are missing, hollow or in doubt; what is there is there, what is not there is unknown.
    unseen: nothing is known.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNSEEN = "unseen"


class Status(StrEnum):
    """An instance's status in our words. ``changing`` covers LXD's Starting, Stopping, Freezing, Thawed, Aborting and Pending."""

    RUNNING = "running"
    FROZEN = "frozen"
    STOPPED = "stopped"
    CHANGING = "changing"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instance:
    """One row of LXD's instance list. ``config`` and ``devices`` are the instance's own, ``expanded_*`` include profiles."""

    name: str
    uuid: str
    generation: str
    status: Status
    status_text: str
    """LXD's own word, for evidence."""
    config: Mapping[str, str] = field(repr=False)
    """Holds ``environment.*`` values, which are secrets; hence not in repr."""
    devices: Mapping[str, Mapping[str, str]]
    profiles: tuple[str, ...]
    ephemeral: bool
    location: str
    """Cluster member, or ``none`` on a host that is not clustered."""
    type: str
    created_at: str
    """ISO 8601, UTC, as LXD gives it."""
    inherited: str = ""
    """Digest of what its profiles give it; "" where it uses none."""
    recorded: str = ""
    """Of one from a recording, in which secrets are left out: the fingerprint that it had."""
    started_at: str = ""
    """When it was started last, as LXD gives it: another time is another run."""

    @property
    def image(self) -> str:
        """Fingerprint of the image it was made from; empty where LXD does not tell."""
        return self.config.get("volatile.base_image", "")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that LXD is running on an instance."""

    id: str
    description: str
    instance: str
    kind: str = "task"
    """``task``; ``command`` for a command in it; ``websocket`` for an exec, a console or a migration that somebody is connected to."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered. ``fingerprint`` is the SHA-256 of the server certificate in use."""

    server_name: str
    fingerprint: str
    version: str
    clustered: bool
    extensions: frozenset[str]
    addresses: tuple[str, ...]
    """Addresses LXD's API listens on, ``address:port``."""
    process: int = 0
    """Process id of the daemon: another one means that it was restarted."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an LXD cluster. ``status`` is LXD's word: Online, Offline, Evacuated, Blocked."""

    name: str
    status: str
    votes: bool
    """Whether it holds a vote of the cluster's database."""
    address: str = ""
    """Where its API listens, ``address:port``."""

    @property
    def online(self) -> bool:
        """Whether LXD says that it is there and takes work."""
        return self.status == "Online"


@dataclass(frozen=True, slots=True)
class ProjectView:
    """Our LXD project. ``names`` and ``images`` come from the project's own list of users, a second source beside the rows."""

    config: Mapping[str, str]
    names: frozenset[str]
    images: frozenset[str]
    """Fingerprints."""
    snapshots: Mapping[str, tuple[str, ...]] | None = None
    """Instance name -> names of its snapshots; None where nobody asked, which is done where something may be destroyed.

    A name that is not in it is of an instance of which LXD lists no disk.
    """


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One row of the list of instances as it was told: ``length`` characters with that ``digest``; 0 where it was not read by itself."""

    length: int
    digest: bytes
    name: str
    location: str
    status: str
    """LXD's word."""
    volumes: frozenset[tuple[str, str]]
    """Where its root disk lies, as in ``HostView.volumes``."""
    instance: Instance | None
    """None of a hollow row."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a host told, word by word: digests of its answers. What is told again need not be read again."""

    project: bytes
    whole: bytes
    """Of the list of instances."""
    rows: tuple[ToldRow, ...]


@dataclass(frozen=True, slots=True)
class HostView:
    """One host as seen in one look. ``project`` None on a complete view means: it does not exist there."""

    host: str
    grade: Grade
    why: tuple[str, ...]
    """Reasons for a grade below complete, each a sentence with its evidence."""
    seen_at: datetime
    identity: Identity | None = None
    project: ProjectView | None = None
    instances: tuple[Instance, ...] = ()
    """Rows with their config, sorted by name."""
    doubtful: Mapping[str, str] = field(default_factory=dict)
    """Names known to exist whose row is missing or hollow -> why."""
    operations: tuple[Operation, ...] = ()
    code: str = "O01"
    """Of a host that was not seen: the code of the refusal that this means."""
    skew: float = 0.0
    """Seconds by which the host's clock is ahead of ours."""
    members: tuple[Member, ...] = ()
    """Of a cluster: all its members."""
    cluster: str = ""
    """Of a host that is one member of a cluster: the cluster's name in the inventory. Its instances are those on that member."""
    volumes: frozenset[tuple[str, str]] = frozenset()
    """Where the root disks lie: storage pool and type of volume."""
    told: Told | None = field(default=None, repr=False, compare=False)
    """By what the next look at it is made quicker. Nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Every host of the inventory, each graded. ``at`` is the time of every decision made from it."""

    hosts: Mapping[str, HostView]
    at: datetime
    own: str = ""
    """Name of the instance that this program runs in; "" where it runs in none."""
    underway: frozenset[str] = frozenset()
    """``Kind/name`` of what this process is at work on elsewhere than where it decides: how it stands is about to change."""
    health: Mapping[str, Health] = field(default_factory=dict, repr=False)
    """uuid -> what its probe found; nothing of one that is not probed, and nothing at all where no loop runs."""
    jumped: float = 0.0
    """Seconds by which our clock moved beside the time that passed, since whoever looks began to watch it."""


def is_undeclared(view: HostView) -> bool:
    """Whether it is of a member of a cluster that the inventory does not name: no host's name holds a slash."""
    return bool(view.cluster) and "/" in view.host


def unseen(host: str, why: str, at: datetime, code: str = "O01", cluster: str = "") -> HostView:
    """The view of a host that told nothing."""
    return HostView(host=host, grade=Grade.UNSEEN, why=(why,), seen_at=at, code=code, cluster=cluster)
