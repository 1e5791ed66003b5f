"""Synthetic fleets: desired and observed values of any size, made from the same specification code that real hosts are made by."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.engine.foundation import foundation
from reconciler.engine.refuse.observation import EXTENSIONS
from reconciler.engine.spec import instance_spec
from reconciler.model import marks
from reconciler.model.names import Kind, Ref, instance_name
from reconciler.model.records import Certified, Known, Ledger
from reconciler.model.resources import (
    Capacity,
    Commit,
    Desired,
    Host,
    HostState,
    Image,
    NetworkMode,
    Placement,
    Policy,
    Power,
    PowerOwner,
    Resources,
    Source,
    Workload,
)
from reconciler.model.world import Grade, HostView, Identity, Instance, Observed, ProjectView, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source("manifests/fleet.yaml", 1)
IMAGE = "1f" * 32
PROJECT = "unsandbox"


def host(number: int, name: str = "", address: str = "", fingerprint: str = "") -> Host:
    """An active host with no stated capacity but for ids. What is not told of it is made of its number."""
    return Host(
        ref=Ref(Kind.HOST, name or f"h{number:03}"),
        address=address or f"https://192.0.2.{number % 250}:8443",
        fingerprint=fingerprint or f"{number:064x}",
        project=PROJECT,
        location="here",
        labels=(),
        capacity=Capacity(isolated=100_000),
        state=HostState.ACTIVE,
        pool="unsandbox",
        subnet="10.231.0.1/20",
        source=SOURCE,
    )


def service(number: int, at: str) -> Workload:
    """A running service pinned to host ``at``."""
    return Workload(
        ref=Ref(Kind.SERVICE, f"s{number:06}"),
        uid=f"{number:032x}",
        owner="team",
        image=IMAGE,
        image_name="starter",
        power=Power.RUNNING,
        power_owner=PowerOwner.DECLARED,
        network=NetworkMode.ZEROTRUST,
        resources=Resources(1, 64 << 20, 128 << 20, 100),
        placement=Placement(host=at),
        source=SOURCE,
        env=(("A", "1"), ("B", "2")),
        ports=(80,),
        labels=(("role", "web"),),
        document=f"{number:064x}",
    )


def row(workload: Workload, place: Host, policy: Policy) -> Instance:
    """The instance as LXD would list it, had we made it."""
    spec = instance_spec(workload, place, policy, isolated=True, commit="c0ffee")
    number = zlib.crc32(workload.uid.encode())
    volatile = {
        "volatile.uuid": f"00000000-0000-4000-8000-{workload.uid[-12:]}",
        "volatile.base_image": workload.image,
        "volatile.last_state.power": "RUNNING",
        "volatile.eth0.hwaddr": f"00:16:3e:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        "volatile.idmap.base": "165536",
        "image.os": "starter",
    }
    return Instance(
        name=instance_name(workload.ref),
        uuid=volatile["volatile.uuid"],
        generation="",
        status=Status.RUNNING,
        status_text="Running",
        config={**spec.config, marks.INTENT: "0" * 32, **volatile},
        devices=spec.devices,
        profiles=(),
        ephemeral=False,
        location="none",
        type="container",
        created_at="2025-12-31T00:00:00Z",
    )


def view(place: Host, rows: list[Instance], policy: Policy) -> HostView:
    """A complete view of a prepared host."""
    ground = foundation(place, policy)
    return HostView(
        host=place.name,
        grade=Grade.COMPLETE,
        why=(),
        seen_at=AT,
        identity=Identity(place.name, place.fingerprint, "5.0.2", clustered=False, extensions=EXTENSIONS, addresses=()),
        project=ProjectView(
            {marks.ENV: policy.environment, marks.FOUNDATION: ground.digest},
            frozenset(item.name for item in rows),
            frozenset({IMAGE}),
            dict.fromkeys((item.name for item in rows), ()),
        ),
        instances=tuple(rows),
    )


def world(instances: int, hosts: int, changed_share: float = 0.01) -> tuple[Desired, Observed, Ledger]:
    """A converged fleet in which ``changed_share`` of the manifests were edited since (memory doubled)."""
    policy = Policy()
    places = [host(number) for number in range(hosts)]
    workloads = [service(number, places[number % hosts].name) for number in range(instances)]
    # Host by host, as answers come in: where values lie in memory is part of what a pass costs.
    rows = {
        place.name: [row(workload, place, policy) for workload in workloads if workload.placement.host == place.name] for place in places
    }
    every = max(1, int(1 / changed_share)) if changed_share else 0
    wanted = tuple(
        replace(workload, resources=replace(workload.resources, memory=128 << 20), document="edited")
        if every and number % every == 0
        else workload
        for number, workload in enumerate(workloads)
    )
    image = Image(Ref(Kind.IMAGE, "starter"), IMAGE, "starter", SOURCE)
    desired = Desired(wanted, (), (image,), (), (), tuple(places), policy, Commit("c0ffee", dirty=False, digest="0" * 64))
    return desired, Observed({place.name: view(place, rows[place.name], policy) for place in places}, AT), ledger(workloads, rows)


def ledger(workloads: list[Workload], rows: Mapping[str, list[Instance]]) -> Ledger:
    """What a pass certified that saw every one of ``rows`` (by host), made for ``workloads``."""
    by_name = {instance_name(workload.ref): workload for workload in workloads}
    known = (
        Known(item.uuid, str(by_name[item.name].ref), by_name[item.name].uid, host, item.name, "", "", by_name[item.name].document)
        for host, items in rows.items()
        for item in items
    )
    return Ledger(
        known={item.uuid: item for item in known},
        certified={host: Certified(host, host, len(items)) for host, items in rows.items()},
    )
