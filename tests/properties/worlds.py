"""Generated worlds in the words of the case tables, and the effect of a plan on one, without any LXD."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from reconciler.model import marks
from reconciler.model.plan import (
    CreateInstance,
    DeleteInstance,
    DropProtection,
    ImportImage,
    PutObject,
    SetPower,
    UpdateInstance,
)
from reconciler.model.world import Instance, Observed, ProjectView, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Call, Plan
    from reconciler.model.world import HostView

NAMES = ("a", "b", "c", "d", "e")
HOSTS = ("h1", "h2", "h3")

_power = st.sampled_from(["running", "frozen", "hibernated"])
_wanted: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "power": _power,
        "memory": st.sampled_from([64, 96]),
        "host": st.sampled_from(HOSTS),
        "locked": st.booleans(),
        "network": st.sampled_from(["zerotrust", "semitrusted"]),
        "replace": st.sampled_from(["refuse", "allowed"]),
        "env": st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "2"])),
        "owner_of_power": st.sampled_from(["declared", "idle", "unmanaged"]),
        "bootstrap": st.sampled_from(["true", "false"]),
    },
)
_foreign = st.sampled_from([{"user.unsandbox.env": None}, {"user.unsandbox.env": "production"}, {"user.unsandbox.kind": "Other"}])
_row = st.fixed_dictionaries(
    {"of": st.sampled_from(NAMES)},
    optional={
        "made": _wanted.map(lambda words: {key: value for key, value in words.items() if key != "host"}),
        "status": st.sampled_from(["running", "frozen", "stopped", "changing", "error"]),
        "config": _foreign | st.sampled_from([{"user.unsandbox.claim": "key-7"}, {"user.unsandbox.uid": "second"}]),
        "twin": st.just(value=True),
        "ephemeral": st.booleans(),
        "ran": st.booleans(),
    },
)
_cell = st.fixed_dictionaries(
    {"kind": st.just("cell"), "of": st.sampled_from(["py-0", "py-1", "py-2"])},
    optional={"config": st.just({"user.unsandbox.claim": "key-7"}), "status": st.sampled_from(["running", "stopped"])},
)
_host: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"rows": st.lists(_row | _cell, max_size=5, unique_by=lambda row: row["of"])},
    optional={
        "grade": st.just("unseen"),
        "doubtful": st.dictionaries(st.sampled_from(["svc-a", "svc-x"]), st.just("hollow"), max_size=1),
        "state": st.sampled_from(["active", "cordoned"]),
        "images": st.just([]),
        "capacity_instances": st.integers(0, 6),
    },
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case of one to three hosts."""
    names = draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3, unique=True))
    hosts = {name: draw(_host) for name in sorted(names)}
    for name, words in hosts.items():
        words["rows"] = [{**item, "uuid": "twin" if item.get("twin") else f"{name}-{item['of']}"} for item in words["rows"]]
    services: dict[str, dict[str, Any]] = draw(st.dictionaries(st.sampled_from(NAMES), _wanted, max_size=5))
    for words in services.values():
        if words.get("host") not in hosts:
            words.pop("host", None)
    return {
        "services": services,
        "pools": draw(st.dictionaries(st.just("py"), st.fixed_dictionaries({"size": st.integers(0, 3)}), max_size=1)),
        "hosts": hosts,
        "images": {"starter": {"file": "starter.tar.gz"}},
        "policy": {"limits": {"destroys": draw(st.integers(0, 6)), "small_fleet": 4, "destroy_share": draw(st.sampled_from([0.3, 1.0]))}},
        "powers": draw(st.dictionaries(st.sampled_from(["h1-a", "h1-b", "h2-a"]), st.just({"power": "frozen", "writer": "git"}))),
    }


def carry_out(plan: Plan, observed: Observed) -> Observed:
    """The world after every call of ``plan``, as LXD would leave it."""
    views = dict(observed.hosts)
    for action in plan.actions:
        view = views[action.host]
        for call in action.calls:
            view = _effect(call, view, action.host)
        views[action.host] = view
    return replace(observed, hosts=views)


def _effect(call: Call, view: HostView, host: str) -> HostView:
    rows = {row.name: row for row in view.instances}
    project = view.project or ProjectView({}, frozenset(), frozenset())
    match call:
        case PutObject(kind="project"):
            config = call.body["config"]
            if not isinstance(config, dict):
                raise TypeError("a project's config is a mapping")
            project = replace(project, config={**project.config, **config})
        case ImportImage():
            project = replace(project, images=project.images | {call.fingerprint})
        case CreateInstance():
            if call.name in rows:
                raise AssertionError(f"{call.name} would be created over an existing instance")
            rows[call.name] = _made(call, host)
        case SetPower():
            rows[call.name] = replace(rows[call.name], status=_after(rows[call.name].status, call.verb))
        case UpdateInstance() | DropProtection():
            rows[call.name] = _written(rows[call.name], call)
        case DeleteInstance():
            row = rows.pop(call.name)
            if row.config.get("security.protection.delete") == "true" or row.status is not Status.STOPPED or row.uuid != call.uuid:
                raise AssertionError(f"LXD would refuse to delete {call.name}")
        case _:
            pass
    return replace(view, project=replace(project, names=frozenset(rows)), instances=tuple(rows[name] for name in sorted(rows)))


def _made(call: CreateInstance, host: str) -> Instance:
    uuid = f"new-{host}-{call.name}"
    config = {**call.config, "volatile.uuid": uuid, "volatile.base_image": call.image}
    return Instance(
        name=call.name,
        uuid=uuid,
        generation="",
        status=Status.STOPPED,
        status_text="Stopped",
        config=config,
        devices=call.devices,
        profiles=(),
        ephemeral=False,
        location="none",
        type="container",
        created_at="2026-01-01T00:00:00Z",
    )


def _after(status: Status, verb: str) -> Status:
    allowed: Mapping[tuple[str, Status], Status] = {
        ("start", Status.STOPPED): Status.RUNNING,
        ("unfreeze", Status.FROZEN): Status.RUNNING,
        ("freeze", Status.RUNNING): Status.FROZEN,
        ("stop", Status.RUNNING): Status.STOPPED,
        ("stop", Status.FROZEN): Status.STOPPED,
    }
    return allowed[verb, status]


def _written(row: Instance, call: UpdateInstance | DropProtection) -> Instance:
    if call.uuid not in {"", row.uuid}:
        raise AssertionError(f"{row.name} is not the instance that was planned for")
    if isinstance(call, DropProtection):
        return replace(row, config={**row.config, "security.protection.delete": "false", marks.TOMBSTONE: call.tombstone})
    kept = {key: value for key, value in row.config.items() if key not in call.remove}
    return replace(row, config={**kept, **call.config}, devices={**row.devices, **call.devices})
