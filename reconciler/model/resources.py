"""What the manifests say should exist. Sizes are bytes, times are seconds, shares are between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.names import Ref


class Power(StrEnum):
    """The power state a manifest asks for. ``hibernated`` is stopped with its disk kept; ``frozen`` keeps its memory."""

    RUNNING = "running"
    FROZEN = "frozen"
    HIBERNATED = "hibernated"


class PowerOwner(StrEnum):
    """Who may change the power state: the manifest, the idle policy, or anybody but us."""

    DECLARED = "declared"
    IDLE = "idle"
    UNMANAGED = "unmanaged"


class NetworkMode(StrEnum):
    """``zerotrust`` reaches nothing; ``semitrusted`` reaches out where the policy says."""

    ZEROTRUST = "zerotrust"
    SEMITRUSTED = "semitrusted"


class Replace(StrEnum):
    """Whether a change that LXD cannot make in place may destroy and create."""

    REFUSE = "refuse"
    ALLOWED = "allowed"


class HostState(StrEnum):
    """``cordoned`` takes nothing more, ``drained`` should hold nothing."""

    ACTIVE = "active"
    CORDONED = "cordoned"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where a resource was declared. ``line`` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one container."""

    vcpu: int
    memory: int
    disk: int
    processes: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a container may live; both None means any active host."""

    host: str | None = None
    location: str | None = None
    hosts: tuple[str, ...] = ()
    """Of a pool: the hosts named for it; empty means not limited by name."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A script that runs once in the started container. ``text`` is never shown; ``digest`` (``sha256:...``) is."""

    text: str = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class Workload:
    """One container that should exist: a service, a session, or a cell of a pool. The one thing that ``engine.diff`` compares."""

    ref: Ref
    uid: str
    owner: str
    image: str
    """LXD fingerprint (64 hex digits)."""
    image_name: str
    power: Power
    power_owner: PowerOwner
    network: NetworkMode
    resources: Resources
    placement: Placement
    source: Source
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sorted by name. Values are secrets: no text for people may hold one."""
    ports: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    bootstrap: Bootstrap | None = None
    replace: Replace = Replace.REFUSE
    locked: bool = False
    nesting: bool = False
    ttl: int = 0
    """Seconds a session lives; 0 means no end."""
    shell: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """Warm cells of one kind. ``minimum`` cells are kept; ``maximum`` bounds what autoscaling may ask for."""

    ref: Ref
    minimum: int
    maximum: int
    source: Source


@dataclass(frozen=True, slots=True)
class Image:
    """An image by name and pinned fingerprint. ``file`` is a local tarball to import from, where one is known."""

    ref: Ref
    fingerprint: str
    alias: str
    source: Source
    file: str = ""
    recipe: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """What a key of this tier may use. ``rates`` are requests a minute by name."""

    ref: Ref
    resources: Resources
    counts: tuple[tuple[str, int], ...]
    rates: tuple[tuple[str, int], ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that owns resources. Its secret is never in a manifest. ``valid_until`` is ISO 8601 in UTC or empty."""

    ref: Ref
    public_id: str
    tier: str
    valid_until: str
    parent: str
    source: Source


@dataclass(frozen=True, slots=True)
class Egress:
    """One destination that semitrusted containers may reach. ``ports`` is LXD's form: ``80,443,8000-8100``."""

    destination: str
    protocol: str
    ports: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the guard for one pass."""

    destroys: int = 5
    destroy_share: float = 0.2
    """Of the objects we own on all hosts seen. Applies from ``small_fleet`` objects on."""
    small_fleet: int = 10
    replaces: int = 2
    freezes: int = 50


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for the whole repository: the environment's name, limits of the guard, egress of semitrusted containers."""

    environment: str = "default"
    limits: Limits = Limits()
    egress: tuple[Egress, ...] = ()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a host can hold. None means not stated, which placement treats as unknown, never as endless."""

    vcpu: int | None = None
    memory: int | None = None
    instances: int | None = None
    isolated: int = 150
    """Containers that can have an id range of their own: Debian's default of 10,000,001 ids ends there."""


@dataclass(frozen=True, slots=True)
class Host:
    """One LXD endpoint. ``fingerprint`` is the SHA-256 of its server certificate (64 hex digits, lower case)."""

    ref: Ref
    address: str
    """``unix:/path/to/unix.socket`` or ``https://address:port``."""
    fingerprint: str
    project: str
    location: str
    labels: tuple[tuple[str, str], ...]
    capacity: Capacity
    state: HostState
    pool: str
    """LXD storage pool the containers live in."""
    subnet: str
    """Address and prefix of the semitrusted bridge, such as ``10.231.0.1/20``; local to the host, reached from nowhere."""
    source: Source

    @property
    def name(self) -> str:
        """The name other manifests use."""
        return self.ref.name


@dataclass(frozen=True, slots=True)
class Commit:
    """Which text was read. ``id`` is empty outside git. ``digest`` covers every file read, so that a dirty tree is pinned too."""

    id: str
    dirty: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Desired:
    """All that should exist, compiled and cross-checked. Tuples are sorted by reference."""

    workloads: tuple[Workload, ...]
    pools: tuple[Pool, ...]
    images: tuple[Image, ...]
    tiers: tuple[Tier, ...]
    keys: tuple[Key, ...]
    hosts: tuple[Host, ...]
    policy: Policy
    commit: Commit
