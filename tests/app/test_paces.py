"""How many calls a host is given at once, as calls end well, badly, and late."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.app.paces import Paces
from reconciler.errors import Conflict, HostBusy
from reconciler.model.plan import CreateInstance, SetPower
from reconciler.policy.pace import CREATES

START = SetPower("svc-web", "start", force=False, timeout=30)
CREATE = CreateInstance("svc-web", "", {}, {})


def busy(paces: Paces) -> None:
    with pytest.raises(HostBusy), paces.turn("h1", START):
        raise HostBusy("database is locked")


def test_a_busy_host_is_given_half_as_much_and_slowly_more_again() -> None:
    paces = Paces(8)
    busy(paces)
    assert paces.places("h1") == 4
    for _ in range(100):
        with paces.turn("h1", START):
            pass
    assert paces.places("h1") == 8


def test_what_one_host_taught_says_nothing_of_another() -> None:
    paces = Paces(8)
    busy(paces)
    assert paces.places("h2") == 8


def test_a_call_that_was_refused_for_what_it_asks_teaches_nothing() -> None:
    paces = Paces(8)
    with pytest.raises(Conflict), paces.turn("h1", START):
        raise Conflict("the name is taken")
    assert paces.limits("h1") == (CREATES.limit, 8.0)


def test_a_host_is_never_given_less_than_one() -> None:
    paces = Paces(1)
    for _ in range(20):
        busy(paces)
    assert paces.places("h1") == 1


def test_creates_have_places_of_their_own() -> None:
    """Four are under way; the fifth begins when one ends, and starts go on beside them."""
    paces, inside, let_go = Paces(8), threading.Semaphore(0), threading.Event()

    def create() -> None:
        with paces.turn("h1", CREATE):
            inside.release()
            assert let_go.wait(10)

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(create) for _ in range(5)]
        for _ in range(4):
            assert inside.acquire(timeout=10)
        assert not inside.acquire(timeout=0.1)
        with paces.turn("h1", START):
            pass
        let_go.set()
        for one in running:
            one.result(10)
    assert inside.acquire(timeout=10)
