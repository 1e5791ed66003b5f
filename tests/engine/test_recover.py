"""What came of a call that was cut off: every call against every thing that the host may show afterwards."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.recover import Verdict, recover
from reconciler.model import plan
from reconciler.model.records import Intent
from tests.engine.worlds import build

MARK = "user.unsandbox.intent"
AT = "2026-01-01T00:00:00+00:00"
OURS = {MARK: "plan-1"}
ASTRAY = {"volatile.apply_template": "create", "security.idmap.isolated": "true", "volatile.idmap.base": "65536"}
WORK = [{"doing": "Creating container", "instance": "svc-web"}]


def at_h1(**row: Any) -> dict[str, Any]:
    return {"hosts": {"h1": {"rows": [{"of": "web", **row}]}}}


WORLDS: dict[str, dict[str, Any]] = {
    "absent": {"hosts": {"h1": {}}},
    "same": at_h1(),
    "same, stopped": at_h1(status="stopped"),
    "same, frozen": at_h1(status="frozen"),
    "made by this plan": at_h1(uuid="new", config=OURS),
    "made by this plan, stopped": at_h1(uuid="new", status="stopped", config={**OURS, "volatile.apply_template": "create"}),
    "made by this plan, astray": at_h1(uuid="new", status="stopped", config={**OURS, **ASTRAY}),
    "made by this plan, half": at_h1(uuid="new", status="stopped", config={**OURS, "volatile.last_state.power": None}),
    "made by this plan, renamed": at_h1(uuid="new", name="svc-www", config=OURS),
    "another's mark": at_h1(uuid="other", config={MARK: "plan-0"}),
    "another's, stopped": at_h1(uuid="other", status="stopped", config={MARK: "plan-0"}),
    "another's, frozen": at_h1(uuid="other", status="frozen", config={MARK: "plan-0"}),
    "no marks": at_h1(uuid="other", config={"user.unsandbox.env": None, "user.unsandbox.name": None}),
    "same, renamed": at_h1(name="svc-www"),
    "same, on another host": {"hosts": {"h1": {}, "h2": {"rows": [{"of": "web"}]}}},
    "partial": {"hosts": {"h1": {"doubtful": {"svc-web": "hollow"}}}},
    "partial, same": {"hosts": {"h1": {"rows": [{"of": "web"}], "doubtful": {"svc-db": "hollow"}}}},
    "unseen": {"hosts": {"h1": {"grade": "unseen"}}},
    "not in the inventory": {"hosts": {"h2": {}}},
}
DONE, REDO, P09, P10 = "done", "redo", "P09", "P10"
BLIND = {"partial": P09, "partial, same": P09, "unseen": P09, "not in the inventory": P09}
REPEATABLE = {**dict.fromkeys(WORLDS, REDO), **BLIND}
GONE_POWER = dict.fromkeys(
    (
        "absent",
        "made by this plan, renamed",
        "another's mark",
        "another's, stopped",
        "another's, frozen",
        "no marks",
        "same, on another host",
    ),
    REDO,
)
EXPECTED: dict[str, dict[str, str]] = {
    "CreateInstance": {
        "absent": REDO,
        "same": REDO,
        "same, stopped": REDO,
        "same, frozen": REDO,
        "made by this plan": DONE,
        "made by this plan, stopped": DONE,
        "made by this plan, half": REDO,
        "made by this plan, astray": REDO,
        "made by this plan, renamed": P10,
        "another's mark": P10,
        "another's, stopped": P10,
        "another's, frozen": P10,
        "no marks": P10,
        "same, renamed": REDO,
        "same, on another host": REDO,
        **BLIND,
    },
    "DeleteInstance": {
        "absent": DONE,
        "same": REDO,
        "same, stopped": REDO,
        "same, frozen": REDO,
        "made by this plan": DONE,
        "made by this plan, stopped": DONE,
        "made by this plan, half": DONE,
        "made by this plan, astray": DONE,
        "made by this plan, renamed": DONE,
        "another's mark": DONE,
        "another's, stopped": DONE,
        "another's, frozen": DONE,
        "no marks": DONE,
        "same, renamed": REDO,
        "same, on another host": REDO,
        **BLIND,
    },
    "SetPower:start": {
        **GONE_POWER,
        "same": DONE,
        "same, stopped": REDO,
        "same, frozen": REDO,
        "same, renamed": DONE,
        "made by this plan": DONE,
        "made by this plan, stopped": REDO,
        "made by this plan, half": REDO,
        "made by this plan, astray": REDO,
        **BLIND,
    },
    "SetPower:freeze": {
        **GONE_POWER,
        "same": REDO,
        "same, stopped": REDO,
        "same, frozen": DONE,
        "same, renamed": REDO,
        "made by this plan": REDO,
        "made by this plan, stopped": REDO,
        "made by this plan, half": REDO,
        "made by this plan, astray": REDO,
        **BLIND,
    },
    "SetPower:stop": {
        **GONE_POWER,
        "same": REDO,
        "same, stopped": DONE,
        "same, frozen": REDO,
        "same, renamed": REDO,
        "made by this plan": REDO,
        "made by this plan, stopped": DONE,
        "made by this plan, half": DONE,
        "made by this plan, astray": DONE,
        **BLIND,
    },
    "UpdateInstance": REPEATABLE,
    "PushFile": REPEATABLE,
    "RunCommand": REPEATABLE,
    "DropProtection": REPEATABLE,
    "ImportImage": REPEATABLE,
    "MarkImage": REPEATABLE,
    "DeleteImage": REPEATABLE,
    "PutObject": REPEATABLE,
    "SomethingNewer": dict.fromkeys(WORLDS, P09),
}
EXPECTED["SetPower:unfreeze"] = EXPECTED["SetPower:start"]


def cut_off(call: str, uuid: str = "uuid-web") -> Intent:
    return Intent("i", "plan-1", "h1", "Service/web", "svc-web", call, AT, uuid=uuid)


@pytest.mark.parametrize(("call", "world"), list(product(EXPECTED, WORLDS)))
def test_what_came_of_a_call_that_was_cut_off(call: str, world: str) -> None:
    _, observed, _ = build(WORLDS[world])
    answer = recover(cut_off(call), observed)
    assert (answer.code or answer.verdict.value) == EXPECTED[call][world], answer.why
    assert (answer.verdict is Verdict.ASK) == bool(answer.code)
    assert answer.why


def test_every_call_of_a_plan_is_in_the_table() -> None:
    calls = {kind.__name__ for kind in plan.Call.__args__}
    assert calls == {name.partition(":")[0] for name in EXPECTED} - {"SomethingNewer"}


def test_a_create_that_lxd_is_still_at_is_not_made_a_second_time() -> None:
    for rows in ([], [{"of": "web", "uuid": "new", "config": OURS}]):
        _, observed, _ = build({"hosts": {"h1": {"rows": rows, "operations": WORK}}})
        answer = recover(cut_off("CreateInstance", ""), observed)
        assert (answer.code, "Creating container" in answer.why) == ("P09", True)


@pytest.mark.parametrize(("world", "expected"), [("absent", DONE), ("same", P09), ("another's mark", P09)])
def test_a_delete_that_noted_no_uuid_is_done_only_when_the_name_is_free(world: str, expected: str) -> None:
    _, observed, _ = build(WORLDS[world])
    answer = recover(cut_off("DeleteInstance", ""), observed)
    assert (answer.code or answer.verdict.value) == expected


@pytest.mark.parametrize(("world", "expected"), [("made by this plan", DONE), ("another's mark", REDO), ("no marks", REDO), ("same", REDO)])
def test_a_start_in_the_creating_plan_is_told_by_the_plans_mark(world: str, expected: str) -> None:
    _, observed, _ = build(WORLDS[world])
    answer = recover(cut_off("SetPower:start", ""), observed)
    assert (answer.verdict.value, answer.uuid) == (expected, "new" if expected == DONE else "")


def test_an_intent_outside_a_plan_is_no_proof_of_anything() -> None:
    """A call outside a plan has no plan to name; an absent mark must not match it."""
    _, observed, _ = build(at_h1(uuid="other"))
    intent = Intent("i", "", "h1", "Service/web", "svc-web", "CreateInstance", AT)
    assert recover(intent, observed).code == "P10"


ROW: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "of": st.sampled_from(["web", "db"]),
        "uuid": st.sampled_from(["uuid-web", "other", "new"]),
        "name": st.sampled_from(["svc-web", "svc-www"]),
        "status": st.sampled_from(["running", "stopped", "frozen", "error", "changing"]),
        "config": st.sampled_from([{}, OURS, {MARK: "plan-0"}]),
    }
)
HOST: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"rows": st.lists(ROW, max_size=2, unique_by=lambda row: str(row["name"]))},
    optional={"operations": st.just(WORK), "grade": st.just("unseen")},
)


@given(st.sampled_from(sorted(EXPECTED)), HOST, HOST, st.sampled_from(["", "uuid-web"]))
def test_done_is_said_only_of_what_the_world_shows(call: str, here: dict[str, Any], there: dict[str, Any], uuid: str) -> None:
    _, observed, _ = build({"hosts": {"h1": here, "h2": there}})
    answer = recover(cut_off(call, uuid), observed)
    if answer.verdict is not Verdict.DONE:
        return
    rows = [] if here.get("grade") else here["rows"]
    assert "grade" not in here, "nothing is done on a host that was not seen"
    if call == "CreateInstance":
        assert any(row["name"] == "svc-web" and row["of"] == "web" and row["config"] == OURS for row in rows)
    elif call == "DeleteInstance":
        assert not any(row["uuid"] == uuid for row in rows) if uuid else not any(row["name"] == "svc-web" for row in rows)
    else:
        wanted = {"start": "running", "unfreeze": "running", "freeze": "frozen", "stop": "stopped"}[call.partition(":")[2]]
        assert any(row["status"] == wanted and row["uuid"] == answer.uuid for row in rows)


def test_a_power_call_that_lxd_is_still_at_work_on_is_decided_by_a_later_look() -> None:
    """Written off too early, its end would look like somebody else's doing."""
    intent = cut_off("SetPower:freeze")
    changing = build(at_h1(status="changing"))[1]
    assert recover(intent, changing).verdict is Verdict.ASK
    assert recover(intent, build(at_h1(status="frozen"))[1]).verdict is Verdict.DONE
    assert recover(intent, build(at_h1(status="running"))[1]).verdict is Verdict.REDO
