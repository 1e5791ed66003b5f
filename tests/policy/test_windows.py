"""Maintenance windows: clocks that jump, midnights, weeks; and what holds of any window at any time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.modes import Window, zone_of
from reconciler.policy.windows import edges, is_open, next_opening

BERLIN = "Europe/Berlin"
EVERY = (0, 1, 2, 3, 4, 5, 6)
SATURDAY, SUNDAY = 5, 6
NIGHT = Window(EVERY, 150, 3600, BERLIN)
"""02:30 for an hour."""

ZONES = (
    "UTC",
    BERLIN,
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Casablanca",
)
WINDOWS = st.builds(
    Window,
    st.sets(st.sampled_from(EVERY), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 1439),
    st.integers(1, 7 * 86_400),
    st.sampled_from(ZONES),
)
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-28T02:29:59+01:00", False),
        ("2026-03-28T02:30:00+01:00", True),
        ("2026-03-28T03:29:59+01:00", True),
        ("2026-03-28T03:30:00+01:00", False),
        # The night in which 02:00 becomes 03:00: there is no 02:30, and it opens an hour later.
        ("2026-03-29T01:59:59+01:00", False),
        ("2026-03-29T03:00:00+02:00", False),
        ("2026-03-29T03:30:00+02:00", True),
        ("2026-03-29T04:29:59+02:00", True),
        ("2026-03-29T04:30:00+02:00", False),
        # The night in which 03:00 becomes 02:00: it opens at the first 02:30 and not again at the second.
        ("2026-10-25T02:30:00+02:00", True),
        ("2026-10-25T02:29:59+01:00", True),
        ("2026-10-25T02:30:00+01:00", False),
    ],
)
def test_the_night_shift(at: str, *, expected: bool) -> None:
    assert is_open([NIGHT], moment(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-03T22:59:59+00:00", False),
        ("2026-01-03T23:00:00+00:00", True),
        ("2026-01-04T01:59:59+00:00", True),
        ("2026-01-04T02:00:00+00:00", False),
        ("2026-01-04T23:30:00+00:00", False),
    ],
)
def test_over_midnight_into_a_day_on_which_it_does_not_open(at: str, *, expected: bool) -> None:
    assert is_open([Window((SATURDAY,), 23 * 60, 3 * 3600, "UTC")], moment(at)) is expected


def test_a_week_long_window_is_always_open() -> None:
    week = Window((SUNDAY,), 0, 7 * 86_400, BERLIN)
    start = moment("2026-03-20T00:00:00+00:00")
    closed = [hour for hour in range(24 * 20) if not is_open([week], start + timedelta(hours=hour))]
    # The week in which the clocks go forward is an hour shorter, the one in which they go back an hour longer.
    assert not closed


def test_the_day_is_that_of_the_zone() -> None:
    early = Window((0,), 30, 3600, "Pacific/Auckland")
    assert is_open([early], moment("2026-06-07T12:30:00+00:00")), "Monday there, Sunday here"
    assert not is_open([early], moment("2026-06-08T12:30:00+00:00"))


def test_the_next_opening_is_told_in_its_own_zone() -> None:
    found = next_opening([Window((SATURDAY,), 120, 3600, BERLIN), Window((SUNDAY,), 0, 3600, "UTC")], moment("2026-01-01T00:00:00+00:00"))
    assert found is not None
    assert found.isoformat() == "2026-01-03T02:00:00+01:00"
    assert next_opening([], moment("2026-01-01T00:00:00+00:00")) is None


def test_what_cannot_be_told_raises() -> None:
    at = moment("2026-01-01T00:00:00+00:00")
    for name in ("Europe/Atlantis", "../../etc/passwd", "Europe", "", "/etc/localtime", "a\x00b"):
        with pytest.raises(ValueError, match="zone"):
            is_open([Window(EVERY, 0, 60, name)], at)
    with pytest.raises(ValueError, match="without a zone"):
        is_open([NIGHT], at.replace(tzinfo=None))
    assert zone_of("UTC") is UTC


@given(WINDOWS, MOMENTS)
def test_it_opens_as_often_as_it_says_and_stays_open_as_long(window: Window, at: datetime) -> None:
    opening = next_opening([window], at)
    assert opening is not None
    assert at < opening <= at + timedelta(days=9)
    assert is_open([window], opening)
    assert is_open([window], opening + timedelta(seconds=window.length - 1))
    local = opening.astimezone(zone_of(window.zone))
    exact = local.hour * 60 + local.minute == window.opens and local.weekday() in window.days
    # Where the clocks jumped over it, it is the time that it would have been without the jump.
    before = (opening.astimezone(UTC) - timedelta(days=1)).astimezone(zone_of(window.zone))
    assert exact or before.utcoffset() != local.utcoffset()


@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS)
def test_between_two_edges_nothing_changes(windows: list[Window], at: datetime) -> None:
    following = min(edges(windows, at))
    assert following > at
    now = is_open(windows, at)
    span = (following - at).total_seconds()
    assert all(is_open(windows, at + timedelta(seconds=span * part / 7)) is now for part in range(7))


@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS, st.sampled_from(ZONES))
def test_the_zone_in_which_the_time_is_told_does_not_matter(windows: list[Window], at: datetime, zone: str) -> None:
    there = at.astimezone(ZoneInfo(zone))
    assert is_open(windows, at) is is_open(windows, there)
    assert next_opening(windows, at) == next_opening(windows, there)


@given(st.lists(WINDOWS, max_size=2), WINDOWS, MOMENTS)
def test_another_window_never_closes_anything(windows: list[Window], more: Window, at: datetime) -> None:
    assert is_open([*windows, more], at) >= is_open(windows, at)
