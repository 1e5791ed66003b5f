"""Suspensions and modes as values: what is in force, what comes next, and that nothing makes a mode looser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from reconciler.model.modes import Mode, Stance, Suspension, Window
from reconciler.policy.modes import end_of, in_force, next_change, stricter
from tests.engine.worlds import build

AT = datetime(2026, 1, 1, tzinfo=UTC)


def held(until: str) -> Stance:
    return Stance(suspension=Suspension("moving", until))


@pytest.mark.parametrize(
    "until",
    ["", "soon", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"],
)
def test_an_end_that_cannot_be_read_raises(until: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        in_force(held(until), AT)


def test_it_holds_until_its_end_and_not_at_it() -> None:
    stance = held("2026-01-01T01:00:00+01:00")
    assert in_force(stance, AT - timedelta(microseconds=1)) is stance.suspension
    assert in_force(stance, AT) is None
    assert in_force(Stance(), AT) is None
    assert end_of(Suspension("moving", "2026-01-01T01:00:00+01:00")) == AT


def test_a_mode_is_made_stricter_and_never_looser() -> None:
    desired = build({})[0]
    for declared, asked in product(Mode, Mode):
        before = replace(desired, policy=replace(desired.policy, stance=replace(held("2027-01-01T00:00:00Z"), mode=declared)))
        after = stricter(before, asked, "--mode")
        assert after.policy.stance.mode is (Mode.DETECT if Mode.DETECT in {declared, asked} else Mode.ENFORCE)
        assert after.policy.stance.suspension == before.policy.stance.suspension
        assert after.policy.stance.said_by == ("--mode" if after.policy.stance.mode is not declared else "")
        assert replace(after, policy=before.policy) == before


def test_the_next_change_is_the_first_of_windows_and_ends() -> None:
    words = {"services": {"web": {"suspend": ["r", "2026-01-04T00:00:00Z"]}}, "pools": {"py": {"size": 0}}}
    desired = build(words)[0]
    assert next_change(desired, AT) == datetime(2026, 1, 4, tzinfo=UTC)
    assert next_change(desired, datetime(2026, 1, 4, tzinfo=UTC)) is None
    window = Window((5,), 0, 3600, "UTC")
    windowed = replace(desired, policy=replace(desired.policy, windows=(window,)))
    assert next_change(windowed, AT) == datetime(2026, 1, 3, tzinfo=UTC)
    assert next_change(windowed, datetime(2026, 1, 3, tzinfo=UTC)) == datetime(2026, 1, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("part", ["policy", "host", "pool"])
def test_every_manifest_that_suspends_is_asked(part: str) -> None:
    until = {"suspend": ["r", "2026-01-02T00:00:00+00:00"]}
    worlds: dict[str, dict[str, Any]] = {
        "policy": {"policy": until},
        "host": {"hosts": {"h1": until}},
        "pool": {"pools": {"py": {"size": 0, **until}}},
    }
    assert next_change(build(worlds[part])[0], AT) == datetime(2026, 1, 2, tzinfo=UTC)


def test_what_cannot_be_read_changes_at_no_known_moment() -> None:
    desired = build({"services": {"web": {"suspend": ["r", "soon"]}}, "policy": {"windows": [{"from": "00:00", "for": 60, "zone": "No"}]}})[
        0
    ]
    assert next_change(desired, AT) is None
