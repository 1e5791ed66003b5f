"""A small world for the tables of access: a person's key, the agent's made from it, the agent's child's, and a stranger's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_DNS, uuid5

from reconciler.model import marks
from reconciler.model.names import Kind, Ref, instance_name
from reconciler.model.records import Applied
from reconciler.model.resources import (
    Approval,
    Commit,
    Desired,
    Key,
    NetworkMode,
    Placement,
    Policy,
    Power,
    PowerOwner,
    Resources,
    Source,
    Workload,
)
from reconciler.model.tenancy import Caller, Request
from reconciler.model.world import Grade, HostView, Instance, Observed, Status, unseen
from reconciler.policy.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = datetime(2026, 2, 3, 11, 54, tzinfo=UTC)
APPLIED = {"never": None, "required": Applied("c0ffee", "", "", approval=True), "off": Applied("c0ffee", "", "", approval=False)}
SOURCES = {"state": Source("state/service-x.yaml", 1), "git": Source("manifests/services.yaml", 7)}


def uuid_of(name: str) -> str:
    """A uuid for a name, always the same."""
    return str(uuid5(NAMESPACE_DNS, name))


def public(name: str) -> str:
    """The public id of a key."""
    return f"unsb-pk-{name}"


def _key(name: str, parent: str = "", until: str = "", public_id: str = "") -> Key:
    return Key(Ref(Kind.KEY, name), public_id or public(name), "small", until, parent, SOURCES["git"])


KEYS = (
    _key("person"),
    _key("agent", "person"),
    _key("child", "agent"),
    _key("grandchild", "child"),
    _key("stranger"),
    _key("late", until="2026-02-03T11:53:59+00:00"),
    _key("timely", until="2026-02-03T11:54:01+00:00"),
    _key("timeless", until="some day"),
    _key("one", public_id=public("shared")),
    _key("two", public_id=public("shared")),
)


def _workload(ref: Ref, words: Mapping[str, Any]) -> Workload:
    return Workload(
        ref=ref,
        uid=words.get("declared_uid", f"uid-{ref.name}"),
        owner=words.get("declared_owner", words.get("owner", "agent")),
        image="1f" * 32,
        image_name="starter",
        power=Power(words.get("power", "running")),
        power_owner=PowerOwner(words.get("power_owner", "declared")),
        network=NetworkMode.ZEROTRUST,
        resources=Resources(1, 1 << 26, 1 << 27, 64),
        placement=Placement(),
        source=SOURCES[words.get("declared", "state")],
        locked=words.get("declared_locked", False),
    )


def _instance(ref: Ref, words: Mapping[str, Any]) -> Instance:
    config = {
        marks.ENV: words.get("env", "default"),
        marks.KIND: ref.kind.value,
        marks.NAME: ref.name,
        marks.UID: words.get("uid", f"uid-{ref.name}"),
        marks.OWNER: words.get("owner", "agent"),
        marks.LINEAGE: words.get("raw_lineage") or ",".join(uuid_of(name) for name in words.get("lineage", ())),
        marks.USER_LOCK: words.get("userlock", ""),
        marks.LOCKED: words.get("locked", ""),
        marks.QUARANTINE: words.get("quarantine", ""),
    }
    return Instance(
        name=instance_name(ref),
        uuid=words.get("uuid", uuid_of(ref.name)),
        generation="",
        status=Status.RUNNING,
        status_text="Running",
        config={key: value for key, value in config.items() if value},
        devices={},
        profiles=(),
        ephemeral=False,
        location="none",
        type="container",
        created_at="2026-02-01T00:00:00Z",
    )


def _view(host: str, grade: str, rows: tuple[Instance, ...]) -> HostView:
    if grade == "unseen":
        return unseen(host, "host-unreachable: no answer in time", AT)
    return HostView(host, Grade(grade), () if grade == "complete" else ("a row is hollow",), AT, instances=rows)


def _ref(text: str) -> Ref:
    return Ref.parse(text if "/" in text else f"Service/{text}")


def _caller(words: Mapping[str, Any]) -> Caller:
    place = words.get("container", "")
    container = {"unknown": None, "": ""}.get(place, uuid_of(place))
    key = words.get("key", "" if "operator" in words else "agent")
    return Caller(public(key) if key else "", words.get("operator", ""), container)


def subject(case: Mapping[str, Any]) -> Subject:
    """The subject that a case's words describe. ``objects`` are there and declared unless their words say otherwise."""
    objects = {_ref(name): words or {} for name, words in case.get("objects", {}).items()}
    grades = {"h1": "complete", "h2": "complete"} | case.get("hosts", {})
    views = {}
    for host, grade in grades.items():
        rows = tuple(_instance(ref, words) for ref, words in objects.items() if host in words.get("at", ["h1"]))
        views[host] = _view(host, grade, rows)
    desired = Desired(
        workloads=tuple(sorted((_workload(ref, words) for ref, words in objects.items() if words.get("declared") != "no"), key=_by_ref)),
        pools=(),
        images=(),
        tiers=(),
        keys=KEYS,
        hosts=(),
        policy=Policy(approval=Approval(case.get("approval", "required"))),
        commit=Commit("c0ffee", dirty=False, digest="0" * 64),
    )
    request = Request(_caller(case.get("caller", {})), case["method"], _ref(case["ref"]))
    return Subject(request, desired, Observed(views, AT), case.get("approver", ""), APPLIED[case.get("applied", "never")])


def _by_ref(workload: Workload) -> Ref:
    return workload.ref
