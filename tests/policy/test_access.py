"""Access: every code refuses, allows, and refuses where its own check breaks; strangers cannot tell absent from foreign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.rules import FAILED_CAUSE
from reconciler.model.tenancy import Method
from reconciler.policy import access
from reconciler.policy.access import ACCESS_RULES, judge, status_of, told
from tests.cases.loader import cases
from tests.policy.access_worlds import subject

if TYPE_CHECKING:
    from reconciler.model.rules import No
    from reconciler.policy.subject import AccessRule, Subject

CASES = cases("access")
TABLE: list[dict[str, Any]] = [dict(param.values[0]) for param in CASES]  # type: ignore[call-overload] # the loader's own cases are mappings


def allowing(method: Method) -> dict[str, Any]:
    """A case in which ``method`` is allowed, with everything that a rule may ask for in it."""
    if method is Method.CREATE:
        return {"method": "create", "ref": "new", "caller": {"container": "web"}, "objects": {"web": None}}
    caller = {"container": "other"}
    return {"method": method.value, "ref": "web", "approver": "anna", "caller": caller, "objects": {"web": None, "other": None}}


@pytest.mark.parametrize("case", CASES)
def test_what_is_answered(case: dict[str, Any]) -> None:
    refusal = judge(subject(case))
    assert (refusal.code if refusal else "allowed") == case["expect"], case.get("because", "")
    if refusal:
        assert refusal.evidence
        assert refusal.unblock
        assert refusal.cause
        assert (refusal.action, refusal.ref.partition("/")[2]) == (case["method"], case["ref"].rpartition("/")[2])


@pytest.mark.parametrize("method", Method)
def test_each_method_can_be_allowed(method: Method) -> None:
    assert judge(subject(allowing(method))) is None


@pytest.mark.parametrize("rule", ACCESS_RULES, ids=lambda rule: rule.code)
def test_each_rule_refuses_allows_and_refuses_where_it_breaks(rule: AccessRule) -> None:
    assert rule.code in {case["expect"] for case in TABLE}
    asked = [method for method in Method if not rule.methods or method in rule.methods]
    assert asked
    broken = tuple(replace(one, check=_break) if one is rule else one for one in ACCESS_RULES)
    for method in asked:
        refusal = judge(subject(allowing(method)), broken)
        assert refusal is not None
        assert (refusal.code, refusal.cause) == (rule.code, FAILED_CAUSE)


def _break(_subject: Subject) -> No | None:
    raise RuntimeError("the world ended")


@pytest.mark.parametrize("rule", ACCESS_RULES, ids=lambda rule: rule.code)
def test_without_the_rule_something_gets_through_or_says_less(rule: AccessRule) -> None:
    """No rule is covered by the others: taken away, some case is answered otherwise."""
    rest = tuple(one for one in ACCESS_RULES if one is not rule)
    answers = [(judge(subject(case), rest), case["expect"]) for case in TABLE]
    assert any((answer.code if answer else "allowed") != expected for answer, expected in answers)


def test_codes_are_one_each_and_explained() -> None:
    codes = [rule.code for rule in ACCESS_RULES]
    assert len(set(codes)) == len(codes)
    assert access.NO_RULE not in codes
    for rule in ACCESS_RULES:
        assert rule.title
        assert rule.why.endswith(".")
        assert not rule.acceptable


def test_without_a_rule_in_favour_the_answer_is_no() -> None:
    refusal = judge(subject({"method": "sell", "ref": "web", "objects": {"web": None}}), ())
    assert refusal is not None
    assert refusal.code == access.NO_RULE


OBJECTS: dict[str, dict[str, Any]] = {
    "absent": {},
    "foreign": {"web": {"owner": "stranger"}},
    "foreign and locked": {"web": {"owner": "stranger", "userlock": "unsb-pk-stranger 2026-02-01"}},
    "foreign, two of them": {"web": {"owner": "stranger", "at": ["h1", "h2"]}},
    "foreign, in git": {"web": {"owner": "stranger", "declared": "git"}},
    "foreign, in quarantine": {"web": {"owner": "stranger", "declared": "no", "quarantine": "2026-02-03"}},
    "foreign, not made yet": {"web": {"owner": "stranger", "at": []}},
    "its parent's": {"web": {"owner": "person"}},
    "its child's": {"web": {"owner": "child"}},
    "nobody's": {"web": {"owner": "", "declared": "no"}},
    "disputed": {"web": {"owner": "agent", "declared_owner": "stranger"}},
    "of another environment": {"web": {"env": "other", "declared": "no"}},
}


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.CREATE])
@pytest.mark.parametrize("hosts", [{}, {"h2": "unseen"}, {"h1": "partial"}], ids=["seen", "one unseen", "one partial"])
@pytest.mark.parametrize("container", ["", "unknown", "web", "inner", "gone"])
def test_a_stranger_is_answered_alike_whatever_is_there(method: Method, hosts: dict[str, str], container: str) -> None:
    """Byte for byte, from wherever he asks, approved or not, whatever was seen."""
    answers = set()
    for objects in OBJECTS.values():
        inner = {"inner": {"owner": "stranger", "lineage": ["web"]}}
        case = {"method": method.value, "ref": "web", "caller": {"container": container}, "objects": objects | inner, "hosts": hosts}
        for approver in ("", "anna"):
            refusal = judge(subject(case | {"approver": approver}))
            assert refusal is not None
            answer = told(refusal, operator=False)
            answers.add((repr(answer), status_of(answer.code)))
    assert len(answers) == 1
    assert "stranger" not in next(iter(answers))[0]


def test_a_taken_name_is_answered_alike_whosever_it_is() -> None:
    taken = [objects for name, objects in OBJECTS.items() if name not in {"absent", "of another environment"}]
    taken.append({"web": {"owner": "agent"}})
    answers = set()
    for objects in taken:
        refusal = judge(subject({"method": "create", "ref": "web", "objects": objects}))
        assert refusal is not None
        answers.add(repr(told(refusal, operator=False)))
    assert len(answers) == 1


def test_an_operator_is_told_all() -> None:
    refusal = judge(subject({"method": "freeze", "ref": "web", "caller": {"operator": "anna@desk"}}))
    assert refusal is not None
    assert told(refusal, operator=True) is refusal
    assert refusal.code == "A17"


def test_an_owner_is_told_why() -> None:
    refusal = judge(subject({"method": "freeze", "ref": "web", "objects": {"web": {"userlock": "unsb-pk-agent 2026-02-01"}}}))
    assert refusal is not None
    assert told(refusal, operator=False) is refusal
    assert ("locked by", "unsb-pk-agent 2026-02-01") in refusal.evidence
