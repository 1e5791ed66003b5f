"""Small worlds from the words of a case table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope
from reconciler.model import marks
from reconciler.model.names import Kind, Ref, cell_ref, instance_name
from reconciler.model.records import Ledger, PowerRecord, Writer
from reconciler.model.resources import (
    Bootstrap,
    Capacity,
    Commit,
    Desired,
    Egress,
    HostState,
    Image,
    Limits,
    NetworkMode,
    Placement,
    Policy,
    Pool,
    Power,
    PowerOwner,
    Replace,
    Workload,
)
from reconciler.model.world import Grade, Instance, Observed, Operation, Status, unseen
from tests.bench import worlds as synthetic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.changes import Changes, Cleared
    from reconciler.model.plan import Plan
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

TOOL = "unsandbox test"
_TEXT = {
    Status.RUNNING: "Running",
    Status.FROZEN: "Frozen",
    Status.STOPPED: "Stopped",
    Status.ERROR: "Error",
    Status.CHANGING: "Freezing",
    Status.UNKNOWN: "Pondering",
}


def workload(ref: Ref, words: Mapping[str, Any]) -> Workload:
    """A workload from a case: a running service of 64 MiB unless the words say otherwise."""
    plain = synthetic.service(sum(ref.name.encode()), "")
    made = replace(
        plain,
        ref=ref,
        uid=str(words.get("uid", f"uid-{ref.name}")),
        placement=Placement(words.get("host"), words.get("location"), tuple(words.get("hosts", ()))),
        power=Power(words.get("power", "running")),
        power_owner=PowerOwner(words.get("owner_of_power", "declared")),
        network=NetworkMode(words.get("network", "zerotrust")),
        resources=replace(plain.resources, memory=words.get("memory", 64) << 20, disk=words.get("disk", 128) << 20),
        env=tuple(sorted(words.get("env", {}).items())),
        labels=tuple(sorted(words.get("labels", {}).items())),
        ports=tuple(words.get("ports", ())),
        image=words.get("image", synthetic.IMAGE),
        replace=Replace(words.get("replace", "refuse")),
        locked=words.get("locked", False),
        nesting=words.get("nesting", False),
        ttl=words.get("ttl", 0),
        bootstrap=Bootstrap(words["bootstrap"], f"sha256:{words['bootstrap'].encode().hex():0<64}") if "bootstrap" in words else None,
    )
    return replace(made, owner="") if ref.kind is Kind.CELL else made


def workloads(case: Mapping[str, Any]) -> tuple[Workload, ...]:
    """Everything the case declares, sorted by reference."""
    found = [workload(Ref(Kind.SERVICE, name), words or {}) for name, words in case.get("services", {}).items()]
    found += [workload(Ref(Kind.SESSION, name), words or {}) for name, words in case.get("sessions", {}).items()]
    for name, words in case.get("pools", {}).items():
        found += [workload(cell_ref(name, slot), words) for slot in range(words["size"])]
    return tuple(sorted(found, key=lambda item: item.ref))


def host(name: str, words: Mapping[str, Any]) -> Host:
    """A host from a case."""
    return replace(
        synthetic.host(1),
        ref=Ref(Kind.HOST, name),
        fingerprint=name.encode().hex().ljust(64, "0"),
        location=words.get("location", "here"),
        state=HostState(words.get("state", "active")),
        capacity=Capacity(
            memory=words["capacity_memory"] << 20 if "capacity_memory" in words else None,
            instances=words.get("capacity_instances"),
            isolated=words.get("capacity_isolated", 150),
        ),
    )


def row(words: Mapping[str, Any], place: Host, policy: Policy) -> Instance:
    """One instance: ``of`` names the workload it was made as; ``config`` overrides keys (null removes one)."""
    kind = {"service": Kind.SERVICE, "session": Kind.SESSION, "cell": Kind.CELL}[words.get("kind", "service")]
    made = workload(Ref(kind, words["of"]), {"uid": f"uid-{words['of']}", **words.get("made", {})})
    plain = synthetic.row(made, place, policy)
    config = {**plain.config, "volatile.base_image": made.image}
    if made.bootstrap and words.get("ran", True):
        config[marks.BOOTSTRAP] = made.bootstrap.digest
    for key, value in words.get("config", {}).items():
        config[key] = str(value)
        if value is None:
            del config[key]
    status = Status(words.get("status", "running"))
    uuid = str(words.get("uuid", f"uuid-{words['of']}"))
    return replace(
        plain,
        name=words.get("name", instance_name(made.ref)),
        uuid=uuid,
        status=status,
        status_text=_TEXT[status],
        config={**config, "volatile.uuid": uuid} if uuid else {key: value for key, value in config.items() if key != "volatile.uuid"},
        ephemeral=words.get("ephemeral", False),
        created_at=words.get("created_at", plain.created_at),
    )


def view(place: Host, words: Mapping[str, Any], policy: Policy) -> HostView:
    """What was seen of a host; complete and prepared unless the words say otherwise."""
    if words.get("grade") == "unseen":
        return unseen(place.name, "host-unreachable: no answer in time", synthetic.AT)
    rows = sorted((row(item, place, policy) for item in words.get("rows", ())), key=lambda item: item.name)
    seen = synthetic.view(place, rows, policy)
    doubtful = words.get("doubtful", {})
    if seen.project is None:
        raise AssertionError("a synthetic view has a project")
    project = replace(seen.project, images=frozenset(words.get("images", seen.project.images)))
    config = {**project.config, **words.get("project", {})}
    project = replace(project, config={key: value for key, value in config.items() if value is not None})
    return replace(
        seen,
        grade=Grade.PARTIAL if doubtful else Grade.COMPLETE,
        why=tuple(f"{name}: {why}" for name, why in doubtful.items()),
        doubtful=doubtful,
        project=project if words.get("prepared", True) else None,
        instances=tuple(rows),
        operations=tuple(Operation("op-1", item["doing"], item["instance"]) for item in words.get("operations", ())),
    )


def build(case: Mapping[str, Any]) -> tuple[Desired, Observed, Ledger]:
    """Desired, observed and ledger of a case."""
    words = case.get("policy", {})
    limits = replace(Limits(), **words.get("limits", {}))
    egress = tuple(Egress(**rule) for rule in words.get("egress", ()))
    policy = Policy(words.get("environment", "default"), limits, egress)
    hosts = {name: (host(name, item or {}), item or {}) for name, item in case.get("hosts", {"h1": {}}).items()}
    views = {name: view(place, item, policy) for name, (place, item) in hosts.items()}
    images = tuple(
        Image(Ref(Kind.IMAGE, name), item.get("fingerprint", synthetic.IMAGE), name, synthetic.SOURCE, item.get("file", ""))
        for name, item in case.get("images", {"starter": {}}).items()
    )
    pools = tuple(
        Pool(Ref(Kind.POOL, name), item["size"], item["size"], synthetic.SOURCE) for name, item in sorted(case.get("pools", {}).items())
    )
    desired = Desired(
        workloads(case),
        pools,
        images,
        (),
        (),
        tuple(place for place, item in hosts.values() if not item.get("forgotten")),
        policy,
        Commit("c0ffee", dirty=False, digest="0" * 64),
    )
    ledger = Ledger(
        powers={uuid: PowerRecord(item["power"], Writer(item["writer"])) for uuid, item in case.get("powers", {}).items()},
        ended=frozenset(case.get("ended", ())),
    )
    return desired, Observed(views, synthetic.AT), ledger


def decide(case: Mapping[str, Any]) -> tuple[Changes, Cleared, Plan]:
    """The whole pure half over one case."""
    desired, observed, ledger = build(case)
    changes = diff(desired, observed, ledger)
    cleared = clear(changes, desired, observed, ledger)
    return changes, cleared, make_plan(cleared, desired, observed, TOOL, Scope())
