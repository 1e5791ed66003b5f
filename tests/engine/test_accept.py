"""What may be accepted, and how far one acceptance reaches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.accept import alike, digest_of, digest_of_all, is_acceptable, needs_approval, of_code, root_of
from reconciler.engine.asked import ALL, CREATE, GuardRule
from reconciler.model.changes import Action, Refusal

ONE = Refusal("O18", "Service/web", "h1", "restored", (("generation", "g2"), ("certified", "g1")), "unsandbox accept O18", "update")
TWO = replace(ONE, ref="Service/db")


def rule(code: str, actions: frozenset[Action] = ALL, *, acceptable: bool = True) -> GuardRule:
    return GuardRule(code, "t", lambda _change, _world: None, "", acceptable, actions)


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, code="O17"),
        replace(ONE, ref="Service/db"),
        replace(ONE, host="h2"),
        replace(ONE, action="destroy"),
        replace(ONE, evidence=(("generation", "g3"), ("certified", "g1"))),
        replace(ONE, evidence=(("generation", "g2"),)),
        replace(ONE, evidence=(("certified", "g1"), ("generation", "g2"))),
    ],
)
def test_another_value_anywhere_is_another_refusal(other: Refusal) -> None:
    assert digest_of(other) != digest_of(ONE)


def test_other_words_for_it_are_the_same_refusal() -> None:
    assert digest_of(replace(ONE, cause="said otherwise", unblock="another hint")) == digest_of(ONE)


TEXT = st.text(max_size=4)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=3), st.lists(st.tuples(TEXT, TEXT), max_size=3))
def test_no_two_evidences_share_a_digest(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    digests = {digest_of(replace(ONE, evidence=tuple(first))), digest_of(replace(ONE, evidence=tuple(second)))}
    assert len(digests) == 1 + (first != second)


def test_several_are_bound_together_in_any_order() -> None:
    assert digest_of_all([ONE, TWO]) == digest_of_all([TWO, ONE]) != digest_of_all([ONE])


@pytest.mark.parametrize("action", [*(item.value for item in Action), "", "smash"])
def test_what_destroys_or_cannot_be_told_needs_approval(action: str) -> None:
    expected = action in {"destroy", "replace", "", "smash"}
    assert needs_approval(replace(ONE, action=action)) is expected


@pytest.mark.parametrize(
    ("rules", "acceptable"),
    [
        ([rule("O18")], True),
        ([rule("O18", acceptable=False)], False),
        ([rule("O17")], False),
        ([], False),
        ([rule("O18", CREATE)], False),
        ([rule("O18", CREATE, acceptable=False), rule("O18")], True),
        ([rule("O18"), rule("O18", acceptable=False)], False),
    ],
    ids=["yes", "no", "another code", "no rule", "another action", "two by action", "in doubt"],
)
def test_only_a_rule_that_says_so_leaves_it_to_a_person(rules: list[GuardRule], *, acceptable: bool) -> None:
    assert is_acceptable(ONE, rules) is acceptable


def test_what_lacks_ground_leads_to_the_refusal_of_the_ground() -> None:
    ground = replace(ONE, ref="Host/h1", action="prepare")
    create = replace(ONE, ref="Service/new", action="create")
    elsewhere = replace(ground, host="h2")
    assert root_of(create, [create, elsewhere, ground]) == ground
    assert root_of(create, [create, elsewhere]) == create
    assert root_of(ground, [replace(ground, ref="Image/a", action="import"), ground]) == ground


def test_alike_is_the_same_evidence_on_the_same_host() -> None:
    others = [TWO, replace(TWO, host="h2"), replace(TWO, code="O17"), replace(TWO, evidence=())]
    assert alike(ONE, [*others, ONE]) == (ONE, TWO)


@pytest.mark.parametrize(("host", "count"), [(None, 2), ("h1", 1), ("h3", 0)])
def test_a_person_names_code_reference_and_host(host: str | None, count: int) -> None:
    refusals = (ONE, replace(ONE, host="h2"), TWO, replace(ONE, code="O17"))
    assert len(of_code(refusals, "O18", "Service/web", host)) == count


def test_what_was_accepted_of_one_object_is_not_of_another_under_its_name() -> None:
    first = Refusal("S04", "Service/web", "h1", "frozen", (("status", "frozen"),), "unblock", "destroy", "uuid-1")
    assert digest_of(first) != digest_of(replace(first, subject="uuid-2"))
