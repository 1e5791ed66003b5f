"""From answers to a verdict, and from deeds to a back-off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.health import Answer, Probe, Reply, Restart, Verdict
from reconciler.model.records import Deed
from reconciler.policy.health import State, step
from reconciler.policy.restart import LONGEST, not_before, pause, tries, window_ends

AT = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {"+": Reply.PASSED, "-": Reply.FAILED, "?": Reply.UNASKED}


def walk(answers: str, probe: Probe) -> State:
    """One answer a second."""
    state = State(AT, AT)
    for second, word in enumerate(answers):
        state = step(state, Answer(WORDS[word], word), probe, AT + timedelta(seconds=second))
    return state


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ("", "unknown"),
        ("+", "healthy"),
        ("--", "unknown"),
        ("---", "unhealthy"),
        ("+--", "healthy"),
        ("+---", "unhealthy"),
        ("---+", "healthy"),
        ("---?", "unknown"),
        ("--?-", "unknown"),
        ("--?--", "unknown"),
        ("--?---", "unhealthy"),
        ("+?", "unknown"),
        ("?", "unknown"),
    ],
)
def test_what_a_row_of_answers_means(answers: str, verdict: str) -> None:
    assert walk(answers, Probe(retries=3)).verdict == verdict


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [("-----", "unknown"), ("------", "unknown"), ("-------", "unhealthy"), ("-+--", "unhealthy"), ("+-", "healthy")],
)
def test_a_failure_while_it_starts_does_not_count_unless_it_was_well(answers: str, verdict: str) -> None:
    assert walk(answers, Probe(retries=2, start_period=5)).verdict == verdict


@given(st.text("+-?", max_size=30), st.integers(1, 5), st.integers(0, 40))
def test_unhealthy_means_that_the_last_answers_were_all_failures(answers: str, retries: int, start: int) -> None:
    state = walk(answers, Probe(retries=retries, start_period=start))
    if state.verdict is Verdict.UNHEALTHY:
        assert answers.endswith("-" * retries)
    if answers.endswith("?"):
        assert state.verdict is Verdict.UNKNOWN
    if answers.endswith("+"):
        assert state.verdict is Verdict.HEALTHY
    assert 0 <= state.failures <= retries


def deed(ago: float, call: str = "SetPower:start", action: str = "start", *, done: bool = True) -> Deed:
    return Deed(AT - timedelta(seconds=ago), call, action, "Service/web", "h1", "team", "u-1", done)


def test_a_back_off_doubles_up_to_five_minutes() -> None:
    assert [pause(Restart(backoff=10), number) for number in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert pause(Restart(backoff=900), 3) == 900
    assert pause(Restart(backoff=10), 10_000) == LONGEST


@given(st.lists(st.floats(0, 3599), min_size=1, max_size=12), st.integers(0, 60), st.integers(1, 12))
def test_whoever_waits_as_long_as_told_may_try(agos: list[float], backoff: int, cap: int) -> None:
    restart = Restart(backoff=backoff, cap=cap)
    tried = tries(restart, [deed(ago) for ago in sorted(agos, reverse=True)], "u-1", AT)
    until = not_before(restart, tried, AT)
    if until is not None:
        assert until > AT
        assert not_before(restart, tried, until) is None
    if len(tried) >= cap:
        over = window_ends(restart, tried) + timedelta(milliseconds=1)
        assert len(tries(restart, tried, "u-1", over)) < cap
