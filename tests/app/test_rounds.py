"""One decision for many: it began after each of those whom it serves had asked, and there is never more than one at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.loop.decision import decision_of
from reconciler.app.loop.rounds import GATHER, Rounds
from reconciler.app.planning import decide
from reconciler.engine.select import Scope
from reconciler.model.changes import Action
from tests.engine.worlds import build
from tests.properties.worlds import cases

if TYPE_CHECKING:
    from reconciler.app.loop.decision import Decision

WORKERS = 40


class Slow:
    """Decides by telling the number of the decision, and what was looked at when it began."""

    def __init__(self) -> None:
        self.looks: dict[str, int] = {}
        self.running = 0
        self.made = count()
        self.rounds: list[tuple[frozenset[str], dict[str, int]]] = []

    def make(self, hosts: frozenset[str]) -> Decision:
        self.running += 1
        assert self.running == 1, "two decisions at once"
        self.rounds.append((hosts, dict(self.looks)))
        time.sleep(0.005)
        self.running -= 1
        return cast("Decision", len(self.rounds) - 1)


def test_many_workers_share_a_handful_of_decisions_and_each_covers_its_look() -> None:
    slow, turns = Slow(), 5
    decider = Rounds(slow.make)

    def work(number: int) -> None:
        host = f"h{number}"
        for turn in range(turns):
            slow.looks[host] = turn
            hosts, looks = slow.rounds[cast("int", decider.ask(host))]
            assert host in hosts
            assert looks[host] == turn

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert len(slow.rounds) < WORKERS * turns / 2


def test_an_answer_waits_for_whoever_is_about_to_ask_and_serves_it_too() -> None:
    slow = Slow()
    decider = Rounds(slow.make)

    def late(started: threading.Event) -> int:
        with decider.coming("late"):
            started.set()
            time.sleep(GATHER / 5)
            return cast("int", decider.ask("late"))

    def shared(pool: ThreadPoolExecutor) -> bool:
        started = threading.Event()
        other = pool.submit(late, started)
        started.wait(5)
        mine = cast("int", decider.ask("early"))
        return other.result(5) == mine and slow.rounds[mine][0] == {"early", "late"}

    with ThreadPoolExecutor(1) as pool:
        # A busy machine may take longer over those few milliseconds than anybody is waited for.
        assert any(shared(pool) for _ in range(5))


def test_who_gathers_waits_a_moment_for_those_who_said_nothing() -> None:
    slow, together = Slow(), threading.Barrier(2)
    decider = Rounds(slow.make)

    def ask(host: str) -> int:
        together.wait(5)
        return cast("int", decider.ask(host, gather=True))

    with ThreadPoolExecutor(2) as pool:
        # One answer for both, unless the machine lets one of them wait for longer than that moment.
        answers = [tuple(pool.map(ask, ("h1", "h2"))) for _ in range(5)]
    assert any(first == second for first, second in answers)
    began = time.monotonic()
    decider.ask("h1", gather=True)
    assert time.monotonic() - began >= GATHER


def test_who_comes_and_never_asks_is_not_waited_for_longer_than_a_moment() -> None:
    decider = Rounds(Slow().make)
    with decider.coming("slow"):
        began = time.monotonic()
        decider.ask("early")
        assert time.monotonic() - began >= GATHER
    began = time.monotonic()
    decider.ask("early")
    assert time.monotonic() - began < GATHER, "it is waited for after it left"


def test_who_decides_and_fails_leaves_the_others_to_try() -> None:
    """As many as there are workers, each of whom hears it, and no one waits for ever."""
    errors, gate = count(), threading.Event()

    def make(_hosts: frozenset[str]) -> Decision:
        gate.wait(5)
        if next(errors) < 3:
            raise OSError
        return cast("Decision", "good")

    decider = Rounds(make)

    def ask(number: int) -> str:
        try:
            return cast("str", decider.ask(f"h{number}"))
        except OSError:
            return "failed"

    with ThreadPoolExecutor(WORKERS) as pool:
        asked = [pool.submit(ask, number) for number in range(WORKERS)]
        gate.set()
        told = [future.result(timeout=10) for future in asked]
    assert (told.count("failed"), told.count("good")) == (3, WORKERS - 3)


@given(cases(), st.randoms(use_true_random=False))
def test_a_part_of_a_decision_is_what_would_be_decided_for_that_part(case: dict[str, Any], random: Any) -> None:
    desired, observed, ledger = build(case)
    made = decide(desired, observed, ledger, Scope())
    decision = decision_of(made, frozenset(observed.hosts), {})
    acts = [(action.ref, action.host, action.action) for action in made.plan.actions]
    only = frozenset(act for act in acts if random.random() < 0.5)
    whole = decide(desired, observed, ledger, Scope(), only)
    # What stays as it is is nobody's part, and is not counted.
    acting = tuple(change for change in whole.cleared.changes if change.action is not Action.KEEP)
    wanted = replace(whole, cleared=replace(whole.cleared, changes=acting), plan=replace(whole.plan, kept=0))
    assert decision.part(only) == wanted


@given(cases())
def test_what_is_asked_for_one_host_is_what_the_whole_tells_of_it(case: dict[str, Any]) -> None:
    made = decide(*build(case), Scope())
    decision = decision_of(made, frozenset(made.observed.hosts), {})
    places = {change.host for change in made.every.items}
    for host in places:
        assert decision.of(host) == tuple(change for change in made.every.items if change.host == host)
    assert sum(len(decision.of(host)) for host in places) == len(made.every.items)


@pytest.mark.parametrize(
    ("case", "firm"),
    [
        ({"services": {"a": {}}, "hosts": {"h1": {"rows": [{"of": "a", "status": "stopped", "ran": True}]}}}, True),
        ({"services": {"a": {"power": "frozen"}}, "hosts": {"h1": {"rows": [{"of": "a"}]}}}, True),
        ({"services": {"a": {}}, "hosts": {"h1": {}}}, False),
        ({"hosts": {"h1": {"rows": [{"of": "a"}]}}}, False),
    ],
)
def test_what_makes_or_ends_is_decided_anew(case: dict[str, Any], firm: bool) -> None:
    made = decide(*build(case), Scope())
    acts = frozenset((str(change.ref), change.host, change.action.value) for change in made.every.items)
    assert acts
    assert decision_of(made, frozenset({"h1"}), {}).is_firm("h1", acts) is firm
