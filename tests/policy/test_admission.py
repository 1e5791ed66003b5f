"""Whether a run is let in: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.rules import FAILED_CAUSE, ask
from reconciler.policy.admission import LONGEST_RETRY, MIB, SAME, Admission, Load, estimate, no_memory, patience, turned_away

LOAD = Load(warm=0, cells=4, ahead=7, service=0.5)
ASKED = Admission(LOAD, accepts=1.0)


@pytest.mark.parametrize(
    ("load", "wait"),
    [
        (LOAD, 1.0),
        (replace(LOAD, ahead=0), 0.125),
        (replace(LOAD, warm=8), 0.0),
        (replace(LOAD, refill=1.0), 3.0),
        (replace(LOAD, cells=0), float("inf")),
        (replace(LOAD, service=0.0), float("inf")),
    ],
)
def test_the_estimated_wait(load: Load, wait: float) -> None:
    assert estimate(load) == pytest.approx(wait)


def test_a_run_that_would_begin_in_time_is_let_in() -> None:
    assert turned_away(ASKED) is None
    assert turned_away(replace(ASKED, accepts=0.0, load=replace(LOAD, warm=8))) is None


def test_one_that_would_begin_too_late_is_told_when_to_ask_again() -> None:
    refused = turned_away(replace(ASKED, load=replace(LOAD, ahead=39)))
    assert refused is not None
    assert (refused.code, refused.retry) == ("C10", 4)
    assert refused.no.evidence == (("estimated wait", "5.00 s"), ("accepted", "1.00 s"), ("ahead", "39"))


def test_one_whose_end_nobody_can_tell_is_refused() -> None:
    refused = turned_away(replace(ASKED, load=replace(LOAD, cells=0)))
    assert refused is not None
    assert (refused.code, refused.retry) == ("C10", LONGEST_RETRY)
    assert refused.no.evidence == (("estimated wait", "nobody can tell"), ("accepted", "1.00 s"), ("ahead", "7"))
    assert refused.no.unblock.startswith("unsandbox pools, then unsandbox run")


def test_one_owner_does_not_fill_the_queue() -> None:
    refused = turned_away(replace(ASKED, owned=3, share=2))
    assert refused is not None
    assert refused.code == "C11"
    assert turned_away(replace(ASKED, owned=2, share=2)) is None


@pytest.mark.parametrize(
    "load", [replace(LOAD, ahead=-1), replace(LOAD, refill=-0.4), replace(LOAD, service=float("nan")), replace(LOAD, refill=float("inf"))]
)
def test_a_load_that_cannot_be_counted_lets_nobody_in(load: Load) -> None:
    refused = turned_away(replace(ASKED, load=load))
    assert refused is not None
    assert (refused.code, refused.no.cause) == ("C10", FAILED_CAUSE)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 500), st.floats(0, 100), st.floats(0, 100))
def test_who_is_let_in_never_waits_longer_than_accepted(warm: int, cells: int, ahead: int, service: float, accepts: float) -> None:
    load = Load(warm, cells, ahead, service)
    refused = turned_away(Admission(load, accepts))
    assert (refused is None) == (estimate(load) <= accepts)
    assert refused is None or 1 <= refused.retry <= LONGEST_RETRY


def test_who_was_let_in_may_begin_a_little_later_and_never_much() -> None:
    assert [patience(seconds) for seconds in (0.0, 0.4, 10.0)] == pytest.approx([0.0, 0.6, 11.0])


def test_runs_hold_no_more_memory_than_they_may() -> None:
    assert no_memory(600, 400, 1000) is None
    refused = no_memory(600 * MIB, 401 * MIB, 1000 * MIB)
    assert refused is not None
    assert (refused.code, refused.retry) == ("C14", 1)
    assert refused.no.evidence == (("held", "600.0 MiB"), ("its own", "401.0 MiB"), ("most", "1000.0 MiB"))


def test_memory_that_cannot_be_counted_lets_nobody_in() -> None:
    refused = no_memory(0, 1, None)  # type: ignore[arg-type]
    assert refused is not None
    assert (refused.code, refused.no.cause) == ("C14", FAILED_CAUSE)


def test_a_key_is_for_one_request() -> None:
    assert ask(SAME, "unsandbox jobs", "a" * 64, "a" * 64) is None
    other = ask(SAME, "unsandbox jobs", "a" * 64, "b" * 64)
    assert other is not None
    assert other.evidence == (("then", "a" * 12), ("asked", "b" * 12))
    assert ask(SAME, "unsandbox jobs", "", "") is not None


def test_a_key_whose_check_breaks_is_refused() -> None:
    def breaks(_before: str, _asked: str) -> None:
        raise RuntimeError("the check could not be made")

    no = ask(replace(SAME, check=breaks), "unsandbox jobs", "a", "a")
    assert no is not None
    assert no.cause == FAILED_CAUSE
