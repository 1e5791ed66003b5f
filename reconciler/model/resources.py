"""What the manifests say should exist. Sizes are bytes, times are seconds, shares are between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.execute import USUAL_TERMS, Terms
from reconciler.model.health import USUAL
from reconciler.model.modes import FREE, Stance

if TYPE_CHECKING:
    from reconciler.model.cluster import Cluster
    from reconciler.model.egress import Egress, Proxy
    from reconciler.model.health import Probe, Restart
    from reconciler.model.modes import Window
    from reconciler.model.names import Ref
    from reconciler.model.rollout import Update


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
    """``zerotrust`` reaches nothing, ``semitrusted`` what the policy names; ``proxy`` is what it reaches names by."""

    ZEROTRUST = "zerotrust"
    SEMITRUSTED = "semitrusted"
    PROXY = "proxy"


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
    """Where a container may live; both None means any active host. ``hosts``, of a pool: those named for it; empty means any."""

    host: str | None = None
    location: str | None = None
    hosts: tuple[str, ...] = ()


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
    moved: str = ""
    """Name that the object had before; "" where it always had this one. ``moved_uid`` is the uid that it has under that name."""
    moved_uid: str = ""
    document: str = ""
    """Digest of the manifest's own text about it: it does not move when a default or a policy does."""
    lineage: str = ""
    """uuids of the containers from which it was asked for, the outermost first, with commas between."""
    stance: Stance = FREE
    health: Probe | None = None
    """How it is asked whether it is well; None where nobody asks."""
    restart: Restart = USUAL


@dataclass(frozen=True, slots=True)
class Pool:
    """Warm cells of one kind. ``minimum`` cells are kept; ``maximum`` bounds what autoscaling may ask for.

    ``spare`` are the cells of the slots between the two, in order. ``update``: how cells are made anew in turns; None means all at once.
    """

    ref: Ref
    minimum: int
    maximum: int
    source: Source
    stance: Stance = FREE
    update: Update | None = None
    terms: Terms = USUAL_TERMS
    spare: tuple[Workload, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Image:
    """An image by name and pinned fingerprint. ``file`` is a local tarball to import from, where one is known."""

    ref: Ref
    fingerprint: str
    alias: str
    source: Source
    file: str = ""
    recipe: str = ""
    languages: tuple[str, ...] = ()
    """What programs in it can be run in, where no recipe tells that."""

    @property
    def family(self) -> str:
        """The name that all its versions share on a host."""
        return self.recipe or self.alias or self.ref.name


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
class Limits:
    """Limits of the guard; restarts are of what is unhealthy. A quarantine counts as the destroy that it leads to. ``per``: in one hour."""

    destroys: int = 5
    destroy_share: float = 0.2
    """Of the objects we own on all hosts seen. Applies from ``small_fleet`` objects on."""
    small_fleet: int = 10
    replaces: int = 2
    freezes: int = 50
    destroys_per_hour: int = 10
    destroys_per_host: int = 5
    destroys_per_owner: int = 5
    replaces_per_hour: int = 10
    freezes_per_hour: int = 200
    restarts: int = 10
    restarts_per_hour: int = 50
    shrink: int = 20
    """Most surplus cells of one pool that one pass destroys."""
    update_share: float = 0.5
    """Of the objects we own: most that may change in one pass though their own manifests did not."""
    failures: int = 5
    """Failures of one object in a row, within an hour, after which it is left alone."""
    flaps: int = 3
    """Times within an hour that one object may be made, or one field of it be written."""
    unseen_share: float = 0.5
    """Of the hosts: from so many out of sight on the circuit opens. Applies from two on."""
    unhealthy_share: float = 0.3
    """Of the objects that should run: from so many down on the circuit opens. Applies from ``small_fleet`` objects on."""
    creates: int = 10
    """While the circuit is open: most creates of one pass."""


@dataclass(frozen=True, slots=True)
class Grace:
    """Seconds that an object which left the manifests stays in quarantine before it is destroyed."""

    services: int = 86_400
    sessions: int = 3_600
    cells: int = 0


class Drift(StrEnum):
    """What is done about a field that somebody changed by hand: ``revert`` writes ours again, ``refuse`` reports and waits."""

    REVERT = "revert"
    REFUSE = "refuse"


class Approval(StrEnum):
    """Whether what destroys needs the one-time code of a person."""

    REQUIRED = "required"
    OFF = "off"


class Signatures(StrEnum):
    """Whether the commits that the text comes from must be signed by somebody who is trusted."""

    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for the whole repository: the environment's name, limits of the guard, egress of semitrusted containers."""

    environment: str = "default"
    limits: Limits = Limits()
    egress: tuple[Egress, ...] = ()
    grace: Grace = Grace()
    drift: Drift = Drift.REVERT
    approval: Approval = Approval.REQUIRED
    signatures: Signatures = Signatures.OFF
    force_stop: bool = False
    """Whether a container that does not stop in time may be stopped by force."""
    keep_jobs: int = 86_400
    """Seconds that a job which ended is kept."""
    update: Update | None = None
    """How services are changed in turns; None leaves it to the limits."""
    source: Source = Source("", 0)
    stance: Stance = FREE
    windows: tuple[Window, ...] = ()
    """When what is there may be destroyed, replaced or restarted; empty means at any time."""
    proxy: Proxy | None = None  # what the proxies of the hosts let through


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
    """One LXD endpoint, or one member of a cluster.

    ``fingerprint`` is the SHA-256 of its server certificate (64 hex digits, lower case); a cluster has one for all its members.
    """

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
    uplink: str = "10.230.255.1/28"
    """Address and prefix of the bridge that its proxy reaches the world by."""
    partner: str = ""
    """Who lends it; "" for one of our own."""
    server_name: str = ""
    """The name that LXD must give for itself; "" takes the one that was certified first."""
    stance: Stance = FREE
    cluster: Cluster | None = None
    """The cluster that it is a member of; None where it stands alone."""
    member: str = ""
    """LXD's name of the member that it is; "" where it stands alone."""

    @property
    def name(self) -> str:
        """The name other manifests use."""
        return self.ref.name

    @property
    def endpoint(self) -> str:
        """What hosts share that are served by one LXD: its look, its lease, its project. A host that stands alone has its own."""
        return f"cluster {self.cluster.name}" if self.cluster else self.name

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where its LXD answers: its own address first, then those of the other members of its cluster."""
        others = self.cluster.addresses if self.cluster else ()
        return (self.address, *(address for address in others if address != self.address))


@dataclass(frozen=True, slots=True)
class Commit:
    """Which text was read. ``id`` is empty outside git. ``digest`` covers every file read, so that a dirty tree is pinned too."""

    id: str
    dirty: bool
    digest: str


class History(StrEnum):
    """How far git tells the past: ``none`` outside git, ``shallow`` where it was cut off."""

    NONE = "none"
    FULL = "full"
    SHALLOW = "shallow"


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of checking who signed the commits since the one applied last."""

    by: tuple[str, ...] = ()
    """The signers' names in the file of trusted signers, newest commit first, each once."""
    commit: str = ""
    """The first commit that does not hold; "" where all do."""
    flaw: str = ""
    """Why it does not; "" where all hold."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the text comes from, in git's terms; ``against`` is the commit applied last. Not part of what a plan pins."""

    history: History = History.NONE
    descends: bool | None = None
    """Whether the commit descends from (or is) the one applied last; None where git cannot tell or none was applied."""
    against: str = ""
    signed: Signed | None = None
    """None where nothing asked for signatures, so that nobody looked."""


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
    origin: Origin = Origin()
