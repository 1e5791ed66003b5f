"""From a place in the line to a seat, where nothing is given."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.app.execute.seating import Seating
from reconciler.app.execute.seats import Seats
from reconciler.app.execute.troubles import Troubles
from reconciler.errors import NoResult, Overloaded, Unreachable
from reconciler.model.run import RunRequest
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from tests.execute.waiting import waiting
from tests.policy.cells import cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.execute.run import Run
    from reconciler.lxd.connect import Door

ANN = "a" * 32


@pytest.fixture
def seating(tmp_path: Path) -> Iterator[Seating]:
    def door(host: str) -> Door:
        raise Unreachable(f"{host} is out of reach")

    with JobsFile(tmp_path / FILE_NAME) as file:
        seats = Seats(file, tmp_path, door)
        yield Seating(seats, Troubles())
        seats.close()


def asked(accepts: float) -> Run:
    return waiting(RunRequest(ANN, b"echo", "sh", accepts=accepts))


@pytest.mark.parametrize("patient", [0.0, 30.0], ids=["any", "an own cell"])
def test_who_is_asked_to_end_leaves_the_line_at_once(seating: Seating, patient: float) -> None:
    run = asked(30.0)
    run.place.patience = patient
    threading.Timer(0.1, run.end).start()
    with pytest.raises(NoResult, match="before it began"):
        seating.sit(run)
    assert time.monotonic() - run.began < 10
    assert not run.line.wants(asked_lately=False)
    # Its place is nobody's, so that what is warm waits for whoever comes next.
    run.line.stock([cell(0)])
    assert run.line.enter(ANN, 0).hit


def test_who_was_asked_to_end_does_not_wait_in_another_place(seating: Seating) -> None:
    run = asked(30.0)
    run.end()
    # Of what it was given in the last moment its host cannot be reached, so that it is put before all others once more.
    run.line.stock([cell(0)])
    with pytest.raises(NoResult, match="before it began"):
        seating.sit(run)
    assert time.monotonic() - run.began < 10
    assert not run.line.wants(asked_lately=False)


def test_whose_patience_is_over_leaves_the_line(seating: Seating) -> None:
    run = asked(0.2)
    with pytest.raises(Overloaded, match="C10"):
        seating.sit(run)
    assert not run.line.wants(asked_lately=False)
