"""Who may write, decided from what was seen: a stopped clock, a moving beat, a lease of our own, one that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.lease import (
    BEAT,
    HELD,
    LASTS,
    LEASE_RULES,
    LOST,
    NONCE,
    READING,
    RELEASED,
    SHARE_VALID,
    Expired,
    Free,
    Held,
    Holding,
    Seen,
    Sighting,
    config_of,
    highest,
    judge,
    name_of,
    seen_of,
)
from reconciler.model.rules import FAILED_CAUSE, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

THEIRS = Seen(7, "anna@desk (process 12 on desk)", "n7", 3, 15.0)
NOBODY: frozenset[str] = frozenset()


def sightings(*told: tuple[float, Seen | None]) -> tuple[Sighting, ...]:
    """Requests that took no time."""
    return tuple(Sighting(at, at, seen) for at, seen in told)


@pytest.mark.parametrize(
    ("told", "mine", "verdict"),
    [
        (((0, None),), NOBODY, Free()),
        (((0, replace(THEIRS, released=True)),), NOBODY, Free()),
        (((0, THEIRS),), frozenset({"n7"}), Free()),
        (((0, THEIRS),), frozenset({"n6"}), Held(15.0, renewed=False)),
        (((0, THEIRS), (14.9, THEIRS)), NOBODY, Held(15.0, renewed=False)),
        (((0, THEIRS), (15, THEIRS)), NOBODY, Expired()),
        (((0, THEIRS), (15, replace(THEIRS, beat=4))), NOBODY, Held(30.0, renewed=True)),
        (((0, THEIRS), (15, replace(THEIRS, nonce="other"))), NOBODY, Held(30.0, renewed=True)),
        (((0, THEIRS), (15, replace(THEIRS, term=8))), NOBODY, Held(30.0, renewed=True)),
        (((0, THEIRS), (1, replace(THEIRS, released=True))), NOBODY, Free()),
        (((0, replace(THEIRS, ttl=2)), (2, replace(THEIRS, ttl=2))), NOBODY, Expired()),
        (((0, replace(THEIRS, ttl=0)), (9999, replace(THEIRS, ttl=0))), NOBODY, Held(None, renewed=False)),
    ],
)
def test_a_lease_is_judged_by_what_stood_still(
    told: tuple[tuple[float, Seen | None], ...], mine: frozenset[str], verdict: Free | Held | Expired
) -> None:
    assert judge(sightings(*told), mine) == verdict


def test_how_long_a_request_takes_is_never_to_our_favour() -> None:
    slow = (Sighting(0, 5, THEIRS), Sighting(14.0, 21.0, THEIRS))
    assert judge(slow, NOBODY) == Held(20.0, renewed=False)
    assert judge((slow[0], Sighting(20.0, 26.0, THEIRS)), NOBODY) == Expired()


@given(
    ttl=st.floats(min_value=0.5, max_value=60),
    gaps=st.lists(st.tuples(st.floats(min_value=0.01, max_value=1.5), st.floats(min_value=0, max_value=1.5)), min_size=1, max_size=12),
    looks=st.lists(st.tuples(st.floats(min_value=0, max_value=500), st.floats(min_value=0, max_value=3)), min_size=1, max_size=40),
)
def test_no_lease_is_called_expired_while_its_holder_believes_in_it(
    ttl: float, gaps: list[tuple[float, float]], looks: list[tuple[float, float]]
) -> None:
    """A holder renews after any pause, each renewal lands after any delay, and it believes in what it knows to have landed in time."""
    landed, valid_until, sent = [0.0], ttl * SHARE_VALID, 0.0
    for pause, delay in gaps:
        sent += pause * ttl
        if sent >= valid_until or sent + delay * ttl >= valid_until:
            break
        landed.append(sent + delay * ttl)
        valid_until = sent + ttl * SHARE_VALID
        sent += delay * ttl
    seen: list[Sighting] = []
    for at, took in sorted(looks):
        beat = sum(moment <= at + took / 2 for moment in landed) - 1
        seen.append(Sighting(at, at + took, replace(THEIRS, ttl=ttl, beat=beat)))
        if isinstance(judge(tuple(seen), NOBODY), Expired):
            assert at + took / 2 >= valid_until


@pytest.mark.parametrize(
    ("name", "config", "seen"),
    [
        ("default", {}, None),
        ("lease-7", {}, None),
        ("lease-0000000007x", {}, None),
        ("lease-0000000007", config_of(THEIRS), THEIRS),
        ("lease-0000000007", {}, Seen(7, "", "", 0, 0.0)),
        ("lease-0000000007", {NONCE: "n", BEAT: "1", LASTS: "soon"}, Seen(7, "", "n", 0, 0.0)),
        ("lease-0000000007", {NONCE: "n", BEAT: "-1", LASTS: "15"}, Seen(7, "", "n", 0, 0.0)),
        ("lease-0000000007", {NONCE: "n", BEAT: "1", LASTS: "999999"}, Seen(7, "", "n", 1, 0.0)),
        ("lease-0000000007", {NONCE: "n", BEAT: "1", LASTS: "nan"}, Seen(7, "", "n", 0, 0.0)),
        ("lease-0000000007", {NONCE: "n", BEAT: "1", LASTS: "2", RELEASED: "true"}, Seen(7, "", "n", 1, 2.0, released=True)),
    ],
)
def test_what_a_profile_stands_for(name: str, config: Mapping[str, str], seen: Seen | None) -> None:
    assert seen_of(name, config) == seen


def test_names_sort_as_their_numbers_do() -> None:
    terms = [1, 9, 10, 99, 100, 10**9]
    assert all(name_of(one) < name_of(next_one) for one, next_one in pairwise(terms))
    assert highest(replace(THEIRS, term=term) for term in reversed(terms)) == replace(THEIRS, term=10**9)
    assert highest(()) is None


class TestHeldByAnother:
    """P06."""

    def test_refuses(self) -> None:
        no = ask(HELD, "x", sightings((0, THEIRS)), NOBODY)
        assert no is not None
        assert dict(no.evidence)["held by"] == "anna@desk (process 12 on desk) (term 7)"

    def test_refuses_what_it_cannot_read(self) -> None:
        no = ask(HELD, "x", sightings((0, replace(THEIRS, ttl=0.0)), (9999, replace(THEIRS, ttl=0.0))), NOBODY)
        assert no is not None
        assert "cannot be read" in no.cause

    def test_allows(self) -> None:
        assert ask(HELD, "x", sightings((0, THEIRS), (15, THEIRS)), NOBODY) is None

    def test_a_failing_check_refuses(self) -> None:
        no = ask(HELD, "x", (), NOBODY)
        assert no is not None
        assert no.cause == FAILED_CAUSE


class TestLost:
    """P05."""

    MINE = Seen(8, "us", "mine", 2)
    SOUND = Holding(MINE, 10.0, 12.0, (THEIRS, MINE))

    @pytest.mark.parametrize(
        "holding",
        [
            replace(SOUND, at=12.0),
            replace(SOUND, at=99.0, leases=None),
            replace(SOUND, leases=()),
            replace(SOUND, leases=(THEIRS,)),
            replace(SOUND, leases=(MINE, replace(THEIRS, term=9))),
            replace(SOUND, leases=(replace(MINE, nonce="another"),)),
            replace(SOUND, leases=(replace(MINE, released=True),)),
        ],
    )
    def test_refuses(self, holding: Holding) -> None:
        no = ask(LOST, "x", holding)
        assert no is not None
        assert no.evidence

    @pytest.mark.parametrize("holding", [SOUND, replace(SOUND, leases=None), replace(SOUND, leases=(replace(MINE, beat=3),))])
    def test_allows(self, holding: Holding) -> None:
        assert ask(LOST, "x", holding) is None

    def test_a_failing_check_refuses(self) -> None:
        no = ask(LOST, "x", replace(self.SOUND, leases=cast("Any", (None,))))
        assert no is not None
        assert no.cause == FAILED_CAUSE


class TestReading:
    """P15."""

    def test_refuses(self) -> None:
        no = ask(READING, "x", "PUT /1.0", None, fits=False)
        assert no is not None
        assert no.cause == "this door was opened for reading"
        no = ask(READING, "x", "PUT /1.0", "enrolment", fits=False)
        assert no is not None
        assert no.cause == "this door was opened for enrolment alone"

    def test_refuses_without_a_purpose_whatever_fits(self) -> None:
        assert ask(READING, "x", "PUT /1.0", None, fits=True) is not None

    def test_allows(self) -> None:
        assert ask(READING, "x", "PUT /1.0", "enrolment", fits=True) is None

    def test_a_failing_check_refuses(self) -> None:
        class Torn:
            def __bool__(self) -> bool:
                raise ValueError

        no = ask(READING, "x", "PUT /1.0", "enrolment", fits=cast("Any", Torn()))
        assert no is not None
        assert no.cause == FAILED_CAUSE


def test_each_rule_says_what_and_why() -> None:
    assert {rule.code for rule in LEASE_RULES} == {"P05", "P06", "P15"}
    assert all(rule.title and rule.why for rule in LEASE_RULES)
