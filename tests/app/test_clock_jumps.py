"""The clock of the machine that loop and LXD share is set by hours while the loop runs."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Self

import pytest

import reconciler.app.clock
import tests.fake.server
from reconciler.app.clock import Steady, now
from reconciler.app.loop.loop import Loop
from reconciler.app.loop.options import Options
from reconciler.app.telemetry import Telemetry
from tests.fake.estate import HEAD, Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30.0
WHILE = 1.0
JUMP = 5 * 3600.0


class Machine(datetime):
    """The clock of the machine, and by how much it was set."""

    ahead = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The time by that clock."""
        return super().now(tz) + timedelta(seconds=cls.ahead)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> type[Machine]:
    """Shared by the loop and by what its fakes say that the time is."""
    monkeypatch.setattr(Machine, "ahead", 0.0)
    monkeypatch.setattr(reconciler.app.clock, "datetime", Machine)
    monkeypatch.setattr(tests.fake.server, "datetime", Machine)
    return Machine


@contextmanager
def running(estate: Estate) -> Iterator[Telemetry]:
    """The loop in threads of this process."""
    with Telemetry() as telemetry:
        loop = Loop(estate.settings, Options(uncommitted=True, full=0.5, drain=10.0), telemetry)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield telemetry
        finally:
            loop.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def declare(estate: Estate, *services: str) -> None:
    """These services, and a session of an hour."""
    estate.services = dict.fromkeys(services, "")
    estate.write()
    session = HEAD.format(kind="Session", name="shell", spec="{owner: team, image: starter, ttl: 1h}")
    (estate.root / "manifests/session.yaml").write_text(session)


def names(estate: Estate) -> dict[str, Any]:
    return {name: row["status"] for name, row in estate.rows().items()}


BEFORE = {"svc-a": "Running", "svc-old": "Frozen", "ses-shell": "Running"}


def begin(estate: Estate) -> None:
    """A service, a session, and a service in quarantine for four hours."""
    declare(estate, "a", "old")
    until(lambda: set(names(estate).values()) == {"Running"} and len(names(estate)) == len(BEFORE))
    declare(estate, "a")
    until(lambda: names(estate) == BEFORE)


@pytest.mark.parametrize("seconds", [JUMP, -JUMP])
def test_a_jump_neither_ends_anything_nor_keeps_the_loop_from_its_work(machine: type[Machine], seconds: float) -> None:
    with Estate(grace="4h") as estate:
        declare(estate, "a", "old")
        with running(estate):
            begin(estate)
            machine.ahead = seconds
            declare(estate, "a", "b")
            until(lambda: names(estate) == {**BEFORE, "svc-b": "Running"})
            declare(estate, "b")
            estate.fakes[0].dies("svc-b", "unsandbox")
            until(lambda: names(estate)["svc-b"] == "Running")
            time.sleep(WHILE)
            # Taken out while the clock was wrong: when its quarantine began would be written by it.
            assert names(estate) == {**BEFORE, "svc-b": "Running"}
            machine.ahead = 0.0
            until(lambda: names(estate) == {**BEFORE, "svc-a": "Frozen", "svc-b": "Running"})


def test_who_starts_the_loop_again_takes_the_clock_as_it_is(machine: type[Machine]) -> None:
    with Estate(grace="4h") as estate:
        declare(estate, "a", "old")
        with running(estate):
            begin(estate)
        machine.ahead = JUMP
        with running(estate):
            until(lambda: names(estate) == {"svc-a": "Running"})


def test_a_jump_is_told_by_its_seconds(machine: type[Machine]) -> None:
    steady = Steady()
    assert abs(steady.jumped(now())) < 1
    machine.ahead = -JUMP
    assert steady.jumped(now()) == pytest.approx(-JUMP, abs=1)
    machine.ahead = 0.0
    assert abs(steady.jumped(now())) < 1
