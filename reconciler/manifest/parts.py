"""One document each to its value in ``model.resources``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import Defect
from reconciler.manifest.schema import HostSpec, ImageSpec, KeySpec, PolicySpec, TierSpec
from reconciler.model.egress import Egress, Place, Proxy
from reconciler.model.health import Probe, Restart, RestartPolicy
from reconciler.model.modes import DAYS, Mode, Stance, Suspension, Window
from reconciler.model.resources import (
    Approval,
    Capacity,
    Drift,
    Grace,
    Host,
    HostState,
    Image,
    Key,
    Limits,
    Policy,
    Resources,
    Signatures,
    Tier,
)
from reconciler.model.rollout import OnFailure, Portion, Update

if TYPE_CHECKING:
    from reconciler.manifest.documents import Document
    from reconciler.manifest.schema_egress import ProxySpec
    from reconciler.manifest.schema_health import HealthSpec, RestartSpec
    from reconciler.manifest.schema_modes import SuspendSpec, WindowSpec
    from reconciler.manifest.schema_rollout import UpdateSpec
    from reconciler.model.cluster import Cluster
    from reconciler.model.resources import Source

S = TypeVar("S")


def spec_of(document: Document, kind: type[S]) -> S:
    """The document's spec, which is of ``kind``; anything else is a defect of ours."""
    if not isinstance(document.spec, kind):
        raise Defect(f"{document.ref} at {document.source} holds a {type(document.spec).__name__}, not a {kind.__name__}")
    return document.spec


def fingerprint(document: Document) -> str:
    """Of an Image: the pinned fingerprint."""
    return spec_of(document, ImageSpec).fingerprint


def image(document: Document) -> Image:
    """An image. The alias of one that is built from a recipe moves when its tests passed on a host, and not where it is imported."""
    spec = spec_of(document, ImageSpec)
    return Image(
        document.ref, spec.fingerprint, spec.alias or "", document.source, spec.file or "", spec.recipe or "", tuple(spec.languages)
    )


def tier(document: Document) -> Tier:
    """A tier."""
    spec = spec_of(document, TierSpec)
    resources = Resources(spec.vcpu, spec.memory, spec.disk, spec.processes)
    return Tier(document.ref, resources, tuple(sorted(spec.counts.items())), tuple(sorted(spec.rates.items())), document.source)


def key(document: Document) -> Key:
    """A key."""
    spec = spec_of(document, KeySpec)
    return Key(document.ref, spec.public_id, spec.tier, spec.valid_until or "", spec.parent or "", document.source)


def host(document: Document, cluster: Cluster | None = None) -> Host:
    """A host; of a member, with its ``cluster``."""
    spec = spec_of(document, HostSpec)
    capacity = Capacity(spec.capacity.vcpu, spec.capacity.memory, spec.capacity.instances, spec.capacity.isolated)
    return Host(
        ref=document.ref,
        address=spec.address,
        fingerprint=spec.fingerprint,
        project=spec.project,
        location=spec.location,
        labels=document.labels,
        capacity=capacity,
        state=HostState(spec.state),
        pool=spec.pool,
        subnet=spec.subnet,
        uplink=spec.uplink,
        source=document.source,
        partner=spec.partner or "",
        server_name=spec.server_name or "",
        stance=document.stance,
        cluster=cluster,
        member=((spec.cluster.member if spec.cluster else None) or document.ref.name) if cluster else "",
    )


def policy(spec: PolicySpec, source: Source) -> Policy:
    """The policy. The fields of ``LimitsSpec`` and ``GraceSpec`` are those of the values."""
    return Policy(
        environment=spec.environment,
        limits=Limits(**spec.limits.model_dump()),
        egress=tuple(Egress(rule.destination, rule.protocol, rule.ports) for rule in spec.egress),
        proxy=_proxy(spec.proxy) if spec.proxy else None,
        grace=Grace(**spec.grace.model_dump()),
        drift=Drift(spec.drift),
        approval=Approval(spec.approval),
        signatures=Signatures(spec.signatures),
        force_stop=spec.force_stop,
        keep_jobs=spec.keep_jobs,
        update=update(spec.update),
        source=source,
        stance=stance_of(spec.mode, spec.suspend),
        windows=tuple(_window(window) for window in spec.windows),
    )


def _proxy(spec: ProxySpec) -> Proxy:
    return Proxy(tuple(_place(text) for text in spec.names), tuple(spec.resolvers), spec.connections, spec.rate, spec.body)


def _place(text: str) -> Place:
    name, _, ports = text.partition(":")
    return Place(name, tuple(int(port) for port in ports.split(","))) if ports else Place(name)


def stance_of(mode: str, suspend: SuspendSpec | None) -> Stance:
    """What may be done, as a manifest says it."""
    return Stance(Mode(mode), Suspension(suspend.reason, suspend.until) if suspend else None)


def _window(spec: WindowSpec) -> Window:
    hours, minutes = spec.opens.split(":")
    days = tuple(sorted({DAYS.index(day) for day in spec.days}))
    return Window(days, int(hours) * 60 + int(minutes), spec.length, spec.zone)


def update(spec: UpdateSpec | None) -> Update | None:
    """The terms of a rolling update; None where none are written."""
    if spec is None:
        return None
    return Update(
        max_unavailable=spec.max_unavailable,
        canary=spec.canary or Portion(0),
        proven=spec.proven,
        pause=spec.pause,
        on_failure=OnFailure(spec.on_failure),
    )


def probe(spec: HealthSpec) -> Probe:
    """How a service is asked. Exactly one way is given."""
    http, tcp = spec.http, spec.tcp
    return Probe(
        command=tuple(spec.command or ()),
        port=http.port if http else tcp.port if tcp else 0,
        path=http.path if http else "",
        host=http.host if http else "",
        status=(http.status or 0) if http else 0,
        interval=spec.interval,
        timeout=spec.timeout,
        retries=spec.retries,
        start_period=spec.start_period,
    )


def restart(spec: RestartSpec) -> Restart:
    """What is done when it fails."""
    return Restart(RestartPolicy(spec.policy), spec.backoff, spec.cap, spec.window)
