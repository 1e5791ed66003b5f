"""Small worlds from the words of a case table."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reconciler.engine.accept import digest_of
from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope
from reconciler.engine.spec import stated_devices
from reconciler.manifest import parts
from reconciler.manifest.schema_rollout import UpdateSpec
from reconciler.model import marks
from reconciler.model.cluster import Cluster
from reconciler.model.egress import Egress
from reconciler.model.execute import Cell, Claim, ClaimState
from reconciler.model.health import Health, Probe, Restart, RestartPolicy, Verdict
from reconciler.model.modes import DAYS, Mode, Stance, Suspension, Window
from reconciler.model.names import Kind, Ref, cell_ref, instance_name
from reconciler.model.records import Applied, Certified, Deed, Known, Ledger, PowerRecord, Writer
from reconciler.model.resources import (
    Bootstrap,
    Capacity,
    Commit,
    Desired,
    Drift,
    Grace,
    HostState,
    Image,
    Key,
    Limits,
    NetworkMode,
    Origin,
    Placement,
    Policy,
    Pool,
    Power,
    PowerOwner,
    Replace,
    Signatures,
    Signed,
    Workload,
)
from reconciler.model.world import Grade, Instance, Member, Observed, Operation, Status, unseen
from tests.bench import worlds as synthetic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.changes import Changes, Cleared
    from reconciler.model.plan import Plan
    from reconciler.model.resources import Host
    from reconciler.model.rollout import Update
    from reconciler.model.world import HostView

TOOL = "unsandbox test"
_TEXT = {
    Status.RUNNING: "Running",
    Status.FROZEN: "Frozen",
    Status.STOPPED: "Stopped",
    Status.ERROR: "Error",
    Status.CHANGING: "Starting",
    Status.UNKNOWN: "Pondering",
}


def stance(words: Mapping[str, Any]) -> Stance:
    """What a case says may be done: ``mode``, and ``suspend`` as [reason, until]."""
    suspension = Suspension(*words["suspend"]) if "suspend" in words else None
    return Stance(Mode(words.get("mode", "enforce")), suspension, words.get("said_by", ""))


def window(words: Mapping[str, Any]) -> Window:
    """A window in the words of a manifest, but its length in seconds."""
    hours, minutes = words["from"].split(":")
    days = tuple(DAYS.index(day) for day in words.get("days", DAYS))
    return Window(days, int(hours) * 60 + int(minutes), words["for"], words.get("zone", "UTC"))


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
        health=Probe(**{"command": ("/bin/well",), **words["health"]}) if "health" in words else None,
        restart=_restart(words.get("restart", {})),
        moved=words.get("moved", ""),
        moved_uid=f"uid-{words['moved']}" if "moved" in words else "",
        document=str(words.get("document", f"document of {ref}")),
        stance=stance(words),
        bootstrap=Bootstrap(words["bootstrap"], f"sha256:{words['bootstrap'].encode().hex():0<64}") if "bootstrap" in words else None,
    )
    return replace(made, owner="") if ref.kind is Kind.CELL else made


def _restart(words: Mapping[str, Any]) -> Restart:
    return Restart(**{**words, "policy": RestartPolicy(words.get("policy", "always"))})


def workloads(case: Mapping[str, Any]) -> tuple[Workload, ...]:
    """Everything the case declares, sorted by reference."""
    found = [workload(Ref(Kind.SERVICE, name), words or {}) for name, words in case.get("services", {}).items()]
    found += [workload(Ref(Kind.SESSION, name), words or {}) for name, words in case.get("sessions", {}).items()]
    for name, words in case.get("pools", {}).items():
        found += [workload(cell_ref(name, slot), words) for slot in range(words["size"])]
    return tuple(sorted(found, key=lambda item: item.ref))


def host(name: str, words: Mapping[str, Any]) -> Host:
    """A host from a case."""
    plain = synthetic.host(1)
    return replace(
        plain,
        ref=Ref(Kind.HOST, name),
        fingerprint=name.encode().hex().ljust(64, "0"),
        location=words.get("location", "here"),
        state=HostState(words.get("state", "active")),
        capacity=Capacity(
            memory=words["capacity_memory"] << 20 if "capacity_memory" in words else None,
            instances=words.get("capacity_instances", None if "capacity_memory" in words else 1000),
            isolated=words.get("capacity_isolated", 150),
        ),
        partner=words.get("partner", ""),
        server_name=words.get("server_name", ""),
        stance=stance(words),
    )


def _in_cluster(place: Host, words: Mapping[str, Any], hosts: Mapping[str, tuple[Host, Mapping[str, Any]]]) -> Host:
    """The host as the member that it is, where the case says ``cluster``: its member has the host's name."""
    cluster = words.get("cluster")
    if not cluster:
        return place
    together = [other for other, item in hosts.values() if item.get("cluster") == cluster and not item.get("forgotten")]
    members = tuple((other.name, other.name) for other in together)
    return replace(place, cluster=Cluster(cluster, members, tuple(other.address for other in together)), member=place.name)


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
    # As if it had been made, or written to, under the name that it has.
    nic = stated_devices(made, place, words.get("name", instance_name(made.ref)))["eth0"]
    return replace(
        plain,
        name=words.get("name", instance_name(made.ref)),
        uuid=uuid,
        status=status,
        status_text=words.get("text", _TEXT[status]),
        config={**config, "volatile.uuid": uuid} if uuid else {key: value for key, value in config.items() if key != "volatile.uuid"},
        ephemeral=words.get("ephemeral", False),
        generation=words.get("generation", ""),
        profiles=tuple(words.get("profiles", ())),
        inherited=words.get("inherited", ""),
        devices={**plain.devices, "eth0": nic, **words.get("devices", {})},
        created_at=words.get("created_at", plain.created_at),
        started_at=words.get("started_at", ""),
    )


