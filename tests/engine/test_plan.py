from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler.engine.diff import diff
from reconciler.engine.fingerprint import semantic_fingerprint
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope, select
from reconciler.model.changes import Action
from reconciler.model.plan import CreateInstance, ImportImage, PutObject, SetPower
from tests.cases.loader import cases
from tests.engine.worlds import TOOL, build, decide

if TYPE_CHECKING:
    from reconciler.model.plan import Call, Plan, PlannedAction

OTHER = {"memory": 96, "labels": {"role": "db"}}
"""What makes a service so different that it is not taken for another with a new name."""
MIXED: dict[str, Any] = {
    "services": {"new": {"host": "h2"}, "grown": {"memory": 96}, "rest": {"power": "frozen"}, "same": {}},
    "images": {"starter": {"file": "starter.tar.gz"}},
    "hosts": {"h1": {"rows": [{"of": "grown"}, {"of": "rest"}, {"of": "same"}, {"of": "gone", "made": OTHER}]}, "h2": {"prepared": False}},
}


def planned(case: dict[str, Any], scope: Scope) -> Plan:
    desired, observed, ledger = build(case)
    return make_plan(clear(select(diff(desired, observed, ledger), scope), desired, observed, ledger), desired, observed, TOOL, scope)


def told(call: Call) -> str:
    """A call as the tables write it: what it is, and what tells it from others of its kind. ``!`` is force."""
    match call:
        case SetPower():
            return f"SetPower:{call.verb}{'!' if call.force else ''}"
        case PutObject():
            return f"PutObject:{call.kind}"
        case ImportImage():
            return f"ImportImage:{call.file or 'from ' + call.copy_from}"
        case _:
            return type(call).__name__


def line(action: PlannedAction) -> str:
    after = f" after {' '.join(map(str, action.after))}" if action.after else ""
    return f"{action.index} {action.action} {action.ref} on {action.host}{after}: {', '.join(map(told, action.calls))}"


@pytest.mark.parametrize("case", [param for param in cases("plan") if "plan" in cast("dict[str, Any]", param.values[0])])
def test_order_and_calls(case: dict[str, Any]) -> None:
    plan = decide(case)[2]
    assert [line(action) for action in plan.actions] == case["plan"]
    assert not plan.refusals


@pytest.mark.parametrize("case", [param for param in cases("plan") if "isolated" in cast("dict[str, Any]", param.values[0])])
def test_who_gets_ids_of_its_own(case: dict[str, Any]) -> None:
    actions = decide(case)[2].actions
    made = {action.name: call.config for action in actions for call in action.calls if isinstance(call, CreateInstance)}
    assert {name: config["security.idmap.isolated"] for name, config in made.items()} == case["isolated"]
    sizes = {name: config["security.idmap.size"] for name, config in made.items() if "security.idmap.size" in config}
    assert sizes == case.get("sizes", {})


def test_the_id_is_the_same_for_the_same_and_another_for_anything_else() -> None:
    desired, observed, ledger = build(MIXED)

    def identity(**changes: Any) -> str:
        wanted, seen = replace(desired, **{k: v for k, v in changes.items() if k != "at"}), observed
        if "at" in changes:
            seen = replace(observed, at=changes["at"])
        return make_plan(clear(diff(wanted, seen, ledger), wanted, seen, ledger), wanted, seen, TOOL, Scope()).id

    assert identity() == identity()
    assert identity() == identity(at=observed.at + timedelta(seconds=30))
    assert identity() != identity(commit=replace(desired.commit, digest="f" * 64))
    assert identity() != identity(workloads=desired.workloads[1:])


def test_the_creating_call_carries_every_mark_and_the_plan() -> None:
    plan = decide(MIXED)[2]
    (call,) = [call for action in plan.actions for call in action.calls if isinstance(call, CreateInstance)]
    marks = {key.removeprefix("user.unsandbox.") for key in call.config if key.startswith("user.unsandbox.")}
    assert {"env", "kind", "name", "uid", "owner", "spec", "commit", "writer", "intent"} <= marks
    assert call.config["user.unsandbox.intent"] == plan.id
    assert call.config["security.protection.delete"] == "true"


def test_a_plan_is_only_values() -> None:
    def walk(value: object) -> None:
        if is_dataclass(value):
            for field in fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, tuple | list | frozenset):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            walk(tuple(value))
            walk(tuple(value.values()))
        else:
            assert isinstance(value, str | int | bool | float | None), f"{type(value)} has no place in a plan"

    walk(decide(MIXED)[2])


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), ["prepare", "import", "create", "update", "freeze", "destroy"]),
        (Scope(targets=("Service/grown",)), ["update"]),
        (Scope(targets=("service/g*",)), ["update", "destroy"]),
        (Scope(targets=("Service/new",)), ["prepare", "import", "create"]),
        (Scope(excludes=("Service/gone", "Service/new")), ["update", "freeze"]),
        (Scope(only=(Action.DESTROY,)), ["destroy"]),
        (Scope(only=(Action.CREATE,)), ["prepare", "import", "create"]),
        (Scope(targets=("Service/no-such",)), []),
    ],
)
def test_a_scope_narrows_and_keeps_the_ground(scope: Scope, expected: list[str]) -> None:
    plan = planned(MIXED, scope)
    assert [action.action for action in plan.actions] == expected
    assert Scope.parse(plan.scope) == scope


def test_the_fingerprint_moves_with_what_matters_only() -> None:
    (found,) = build({"hosts": {"h1": {"rows": [{"of": "web"}]}}})[1].hosts["h1"].instances
    same = replace(found, config={**found.config, "volatile.last_state.power": "STOPPED", "volatile.eth0.host_name": "veth1"})
    assert semantic_fingerprint(same) == semantic_fingerprint(found)
    for other in (
        replace(found, uuid="other"),
        replace(found, profiles=("default",)),
        replace(found, config={**found.config, "limits.memory": "1GiB"}),
        replace(found, config={**found.config, "environment.A": "2"}),
        replace(found, devices={**found.devices, "extra": {"type": "disk"}}),
    ):
        assert semantic_fingerprint(other) != semantic_fingerprint(found)
