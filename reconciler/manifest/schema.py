"""One model a kind: what a manifest may say. Descriptions here are those of the editor schemas and of the reference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from reconciler.manifest.fields import (
    ENV_KEY,
    LABEL_KEY,
    PUBLIC_ID,
    Count,
    Domain,
    Duration,
    Fingerprint,
    Moment,
    Name,
    Port,
    Processes,
    Size,
    Strict,
    Vcpu,
)
from reconciler.manifest.schema_egress import EgressSpec, ProxySpec  # noqa: TC001 - read when the models are made
from reconciler.manifest.schema_health import HealthSpec, RestartSpec
from reconciler.manifest.schema_modes import ModeName, SuspendSpec, WindowSpec  # noqa: TC001 - pydantic reads annotations
from reconciler.manifest.schema_rollout import UpdateSpec  # noqa: TC001 - read when the models are made
from reconciler.model.names import Kind

API_VERSION = "unsandbox/v1"
ZERO = "a size of 0 empties the pool"
MAX_ENV = 64 * 1024
MAX_VARIABLES = 256
MAX_SCRIPT = 64 * 1024

Labels = dict[Annotated[str, Field(pattern=LABEL_KEY)], Annotated[str, Field(max_length=255)]]
Env = dict[Annotated[str, Field(pattern=ENV_KEY)], Annotated[str, Field(max_length=MAX_ENV)]]
NetworkName = Literal["zerotrust", "semitrusted"]
REACHES = "zerotrust reaches nothing; semitrusted reaches what the policy's egress and its proxy name."


class Metadata(Strict):
    """Who a manifest is about."""

    name: Name = Field(description="Name, unique for its kind: lower-case letters, digits and dashes, at most 50.")
    labels: Labels = Field(default={}, description="Free text by key, written on the object.")
    moved: Name | None = Field(
        default=None, description="Name it had before: the container stays and takes this name. Services and sessions only."
    )
    uid: str = Field(
        default="",
        pattern=r"^[0-9a-f-]{0,64}$",
        description="Identity; by default made from environment, kind and name. A session that ended needs another to be made again.",
    )
    lineage: str = Field(
        default="",
        pattern=r"^([0-9a-f-]{36}(,[0-9a-f-]{36}){0,31})?$",
        description="Written by requests: uuids of the containers that it was asked for from, the outermost first.",
    )
    mode: ModeName = Field(
        default="enforce",
        description="detect tells what differs and changes nothing. Services, sessions, pools (their cells) and hosts (what is on them);"
        " of object, host and Policy the strictest counts.",
    )
    suspend: SuspendSpec | None = Field(default=None, description="Change nothing before a moment. The same kinds; stricter than detect.")


class ResourcesSpec(Strict):
    """Limits of one container; what is left out comes from the tier."""

    vcpu: Vcpu | None = Field(default=None, description="Number of CPUs.")
    memory: Size | None = Field(default=None, description="Memory, with unit.")
    disk: Size | None = Field(
        default=None, description="Size of the root disk, with unit. It can grow in place; to shrink it means to make the container anew."
    )
    processes: Processes | None = Field(default=None, description="Most processes and threads at a time.")


class PlacementSpec(Strict):
    """Where the container may live; left out, any active host."""

    host: Name | None = Field(default=None, description="Exactly this host.")
    location: Name | None = Field(default=None, description="Any active host of this location.")


class BootstrapSpec(Strict):
    """A script that runs as root in the started container, once, and again when it changes. It must bear being run twice."""

    inline: Annotated[str, Field(max_length=MAX_SCRIPT)] | None = Field(default=None, description="The script itself.")
    file: str | None = Field(
        default=None, description="Path of the script below manifests/, inventory/ or state/, from the repository's root."
    )

    @model_validator(mode="after")
    def _one(self) -> BootstrapSpec:
        if (self.inline is None) == (self.file is None):
            raise ValueError("write either inline or file")
        return self


class ServiceSpec(Strict):
    """A named container that stays."""

    owner: Name = Field(description="Key that owns it.")
    image: Name = Field(description="Image it is made from.")
    state: Literal["running", "frozen", "hibernated"] = Field(
        default="running", description="running; frozen keeps its memory and uses no CPU; hibernated is stopped and keeps its disk."
    )
    power: Literal["declared", "idle", "unmanaged"] = Field(
        default="declared", description="Who may change the power state: this manifest, the idle policy, or anybody but unsandbox."
    )
    network: NetworkName | Literal["proxy"] = Field(
        default="zerotrust", description=f"{REACHES} proxy makes it the proxy of its host, set up as the policy's proxy says."
    )
    resources: ResourcesSpec = Field(default=ResourcesSpec(), description="Limits; what is left out comes from the owner's tier.")
    env: Env = Field(default={}, description="Environment variables. Values are treated as secrets: no plan, log or journal shows one.")
    ports: list[Port] = Field(default=[], description="Ports that the service listens on, recorded on the container.")
    domains: list[Domain] = Field(
        default=[], description="Host names that belong to the service, recorded on the container; unique over all services."
    )
    bootstrap: BootstrapSpec | None = Field(default=None, description="A script to run in it; plans show its digest.")
    placement: PlacementSpec = Field(default=PlacementSpec(), description="Where it may live. What exists is never moved.")
    replace: Literal["refuse", "allowed"] = Field(
        default="refuse", description="Whether a change that cannot be made in place may destroy and create the container."
    )
    locked: bool = Field(
        default=False, description="A locked service is not destroyed, frozen, hibernated or replaced, not even when its manifest goes."
    )
    nesting: bool = Field(default=False, description="Whether containers may run inside it.")
    health: HealthSpec | None = Field(default=None, description="How it is asked whether it is well; left out, nobody asks.")
    restart: RestartSpec = Field(default=RestartSpec(), description="What is done when it stopped or is unhealthy.")

    @model_validator(mode="after")
    def _env_fits(self) -> ServiceSpec:
        if len(self.env) > MAX_VARIABLES or sum(len(key) + len(value) for key, value in self.env.items()) > MAX_ENV:
            raise ValueError(f"env holds at most {MAX_VARIABLES} variables and {MAX_ENV} characters")
        if len(set(self.ports)) != len(self.ports):
            raise ValueError("ports names a port twice")
        return self


class SessionSpec(Strict):
    """A container that ends after its ttl."""

    owner: Name = Field(description="Key that owns it.")
    image: Name = Field(description="Image it is made from.")
    shell: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        default="/bin/sh", description="Program that an interactive session runs."
    )
    ttl: Duration = Field(description="Time from its creation to its end; 0s means no end.")
    network: NetworkName = Field(default="zerotrust", description=REACHES)
    resources: ResourcesSpec = Field(default=ResourcesSpec(), description="Limits; what is left out comes from the owner's tier.")
    placement: PlacementSpec = Field(default=PlacementSpec(), description="Where it may live.")


class SizeRange(Strict):
    """How many cells to keep warm."""

    min: Count = Field(description="Cells that are always kept.")
    max: Count = Field(description="Most cells that autoscaling may ask for.")


def _plain_size(value: object) -> object:
    return {"min": value, "max": value} if isinstance(value, int) and not isinstance(value, bool) else value


class PoolSpec(Strict):
    """A stock of identical warm containers."""

    image: Name = Field(description="Image its cells are made from.")
    network: NetworkName = Field(default="zerotrust", description=REACHES)
    size: Annotated[SizeRange, BeforeValidator(_plain_size)] = Field(description="Number of cells: {min, max}, or one number for both.")
    allow_zero: bool = Field(default=False, description="Must be true for a size of 0: an empty pool is never an accident.")
    tier: Name | None = Field(default=None, description="Tier whose limits the cells have.")
    resources: ResourcesSpec = Field(default=ResourcesSpec(), description="Limits of one cell; what is left out comes from tier.")
    owner: Name | None = Field(default=None, description="Key that owns the pool; left out, nobody's.")
    location: Name | None = Field(default=None, description="Keep the cells at this location.")
    hosts: list[Name] = Field(default=[], description="Keep the cells on these hosts.")
    update: UpdateSpec | None = Field(
        default=None, description="Make its cells anew in turns; left out, all that nobody uses are made anew at once."
    )
    reuse: Literal["never", "owner"] = Field(
        default="owner",
        description="Whether a cell is used again: never, or by the key it served, in a fresh sandbox each time. By another key never.",
    )
    runs: Annotated[int, Field(ge=1, le=100_000)] = Field(default=100, description="Runs after which a cell is destroyed.")
    idle: Annotated[Duration, Field(ge=1, le=3600)] = Field(default=60, description="Time without a run after which a cell is destroyed.")
    lease: Annotated[Duration, Field(ge=1, le=86_400)] = Field(
        default=900, description="Time from the first run in a cell in which its key may run in it again."
    )

    @model_validator(mode="after")
    def _meant(self) -> PoolSpec:
        if self.size.max < self.size.min:
            raise ValueError(f"size: max {self.size.max} is below min {self.size.min}")
        if self.size.min == 0 and not self.allow_zero:
            raise ValueError(f"{ZERO}: write allowZero: true if that is meant")
        return self


class ImageSpec(Strict):
    """An image, pinned: an alias moves, a fingerprint does not."""

    fingerprint: Fingerprint = Field(
        description="SHA-256 of the image, 64 hex digits: what `lxc image info` shows, or what the recipe's build printed."
    )
    alias: Name | None = Field(default=None, description="Alias given to it where it is imported.")
    recipe: Name | None = Field(
        default=None, description="Recipe below images/ that builds it. Its alias is moved by `unsandbox images publish` alone."
    )
    file: str | None = Field(
        default=None,
        description="Tarball to import it from, relative to the repository's root or absolute. Its SHA-256 must be fingerprint.",
    )

    languages: list[Name] = Field(
        default=[],
        description="Languages of images/languages.yaml that programs in it can be run in; of an image with a recipe the recipe tells.",
    )

    @model_validator(mode="after")
    def _one(self) -> ImageSpec:
        if (self.alias is None) == (self.recipe is None):
            raise ValueError("write either alias or recipe")
        if self.recipe is not None and self.languages:
            raise ValueError("its recipe says which languages it holds; leave languages out")
        return self


class TierSpec(Strict):
    """What the keys of a tier may use."""

    vcpu: Vcpu = Field(description="CPUs of one container.")
    memory: Size = Field(description="Memory of one container, with unit.")
    disk: Size = Field(description="Root disk of one container, with unit.")
    processes: Processes = Field(description="Processes and threads of one container.")
    counts: dict[Literal["services", "sessions", "cells"], Count] = Field(default={}, description="Most objects of one key, by kind.")
    rates: dict[Annotated[str, Field(pattern=LABEL_KEY)], Count] = Field(
        default={}, description="Requests a minute of one key, by name of the request."
    )


class KeySpec(Strict):
    """A public key that owns resources. Its secret has no place in a manifest."""

    public_id: Annotated[str, Field(pattern=PUBLIC_ID)] = Field(description="unsb-pk- and four groups of four.")
    tier: Name = Field(description="Tier it belongs to.")
    valid_until: Moment | None = Field(default=None, description="End of its validity, with zone; left out, none.")
    parent: Name | None = Field(default=None, description="Key it was made from.")


Share = Annotated[float, Field(ge=0, le=1)]


class LimitsSpec(Strict):
    """Limits of the guard; for one pass where nothing else is said. A quarantine counts as the destroy that it leads to."""

    destroys: Count = Field(default=5, description="Most objects destroyed because they left the manifests.")
    destroy_share: Share = Field(default=0.2, description="The same, as a share of all objects we own.")
    small_fleet: Count = Field(default=10, description="Below so many objects the share does not apply.")
    replaces: Count = Field(default=2, description="Most objects destroyed and made anew.")
    freezes: Count = Field(default=50, description="Most objects frozen or hibernated.")
    destroys_per_hour: Count = Field(default=10, description="Most objects destroyed or put in quarantine within an hour.")
    destroys_per_host: Count = Field(default=5, description="The same, on one host.")
    destroys_per_owner: Count = Field(default=5, description="The same, of one owner.")
    replaces_per_hour: Count = Field(default=10, description="Most objects destroyed and made anew within an hour.")
    freezes_per_hour: Count = Field(default=200, description="Most objects frozen or hibernated within an hour.")
    restarts: Count = Field(default=10, description="Most unhealthy objects stopped and started again.")
    restarts_per_hour: Count = Field(default=50, description="Most unhealthy objects stopped and started again within an hour.")
    shrink: Count = Field(default=20, description="Most surplus cells of one pool that one pass destroys.")
    update_share: Share = Field(
        default=0.5, description="Most objects, as a share of all, that may change in one pass though their own manifests did not."
    )
    failures: Count = Field(default=5, description="Failures of one object in a row, within an hour, after which it is left alone.")
    flaps: Count = Field(default=3, description="Times within an hour that one object may be made, or one field of it be written.")
    unseen_share: Share = Field(default=0.5, description="Share of the hosts, from two on, that opens the circuit when it is out of sight.")
    unhealthy_share: Share = Field(default=0.3, description="Share of the objects that should run that opens the circuit when it is down.")
    creates: Count = Field(default=10, description="Most creates of one pass while the circuit is open.")


class GraceSpec(Strict):
    """How long what left the manifests stays frozen in quarantine before it is destroyed; 0s destroys at once."""

    services: Duration = Field(default=86_400, description="Of services.")
    sessions: Duration = Field(default=3_600, description="Of sessions that left before their time was over.")
    cells: Duration = Field(default=0, description="Of the cells of a pool that left.")


class PolicySpec(Strict):
    """Rules for the whole repository. At most one."""

    environment: Name = Field(
        default="default", description="Name of the environment, written on every object; a host of another one is refused."
    )
    limits: LimitsSpec = Field(default=LimitsSpec(), description="Limits of the guard.")
    egress: list[EgressSpec] = Field(default=[], description="What semitrusted containers may reach; nothing by default.")
    proxy: ProxySpec | None = Field(
        default=None,
        description="What the proxy of a host lets semitrusted containers reach by name; each host needs a Service that is one.",
    )
    grace: GraceSpec = Field(default=GraceSpec(), description="How long what left the manifests stays in quarantine.")
    drift: Literal["revert", "refuse"] = Field(
        default="revert", description="What is done about a field that somebody changed by hand: written again, or reported and left."
    )
    approval: Literal["required", "off"] = Field(
        default="required", description="Whether what destroys, replaces or unlocks needs the one-time code of a person."
    )
    signatures: Literal["required", "off"] = Field(
        default="off",
        description="Whether each commit must be signed by somebody in the file of signers, which is in no repository.",
    )
    force_stop: bool = Field(default=False, description="Whether a container that does not stop in time is stopped by force.")
    keep_jobs: Annotated[Duration, Field(ge=60, le=31_536_000)] = Field(
        default=86_400, description="How long a job that ended is kept, with what came of it and the key it was asked for with."
    )
    mode: ModeName = Field(default="enforce", description="detect tells what differs, everywhere, and changes nothing.")
    suspend: SuspendSpec | None = Field(default=None, description="Change nothing anywhere before a moment.")
    windows: list[WindowSpec] = Field(
        default=[],
        description="When what is there may be destroyed, replaced or restarted; any time where none is named. Expired sessions and surplus"
        " cells wait for none.",
    )
    update: UpdateSpec | None = Field(
        default=None,
        description="Change the services of one image, or of one label `rollout`, in turns; left out, only the limits bound how many are"
        " made anew.",
    )


class CapacitySpec(Strict):
    """What a host can hold. What is left out does not limit."""

    vcpu: Count | None = Field(default=None, description="CPUs.")
    memory: Size | None = Field(default=None, description="Memory to give out, with unit.")
    instances: Count | None = Field(default=None, description="Containers.")
    isolated: Count = Field(default=150, description="Ranges of 65,536 ids; each container takes one of its own, one with nesting two.")


class ClusterSpec(Strict):
    """The LXD cluster that a host is a member of. Every member has a manifest of its own; any of them answers for all."""

    name: Name = Field(description="Name of the cluster in this inventory; members that give the same one are served by one endpoint.")
    member: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="LXD's name of the member (`lxc cluster list`); left out, the host's name."
    )


class HostSpec(Strict):
    """One LXD endpoint, or one member of an LXD cluster."""

    address: Annotated[str, Field(pattern=r"^(unix:/.{1,200}|https://[^/\s]{1,253}:[0-9]{1,5})$")] = Field(
        description="unix:/path/to/unix.socket or https://address:port."
    )
    fingerprint: Fingerprint = Field(description="SHA-256 of its server certificate, 64 hex digits; a host that shows another is refused.")
    project: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        default="unsandbox", description="LXD project that all of ours live in."
    )
    location: Name = Field(description="Where it stands.")
    capacity: CapacitySpec = Field(default=CapacitySpec(), description="What it can hold.")
    state: Literal["active", "cordoned", "drained"] = Field(
        default="active", description="cordoned takes nothing more; drained should hold nothing."
    )
    pool: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")] = Field(
        default="unsandbox", description="LXD storage pool the containers live in; made where it is absent, never altered."
    )
    subnet: Annotated[str, Field(pattern=r"^[0-9.]{7,15}/(1[6-9]|2[0-8])$")] = Field(
        default="10.231.0.1/20", description="Address and prefix of the semitrusted bridge; local to the host."
    )
    uplink: Annotated[str, Field(pattern=r"^[0-9.]{7,15}/(1[6-9]|2[0-8])$")] = Field(
        default="10.230.255.1/28", description="Address and prefix of the bridge that its proxy reaches the world by; local to the host."
    )
    partner: Name | None = Field(default=None, description="Who lends it; left out, it is one of our own.")
    server_name: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="Name that its LXD must give for itself; left out, the one that was certified first."
    )
    cluster: ClusterSpec | None = Field(default=None, description="The LXD cluster that it is a member of; left out, it stands alone.")


Spec = ServiceSpec | SessionSpec | PoolSpec | ImageSpec | TierSpec | KeySpec | PolicySpec | HostSpec

KINDS: dict[Kind, type[Spec]] = {
    Kind.SERVICE: ServiceSpec,
    Kind.SESSION: SessionSpec,
    Kind.POOL: PoolSpec,
    Kind.IMAGE: ImageSpec,
    Kind.TIER: TierSpec,
    Kind.KEY: KeySpec,
    Kind.POLICY: PolicySpec,
    Kind.HOST: HostSpec,
}