def view(place: Host, words: Mapping[str, Any], policy: Policy) -> HostView:
    """What was seen of a host; complete and prepared unless the words say otherwise."""
    members = tuple(Member(name, status, votes=True) for name, status in words.get("members", {}).items())
    if words.get("grade") == "unseen":
        blind = unseen(place.name, "host-unreachable: no answer in time", synthetic.AT, words.get("code", "O01"), words.get("cluster", ""))
        return replace(blind, doubtful=words.get("doubtful", {}), members=members)
    rows = sorted((row(item, place, policy) for item in words.get("rows", ())), key=lambda item: item.name)
    seen = synthetic.view(place, rows, policy)
    doubtful = words.get("doubtful", {})
    if seen.project is None:
        raise AssertionError("a synthetic view has a project")
    project = replace(seen.project, images=frozenset(words.get("images", seen.project.images)))
    config = {**project.config, **words.get("project", {})}
    project = replace(
        project,
        config={key: value for key, value in config.items() if value is not None},
        snapshots=_snapshots(rows, words) if words.get("told", True) else None,
    )
    if seen.identity is None:
        raise AssertionError("a synthetic view has an identity")
    identity = replace(
        seen.identity,
        server_name=words.get("called", place.name),
        extensions=seen.identity.extensions - frozenset(words.get("lacks", ())),
    )
    return replace(
        seen,
        grade=Grade.PARTIAL if doubtful else Grade.COMPLETE,
        why=tuple(f"{name}: {why}" for name, why in doubtful.items()),
        doubtful=doubtful,
        project=project if words.get("prepared", True) else None,
        identity=identity,
        instances=tuple(rows),
        operations=tuple(
            Operation("op-1", item["doing"], item["instance"], item.get("kind", "task")) for item in words.get("operations", ())
        ),
        seen_at=synthetic.AT - timedelta(seconds=words.get("age", 0)),
        skew=float(words.get("skew", 0)),
        members=members,
        cluster=words.get("cluster", ""),
    )


