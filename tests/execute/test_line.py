"""The queue of one pool: bounded, fair, and never longer than anybody accepts."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler.app.execute.forecast import LEAST_SHARE, START
from reconciler.app.execute.line import Line
from reconciler.app.execute.seats import Seat
from reconciler.errors import Overloaded
from reconciler.model.execute import Claim, ClaimState, Reuse, Terms, Traffic
from reconciler.model.resources import NetworkMode
from reconciler.policy.serving import Offer
from tests.policy.cells import cell

if TYPE_CHECKING:
    from reconciler.app.execute.place import Place

ANN, BOB, EVE = "a" * 32, "b" * 32, "e" * 32
OFFER = Offer("py", frozenset({"sh"}), NetworkMode.ZEROTRUST, 1, 256, 4, Terms())


def line(offer: Offer = OFFER) -> Line:
    return Line(offer, lambda: None)


def seat(owner: str, slot: int = 0) -> Seat:
    return Seat(Claim(cell(slot), 1 + slot, owner, ClaimState.KEPT, "p1", 0, 1e12), Terms(), 0)


class Sat(NamedTuple):
    place: Place
    seat: Seat


def sit(queue: Line, owner: str, slot: int) -> Sat:
    """Somebody has a cell, with a runner in it."""
    queue.stock([cell(slot)])
    place = queue.enter(owner, 0)
    assert slot_of(place) == slot
    queue.started(place, START)
    return Sat(place, seat(owner, slot))


def slot_of(place: Place) -> int | None:
    if place.given is None:
        return None
    found = place.given.cell or (place.given.seat.claim.cell if place.given.seat else None)
    assert found is not None
    return int(found.ref.name.rpartition("-")[2])


def test_a_kept_seat_is_its_owner_s_alone() -> None:
    queue = line()
    queue.back(*sit(queue, ANN, 0), 0.1, kept=True)
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(BOB, 0)
    assert slot_of(queue.enter(ANN, 0)) == 0
    queue.stock([cell(1)])
    assert slot_of(queue.enter(BOB, 0)) == 1


def test_warm_cells_go_to_the_owners_in_turn() -> None:
    queue = line()
    queue.traffic = Traffic(held=0.5, refill=0.1)
    places = [queue.enter(owner, 60) for owner in (ANN, ANN, ANN, BOB, EVE, BOB)]
    queue.stock([cell(slot) for slot in range(4)])
    assert [slot_of(place) for place in places] == [0, 3, None, 1, 2, None]


def test_who_waits_is_given_their_own_seat_in_order() -> None:
    queue = line()
    mine = sit(queue, ANN, 0)
    first, second = queue.enter(ANN, 60), queue.enter(ANN, 60)
    queue.back(*mine, 0.1, kept=True)
    assert (slot_of(first), slot_of(second)) == (0, None)
    assert queue.leave(second) is None
    queue.back(first, mine.seat, 0.1, kept=True)
    assert slot_of(queue.enter(ANN, 0)) == 0


def test_a_run_that_would_begin_too_late_is_refused_at_once_and_told_when_to_ask_again() -> None:
    queue = line()
    mine = sit(queue, ANN, 0)
    queue.back(*mine, 2.0, kept=True)
    assert slot_of(queue.enter(ANN, 0)) == 0
    began = time.monotonic()
    with pytest.raises(Overloaded) as refused:
        queue.enter(ANN, 1.0)
    assert time.monotonic() - began < 0.02
    assert (refused.value.rule, refused.value.retry, refused.value.http_status) == ("C10", 1, 429)
    queue.enter(ANN, 2.5)
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(ANN, 2.5)


def test_one_owner_does_not_fill_the_line() -> None:
    queue = line(replace(OFFER, cells=1))
    queue.back(*sit(queue, ANN, 0), 0.001, kept=True)
    queue.enter(ANN, 60)
    for _ in range(LEAST_SHARE + 1):
        queue.enter(ANN, 60)
    with pytest.raises(Overloaded, match="C11"):
        queue.enter(ANN, 60)


def test_nobody_waits_for_what_nobody_makes() -> None:
    queue = line(replace(OFFER, terms=Terms(reuse=Reuse.NEVER)))
    sit(queue, ANN, 0)
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(ANN, 60)
    queue.traffic = Traffic(refill=0.5)
    assert queue.enter(ANN, 60).given is None


def test_who_is_sooner_served_by_an_own_cell_waits_for_that_and_not_for_ever() -> None:
    queue = line()
    queue.back(*sit(queue, ANN, 0), 0.01, kept=True)
    mine = queue.enter(ANN, 0).given
    assert mine is not None
    queue.stock([cell(1), cell(2)])
    place = queue.enter(ANN, 60)
    assert (place.given, place.patience > 0) == (None, True)
    assert slot_of(queue.enter(BOB, 0)) == 1
    queue.stock([cell(2)])
    assert place.given is None
    queue.press(place)
    assert slot_of(place) == 2
    # A run that takes long is not waited for.
    for _ in range(50):
        queue.started(place, 0.001)
    queue.stock([cell(3)])
    assert slot_of(queue.enter(ANN, 0)) == 3


def test_who_waits_for_an_own_cell_is_let_in_by_the_same_question_as_others() -> None:
    queue = line()
    queue.back(*sit(queue, ANN, 0), 0.3, kept=True)
    assert queue.enter(ANN, 0).given is not None
    queue.stock([cell(1), cell(2)])
    # Neither its own cell nor a runner in a warm one would be there in time.
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(ANN, 0.1)
    place = queue.enter(ANN, 0.4)
    assert place.given is None
    queue.leave(place)
    # Runs differ so much that its own may be late; a runner would not be.
    for seconds in (0.1, 0.5) * 20:
        queue.back(*sit(queue, BOB, 0), seconds, kept=False)
    queue.stock([cell(1)])
    assert slot_of(queue.enter(ANN, 0.6)) == 1


def test_a_cell_whose_runner_has_not_begun_serves_nobody_yet() -> None:
    queue = line()
    for _ in range(30):
        queue.back(*sit(queue, ANN, 0), 0.01, kept=False)
    queue.stock([cell(1), cell(2)])
    first = queue.enter(ANN, 0)
    assert slot_of(first) == 1
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(ANN, START / 2)
    # One that begins is enough: a second one in the same moment slows down both.
    with pytest.raises(Overloaded, match="C10"):
        queue.enter(ANN, START)
    queue.started(first, START)
    assert queue.enter(ANN, START / 2).given is None


def test_more_cells_are_looked_for_when_somebody_stops_waiting_for_their_own() -> None:
    calls: list[int] = []
    queue = Line(OFFER, lambda: calls.append(1))
    queue.back(*sit(queue, ANN, 0), 0.01, kept=True)
    assert queue.enter(ANN, 0).given is not None
    queue.stock([cell(1), cell(2)])
    place = queue.enter(ANN, 60)
    queue.stock([])
    calls.clear()
    queue.press(place)
    assert (calls, queue.wants(asked_lately=False)) == ([1], True)


def test_what_was_given_is_not_waited_for_again() -> None:
    queue = line()
    queue.stock([cell(0)])
    place, began = queue.enter(ANN, 60), time.monotonic()
    place.wait(5)
    place.wait(5)
    assert time.monotonic() - began < 1


def test_what_comes_in_the_last_moment_is_not_lost() -> None:
    queue = line()
    mine = sit(queue, ANN, 0)
    place = queue.enter(ANN, 60)
    queue.back(*mine, 0.1, kept=True)
    given = queue.leave(place)
    assert given is not None
    assert given.seat is mine.seat


def test_many_threads_never_share_a_seat() -> None:
    queue, seats, taken, wrong = line(), 3, set[int](), list[int]()
    guard, dice = threading.Lock(), random.Random(1)  # noqa: S311 - a test that can be run again
    queue.stock([cell(slot) for slot in range(seats)])

    def work() -> None:
        for _ in range(50):
            place = queue.enter(ANN, 60)
            place.wait(10)
            slot = slot_of(place)
            assert slot is not None
            with guard:
                wrong.extend({slot} & taken)
                taken.add(slot)
            time.sleep(dice.random() / 5000)
            with guard:
                taken.discard(slot)
            queue.back(place, seat(ANN, slot), 1.0, kept=True)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert len(queue.seats()) == seats
