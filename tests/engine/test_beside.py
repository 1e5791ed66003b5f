"""Refusals beside the tables: each refuses, allows, and refuses where what it stands on breaks; and what needs a person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler.app.catalogue import catalogue
from reconciler.engine import guard, missing
from reconciler.engine.beside import BESIDE
from reconciler.engine.consent import needs_approval
from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.model.records import Applied
from reconciler.model.resources import Approval
from reconciler.model.rules import FAILED_CAUSE
from tests.cases.loader import cases
from tests.engine.worlds import build, decide

if TYPE_CHECKING:
    from reconciler.model.changes import Refusal

TABLES: list[dict[str, Any]] = [cast("dict[str, Any]", param.values[0]) for param in cases("guard")]
COUNTED = [row.code for row in BESIDE if row.code in {"O14", "O15", "S09", "F01"}]


def refusals(case: dict[str, Any]) -> tuple[Refusal, ...]:
    return decide(case)[2].refusals


@pytest.mark.parametrize("code", COUNTED)
def test_each_has_a_case_that_refuses_and_one_that_allows(code: str) -> None:
    mine = [case for case in TABLES if case["name"].startswith(f"{code} ")]
    assert any(code in {refusal.code for refusal in refusals(case)} for case in mine)
    assert any(code not in {refusal.code for refusal in refusals(case)} for case in mine)


def test_a_budget_that_cannot_be_counted_refuses_what_it_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the budget could not be counted")

    monkeypatch.setattr(guard, "over_budget", broken)
    plan = decide(
        {
            "services": {"grows": {"memory": 96}, "ill": {"health": {}}, "rests": {"power": "frozen"}},
            "hosts": {"h1": {"rows": [{"of": "grows"}, {"of": "ill"}, {"of": "rests"}, {"of": "gone"}]}},
            "health": {"uuid-ill": {}},
        }
    )[2]
    assert [action.ref for action in plan.actions] == ["Service/grows"]
    assert {(refusal.code, refusal.ref, refusal.cause) for refusal in plan.refusals} == {
        ("F01", "Service/gone", FAILED_CAUSE),
        ("F01", "Service/ill", FAILED_CAUSE),
        ("F01", "Service/rests", FAILED_CAUSE),
    }


def test_room_that_cannot_be_counted_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the room could not be counted")

    monkeypatch.setattr(missing, "best", broken)
    assert [(refusal.code, refusal.cause) for refusal in refusals({"services": {"web": {}}})] == [("S09", FAILED_CAUSE)]


def test_what_cannot_be_compared_is_refused_and_holds_up_nothing_else() -> None:
    case = {"services": {"web": {"memory": 96}, "other": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}, {"of": "other"}]}}}
    desired, observed, ledger = build(case)
    view = observed.hosts["h1"]
    rows = tuple(replace(row, devices=cast("Any", None)) if row.name == "svc-web" else row for row in view.instances)
    strange = replace(observed, hosts={"h1": replace(view, instances=rows)})
    cleared = clear(diff(desired, strange, ledger), desired, strange, ledger)
    assert [(refusal.code, refusal.ref) for refusal in cleared.refusals] == [("X00", "Service/web")]
    assert [str(change.ref) for change in cleared.changes] == ["Service/other"]


def test_every_code_of_the_reference_is_in_the_catalogue() -> None:
    wanted = {
        f"{letter}{number:02}"
        for letter, last in (("O", 18), ("D", 19), ("I", 12), ("P", 15), ("S", 11), ("F", 12))
        for number in range(1, last + 1)
    }
    assert len(wanted) == 87
    assert wanted <= {entry.code for entry in catalogue()}


DESTROYS = {"hosts": {"h1": {"rows": [{"of": "web"}]}}}
REPLACES = {"services": {"web": {"network": "semitrusted", "replace": "allowed"}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}
UNLOCKS = {"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web", "made": {"locked": True}}]}}}
UPDATES = {"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}
SURPLUS = {"pools": {"py": {"size": 0}}, "hosts": {"h1": {"rows": [{"kind": "cell", "of": "py-0"}]}}}
NOTHING = {"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}
HALF = {"rows": [{"of": "web", "status": "stopped", "config": {"user.unsandbox.intent": "p", "volatile.last_state.power": None}}]}
BEGUN = {"begun": [{"host": "h1", "instance": "svc-web", "plan": "p"}]}
UNFINISHED = {"services": {"web": {}}, "hosts": {"h1": HALF}, **BEGUN}
UNFINISHED_ENDS = {"hosts": {"h1": HALF}, **BEGUN}
ON = Applied("c0ffee", "0" * 64, "unsandbox test", approval=True)
OFF = replace(ON, approval=False)


@pytest.mark.parametrize(
    ("case", "approval", "applied", "needs"),
    [
        (DESTROYS, Approval.REQUIRED, ON, ("destroys Service/web on h1",)),
        (REPLACES, Approval.REQUIRED, ON, ("replaces Service/web on h1",)),
        (UNLOCKS, Approval.REQUIRED, ON, ("unlocks Service/web on h1",)),
        (DESTROYS, Approval.REQUIRED, None, ("destroys Service/web on h1",)),
        (UPDATES, Approval.REQUIRED, ON, ()),
        (SURPLUS, Approval.REQUIRED, ON, ()),
        (UNFINISHED, Approval.REQUIRED, ON, ()),
        (UNFINISHED_ENDS, Approval.REQUIRED, ON, ()),
        ({**UNFINISHED_ENDS, "begun": []}, Approval.REQUIRED, ON, ("destroys Service/web on h1",)),
        (DESTROYS, Approval.OFF, OFF, ()),
        (DESTROYS, Approval.OFF, None, ()),
        (NOTHING, Approval.OFF, ON, ("approval is switched off at :0",)),
        (DESTROYS, Approval.OFF, ON, ("approval is switched off at :0", "destroys Service/web on h1")),
    ],
)
def test_what_needs_a_person(case: dict[str, Any], approval: Approval, applied: Applied | None, needs: tuple[str, ...]) -> None:
    desired = build(case)[0]
    assert needs_approval(decide(case)[2], replace(desired.policy, approval=approval), applied) == needs