def _snapshots(rows: Iterable[Instance], words: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Of every row that has a disk."""
    told = words.get("snapshots", {})
    return {item.name: tuple(told.get(item.name, ())) for item in rows if item.name not in words.get("diskless", ())}


def build(case: Mapping[str, Any]) -> tuple[Desired, Observed, Ledger]:
    """Desired, observed and ledger of a case."""
    words = case.get("policy", {})
    limits = replace(Limits(), **words.get("limits", {}))
    egress = tuple(Egress(**rule) for rule in words.get("egress", ()))
    # Most cases are about what comes after the grace; those about it say so.
    grace = Grace(**{"services": 0, "sessions": 0, "cells": 0, **words.get("grace", {})})
    policy = Policy(words.get("environment", "default"), limits, egress, grace, Drift(words.get("drift", "revert")))
    policy = replace(policy, stance=stance(words), windows=tuple(window(item) for item in words.get("windows", ())))
    policy = replace(policy, update=update(words.get("update")))
    policy = replace(policy, signatures=Signatures(words.get("signatures", "off")))
    hosts = {name: (host(name, item or {}), item or {}) for name, item in case.get("hosts", {"h1": {}}).items()}
    hosts = {name: (_in_cluster(place, item, hosts), item) for name, (place, item) in hosts.items()}
    views = {name: view(place, item, policy) for name, (place, item) in hosts.items()}
    images = tuple(
        Image(
            Ref(Kind.IMAGE, name),
            item.get("fingerprint", synthetic.IMAGE),
            name,
            synthetic.SOURCE,
            item.get("file", ""),
            item.get("recipe", ""),
        )
        for name, item in case.get("images", {"starter": {}}).items()
    )
    # Something is always declared, even where a case is about what is not; D01 is about an empty repository.
    sizes = {**({} if case.get("empty") else {"standing": {"size": 0}}), **case.get("pools", {})}
    pools = tuple(
        Pool(Ref(Kind.POOL, name), item["size"], item["size"], synthetic.SOURCE, stance(item), update(item.get("update")))
        for name, item in sorted(sizes.items())
    )
    desired = Desired(
        workloads(case),
        pools,
        images,
        (),
        tuple(
            Key(Ref(Kind.KEY, name), "unsb-pk-aaaa-bbbb-cccc-dddd", "small", "", "", synthetic.SOURCE)
            for name in case.get("keys", ["team"])
        ),
        tuple(place for place, item in hosts.values() if not item.get("forgotten")),
        policy,
        Commit("c0ffee", dirty=case.get("dirty", False), digest="0" * 64),
        _origin(case.get("origin", {})),
    )
    observed = Observed(
        views,
        synthetic.AT,
        case.get("own", ""),
        frozenset(case.get("underway", ())),
        {uuid: _health(item) for uuid, item in case.get("health", {}).items()},
        float(case.get("jumped", 0)),
    )
    return desired, observed, ledger_of(case, desired, observed)


def _origin(words: Mapping[str, Any]) -> Origin:
    signed = Signed(**words["signed"]) if "signed" in words else None
    return Origin(**{name: value for name, value in words.items() if name != "signed"}, signed=signed)


def _health(words: Mapping[str, Any]) -> Health:
    """Unhealthy a moment ago unless the words say otherwise; ``ago`` in seconds."""
    at = synthetic.AT - timedelta(seconds=words.get("ago", 1))
    verdict = Verdict(words.get("verdict", "unhealthy"))
    return Health(verdict, words.get("why", "it ended with status 1"), at, words.get("run", ""), tuple(words.get("asked", ())))


def ledger_of(case: Mapping[str, Any], desired: Desired, observed: Observed) -> Ledger:
    """What past passes certified: all that is there, unless the case forgets it; ``known`` overrides it by uuid."""
    documents = {str(item.ref): item.document for item in desired.workloads}
    known = {} if case.get("forget") else {item.uuid: item for item in _certified(observed, desired.policy.environment, documents)}
    for uuid, words in case.get("known", {}).items():
        plain = known.get(uuid) or Known(
            uuid, f"Service/{words.get('of', '')}", f"uid-{words.get('of', '')}", "h1", f"svc-{words.get('of', '')}", "", "", ""
        )
        known[uuid] = replace(plain, **{name: value for name, value in words.items() if name != "of"})
    known = {uuid: item for uuid, item in known.items() if uuid not in case.get("unknown", ())}
    counts = Counter(item.host for item in known.values())
    looked = () if case.get("forget") else [name for name in observed.hosts if name not in case.get("never", ())]
    certified = {name: Certified(name, name, counts[name]) for name in looked}
    return Ledger(
        powers={uuid: PowerRecord(item["power"], Writer(item["writer"])) for uuid, item in case.get("powers", {}).items()},
        ended=frozenset(case.get("ended", ())),
        known=known,
        certified=certified,
        deeds=tuple(_deed(item) for item in case.get("deeds", ()) for _ in range(item.get("times", 1))),
        accepted=frozenset(case.get("accepted", ())),
        open_questions={(item["host"], item["instance"]): (item["call"], "no mark tells") for item in case.get("open", ())},
        ending=frozenset(case.get("ending", ())),
        begun=frozenset((item["host"], item["instance"], item["plan"]) for item in case.get("begun", ())),
        applied=Applied(**case["applied"]) if "applied" in case else None,
        circuit=case.get("circuit", ""),
        claims={uuid: _claim(uuid, item) for uuid, item in found.items()} if (found := case.get("claims", {})) is not None else None,
    )


def _claim(uuid: str, state: str) -> Claim:
    cell = Cell(uuid, cell_ref("py", 0), "h1", "cell-py-0")
    return Claim(cell, 7, "" if state == "ended" else "0" * 16, ClaimState("spent" if state == "ended" else state), "", 0.0, 0.0)


def _certified(observed: Observed, env: str, documents: Mapping[str, str]) -> Iterator[Known]:
    for view in observed.hosts.values():
        for item in view.instances:
            mark = marks.read_marks(item.config)
            if mark is not None and mark.env == env and item.uuid:
                text = str(mark.ref)
                yield Known(item.uuid, text, mark.uid, view.host, item.name, item.generation, item.inherited, documents.get(text, ""))


def update(words: Mapping[str, Any] | None) -> Update | None:
    """A rolling update, as a manifest writes it; None for none."""
    return parts.update(UpdateSpec.model_validate(words)) if words is not None else None


def _deed(words: Mapping[str, Any]) -> Deed:
    return Deed(
        synthetic.AT - timedelta(seconds=words.get("age", 0)),
        words.get("call", "DeleteInstance"),
        words.get("action", "destroy"),
        words["ref"],
        words.get("host", "h1"),
        words.get("owner", "team"),
        words.get("uuid", ""),
        words.get("done", True),
        tuple(words.get("paths", ())),
    )


def decide(case: Mapping[str, Any]) -> tuple[Changes, Cleared, Plan]:
    """The whole pure half over one case."""
    desired, observed, ledger = build(case)
    changes = diff(desired, observed, ledger)
    cleared = clear(changes, desired, observed, ledger)
    # A person accepts what the first look refused, and everything is decided again.
    accepted = {digest_of(refusal) for refusal in cleared.refusals if refusal.code in case.get("accept", ())}
    if accepted:
        ledger = replace(ledger, accepted=ledger.accepted | accepted)
        cleared = clear(changes, desired, observed, ledger)
    return changes, cleared, make_plan(cleared, desired, observed, TOOL, Scope())
