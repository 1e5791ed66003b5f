"""Waits after failures, turns between owners, and the pace of a host."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.policy.backoff import delay
from reconciler.policy.pace import CREATES, LATELY, QUICK, STATES, Pace, after
from reconciler.policy.turns import Ask, next_turn

JITTERS = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize(
    ("failures", "jitter", "seconds"),
    [(0, 0.5, 0.0), (-1, 0.5, 0.0), (1, 0.0, 0.25), (1, 0.5, 0.375), (2, 0.0, 0.5), (5, 0.0, 4.0), (11, 0.0, 150.0), (9999, 0.5, 225.0)],
)
def test_the_wait_doubles_up_to_the_cap(failures: int, jitter: float, seconds: float) -> None:
    assert delay(failures, jitter) == seconds


@pytest.mark.parametrize("jitter", [-0.1, 1.0, float("nan")])
def test_a_jitter_out_of_range_is_an_error(jitter: float) -> None:
    with pytest.raises(ValueError, match=str(jitter)):
        delay(1, jitter)


@given(st.integers(1, 2000), JITTERS, JITTERS, st.floats(0.01, 10.0), st.floats(10.0, 3600.0))
def test_a_failure_more_never_shortens_the_wait_below_the_cap(failures: int, one: float, other: float, base: float, cap: float) -> None:
    wait, longer = delay(failures, one, base, cap), delay(failures + 1, other, base, cap)
    assert 0.0 < wait <= cap
    assert longer >= min(wait, cap / 2.0)
    assert delay(failures + 1, one, base, cap) >= wait


ASKS = st.lists(st.builds(Ask, st.integers(0, 3), st.sampled_from(["", "ann", "ben", "cem"]), st.integers(0, 1000)), min_size=1)


@given(ASKS, st.dictionaries(st.sampled_from(["", "ann", "ben"]), st.integers(0, 50)))
def test_priority_then_who_had_no_turn_for_longest_then_arrival(waiting: list[Ask], served: dict[str, int]) -> None:
    chosen = waiting[next_turn(waiting, served)]
    assert chosen.priority == min(ask.priority for ask in waiting)
    rivals = [ask for ask in waiting if ask.priority == chosen.priority]
    assert all(served.get(chosen.owner, -1) <= served.get(ask.owner, -1) for ask in rivals)
    assert all(chosen.arrived <= ask.arrived for ask in rivals if ask.owner == chosen.owner)


@given(st.dictionaries(st.sampled_from(["ann", "ben", "cem"]), st.integers(1, 40), min_size=2))
def test_owners_take_turns_whoever_asks_more(asks: dict[str, int]) -> None:
    waiting = [Ask(1, owner, 100 * number) for owner, count in asks.items() for number in range(count)]
    served: dict[str, int] = {}
    had: Counter[str] = Counter()
    for turn in range(len(waiting)):
        ask = waiting.pop(next_turn(waiting, served))
        served[ask.owner] = turn
        had[ask.owner] += 1
        behind = min(had[other.owner] for other in waiting) if waiting else had[ask.owner]
        assert had[ask.owner] <= behind + 1


def test_nobody_waiting_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        next_turn([], {})


def test_a_host_starts_with_four_creates_and_eight_state_changes() -> None:
    assert (CREATES.places, STATES.places) == (4, 8)


def test_busy_halves_once_for_all_that_was_under_way() -> None:
    pace = after(STATES, busy=True, seconds=0.2)
    assert pace.limit == 4.0
    for _ in range(8):
        pace = after(pace, busy=True, seconds=0.2)
    assert pace.limit == 4.0
    assert after(pace, busy=True, seconds=0.2).limit == 2.0


def told(pace: Pace, seconds: float, beside: int = 1, times: int = LATELY) -> Pace:
    """After so many answers of one kind."""
    for _ in range(times):
        pace = after(pace, busy=False, seconds=seconds, beside=beside)
    return pace


@pytest.mark.parametrize(
    ("seconds", "beside", "rises"),
    [
        (1.2, 1, True),  # beyond twice the usual 0.4 s, which moves a little with each answer
        (0.7, 1, False),
        (3.0, 8, False),  # eight at once take eight times as long
        (12.0, 8, True),
    ],
)
def test_latency_beyond_twice_the_usual_halves(seconds: float, beside: int, rises: bool) -> None:
    pace = Pace(8.0, 32, 1, usual=0.4)
    assert (told(pace, seconds, beside).limit < pace.limit) is rises


def test_one_that_takes_long_by_itself_is_no_rise() -> None:
    pace = told(Pace(8.0, 32, 1, usual=0.1), 0.1)
    for _ in range(5):
        slow = after(pace, busy=False, seconds=1.0)
        assert slow.limit > pace.limit
        pace = told(slow, 0.1, times=LATELY - 1)


def test_a_quick_answer_is_no_rise_and_the_first_answer_sets_what_is_usual() -> None:
    assert told(Pace(8.0, 32, 1, usual=0.001), QUICK).limit > 8.0
    assert after(STATES, busy=False, seconds=30.0) == Pace(8.125, 32, 1, usual=30.0, lately=(30.0,))


ANSWERS = st.lists(st.tuples(st.booleans(), st.floats(0.0, 60.0), st.integers(0, 40)), max_size=80)


@given(ANSWERS, st.sampled_from([CREATES, STATES]))
def test_the_limit_stays_between_floor_and_ceiling_and_comes_back(answers: list[tuple[bool, float, int]], pace: Pace) -> None:
    for busy, seconds, beside in answers:
        before = pace
        pace = after(pace, busy, seconds, beside)
        assert pace.floor <= pace.limit <= pace.ceiling
        assert pace.limit >= before.limit / 2.0
        assert not (pace.limit < before.limit and before.settling)
    for _ in range(pace.ceiling**2):
        pace = after(pace, busy=False, seconds=0.0)
    assert pace.limit == pace.ceiling
