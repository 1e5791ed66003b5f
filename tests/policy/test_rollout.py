"""Turns of a rolling update: tables of small groups, and what holds for every group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.rollout import OnFailure, Portion, Update
from reconciler.policy.rollout import Hold, Member, Standing, canaries, holds, most_down

if TYPE_CHECKING:
    from collections.abc import Sequence

PORTIONS = st.one_of(st.builds(Portion, st.integers(1, 8)), st.integers(1, 100).map(lambda share: Portion(share, percent=True)))
TERMS = st.builds(
    Update,
    max_unavailable=PORTIONS,
    canary=st.one_of(st.just(Portion(0)), PORTIONS),
    pause=st.booleans(),
    on_failure=st.sampled_from(OnFailure),
)
STATES = "oO?-wfu!"
"""A member in one letter: old and ready, old and not ready, old and unknown, old and down; changed and well, fresh, unknown, failed."""


def group(letters: str) -> list[Member]:
    """One member a letter, named so that they are in order."""
    return [_member(f"m{number:02}", letter) for number, letter in enumerate(letters)]


def _member(name: str, letter: str) -> Member:
    old = letter in "oO?-"
    standing = {"?": Standing.UNKNOWN, "-": Standing.DOWN, "f": Standing.FRESH, "u": Standing.UNKNOWN, "!": Standing.DOWN}
    return Member(name, standing.get(letter, Standing.WELL), old, ready=old and letter != "O", failed=letter == "!")


def going(terms: Update, members: Sequence[Member], room: int | None = None) -> list[str]:
    """Whose turn it is."""
    return [name for name, held in holds(terms, members, room).items() if not held]


@pytest.mark.parametrize(
    ("portion", "total", "down", "first"),
    [
        (Portion(1), 10, 1, 1),
        (Portion(3), 2, 3, 2),
        (Portion(25, percent=True), 10, 2, 3),
        (Portion(10, percent=True), 5, 1, 1),
        (Portion(100, percent=True), 7, 7, 7),
        (Portion(0), 5, 1, 0),
        (Portion(50, percent=True), 0, 1, 0),
    ],
)
def test_a_share_is_rounded_to_the_safe_side(portion: Portion, total: int, down: int, first: int) -> None:
    assert most_down(Update(max_unavailable=portion), total) == down
    assert canaries(Update(canary=portion), total) == first


TABLE: list[tuple[str, int, int, str, list[int]]] = [
    # members, maxUnavailable, canary, what is told, who goes
    ("oooo", 1, 0, "the first by name", [0]),
    ("oooo", 2, 0, "as many as may be down", [0, 1]),
    ("woow", 1, 0, "what is done is passed over", [1]),
    ("fooo", 1, 0, "one that is not proven takes the turn", []),
    ("uooo", 1, 0, "one whose health is not told takes it too", []),
    ("fooo", 2, 0, "the rest of the limit goes on", [1]),
    ("Oooo", 1, 0, "one that may not change holds nobody up", [1]),
    ("o-oo", 1, 0, "one that is down takes the turn, and it is its own", [1]),
    ("----", 2, 0, "down as they are, no more than the limit change at once", [0, 1]),
    ("ff--", 2, 0, "nor before those that changed are proven", []),
    ("?ooo", 1, 0, "one whose health is not told may change in its own turn", [0]),
    ("??oo", 1, 0, "of two nobody can tell whether the limit is kept", []),
    ("oooo", 4, 1, "the canary alone", [0]),
    ("fooo", 4, 1, "nobody before it is proven", []),
    ("wooo", 4, 1, "all once it is", [1, 2, 3]),
    ("oooo", 1, 2, "canaries keep to the limit", [0]),
    ("wooo", 4, 2, "one of two canaries is wanting", [1]),
    ("oo", 9, 9, "more canaries than members are all of them", [0, 1]),
]


@pytest.mark.parametrize(("letters", "most", "canary", "told", "names"), TABLE, ids=[row[3] for row in TABLE])
def test_whose_turn_it_is(letters: str, most: int, canary: int, told: str, names: list[int]) -> None:
    assert going(Update(Portion(most), Portion(canary)), group(letters)) == [f"m{number:02}" for number in names], told


def test_each_hold_is_told_by_its_own_name() -> None:
    members = group("!oo")
    assert holds(Update(Portion(2)), members)["m01"] == {Hold.STOPPED}
    assert holds(Update(Portion(2)), members)["m02"] == {Hold.STOPPED, Hold.TURN}
    assert holds(Update(Portion(2), on_failure=OnFailure.CONTINUE), members)["m01"] == frozenset()
    assert holds(Update(Portion(1), on_failure=OnFailure.CONTINUE), members)["m01"] == {Hold.TURN}
    assert holds(Update(Portion(2), Portion(1), on_failure=OnFailure.CONTINUE), members)["m01"] == {Hold.CANARY, Hold.TURN}
    assert holds(Update(Portion(2), pause=True), group("o"))["m00"] == {Hold.PAUSED}


def test_what_failed_may_be_tried_again_while_the_others_are_stopped() -> None:
    members = [replace(member, failed=number == 0) for number, member in enumerate(group("-oo"))]
    assert going(Update(Portion(2)), members) == ["m00"]


def test_what_is_missing_is_no_canary() -> None:
    members = [replace(_member("m00", "w"), missing=True, standing=Standing.DOWN), *group("oo")[1:]]
    assert going(Update(Portion(2), Portion(1)), members) == ["m01"]


def test_who_spends_goes_as_far_as_there_is_room() -> None:
    members = [replace(member, spends=member.name != "m01") for member in group("oooo")]
    assert going(Update(Portion(4)), members, room=1) == ["m00", "m01"]
    assert going(Update(Portion(4)), members, room=0) == ["m01"]


GROUPS = st.text(STATES, max_size=12).map(group)


@given(TERMS, GROUPS)
@settings(deadline=None)
def test_never_more_at_once_than_may_be_down(terms: Update, members: list[Member]) -> None:
    most = most_down(terms, len(members))
    names = set(going(terms, members))
    unproven = {member.name for member in members if member.standing is Standing.FRESH}
    assert not names or len(names | unproven) <= most
    away = {member.name for member in members if member.standing is not Standing.WELL}
    standing = {member.name: member.standing for member in members}
    if any(standing[name] is not Standing.DOWN for name in names):
        assert len(away | names) <= most


@given(TERMS, GROUPS)
@settings(deadline=None)
def test_nobody_moves_while_paused_or_stopped(terms: Update, members: list[Member]) -> None:
    assert not going(replace(terms, pause=True), members)
    failed = {member.name for member in members if member.failed}
    stopping = replace(terms, on_failure=OnFailure.STOP)
    assert not failed or set(going(stopping, members)) <= failed


@given(TERMS, GROUPS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_what_comes_in_does_not_matter(terms: Update, members: list[Member], order: object) -> None:
    mixed = list(members)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assert holds(terms, mixed) == holds(terms, members)


@given(TERMS, st.text("oOw", max_size=12).map(group), st.sampled_from([None, 1, 2, 5]))
@settings(deadline=None)
def test_always_makes_progress_when_all_is_healthy(terms: Update, members: list[Member], room: int | None) -> None:
    """Pass after pass, each member that went is proven by the next: nobody that may change is left behind, and canaries came first."""
    terms = replace(terms, pause=False)
    left = {member.name for member in members if member.ready}
    members = [replace(member, spends=True) for member in members]
    while left:
        names = going(terms, members, room)
        assert names
        assert names == sorted(left)[: len(names)]
        assert room is None or len(names) <= room
        left -= set(names)
        members = [replace(_member(member.name, "w"), spends=True) if member.name in names else member for member in members]


@given(TERMS, st.text("ow-", min_size=1, max_size=12).map(group), st.lists(st.sampled_from("wwwwf!"), min_size=40, max_size=40))
@settings(deadline=None)
def test_whatever_becomes_of_them_the_limit_holds(terms: Update, members: list[Member], fates: list[str]) -> None:
    """Members that changed prove themselves, take their time or fail; of those that ran, no more than the limit are away at a time."""
    most = most_down(terms, len(members))
    was_down = {member.name for member in members if member.standing is Standing.DOWN}
    for fate in fates:
        names = set(going(terms, members))
        away = {member.name for member in members if member.standing is not Standing.WELL}
        assert len((away | names) - was_down) <= most
        members = [
            _member(member.name, "f")
            if member.name in names
            else _member(member.name, fate)
            if member.standing is Standing.FRESH
            else member
            for member in members
        ]
        was_down -= {member.name for member in members if member.standing is Standing.WELL}
