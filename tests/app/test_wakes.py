"""The mailbox of a worker: what is due far off, what is due at once, and its end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from reconciler.app.loop.wakes import MET, WORK, Mailbox

THOUSANDS_OF_YEARS = 2.2e11


def test_what_is_due_in_thousands_of_years_keeps_nobody_from_waiting() -> None:
    """Such is the end of a suspension that somebody meant for ever."""
    box = Mailbox()
    box.wake("the end of a suspension", THOUSANDS_OF_YEARS)
    assert THOUSANDS_OF_YEARS > threading.TIMEOUT_MAX
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(box.wait)
        box.wake("an event")
        assert waiting.result(5) == ("an event",)
        again = pool.submit(box.wait)
        box.close()
        assert again.result(5) == ()


def test_the_same_reason_twice_is_one_wake_at_the_earlier_time() -> None:
    box = Mailbox()
    box.wake("due", 60)
    box.wake("due", 0)
    box.wake("due", 30)
    assert box.pending()
    assert box.wait() == ("due",)
    assert not box.pending()


def test_what_any_pass_answers_is_taken_with_the_next_wake() -> None:
    box = Mailbox()
    box.wake(MET, 60)
    box.wake(WORK, 60)
    box.wake("later", 60)
    box.wake("an event")
    assert sorted(box.wait()) == sorted(("an event", MET, WORK))


def test_what_any_pass_answers_waits_for_a_pass_that_comes_soon_anyway() -> None:
    box = Mailbox()
    box.wake(WORK)
    box.wake("something was done", 0.2)
    assert set(box.wait()) == {WORK, "something was done"}
    box.wake(WORK)
    box.wake("the end of a suspension", THOUSANDS_OF_YEARS)
    assert box.wait() == (WORK,)
