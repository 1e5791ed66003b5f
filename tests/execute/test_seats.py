"""Seats over a real file, and hosts that nobody can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.app.execute.seats import Seat, Seats
from reconciler.errors import Unreachable
from reconciler.model.execute import ClaimState, Terms
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from tests.policy.cells import cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.lxd.connect import Door

ANN, BOB = "a" * 32, "b" * 32


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobsFile]:
    with JobsFile(tmp_path / FILE_NAME) as opened:
        yield opened


@pytest.fixture
def asked() -> list[str]:
    """Hosts whose door somebody asked for."""
    return []


@pytest.fixture
def seats(file: JobsFile, tmp_path: Path, asked: list[str]) -> Iterator[Seats]:
    def door(host: str) -> Door:
        asked.append(host)
        raise Unreachable(f"{host} is out of reach")

    made = Seats(file, tmp_path, door)
    yield made
    made.close()


def kept(file: JobsFile, slot: int) -> Seat:
    """A cell that waits for Ann."""
    at = now().timestamp()
    claim = file.claim(cell(slot), ANN, "p1", at, at + 60)
    assert claim is not None
    claim = file.keep(claim, at + 60)
    assert claim is not None
    return Seat(claim, Terms(), at)


def test_a_seat_that_another_owner_is_given_is_spent(seats: Seats, file: JobsFile) -> None:
    seat = kept(file, 0)
    assert not seats.again(seat, BOB, 10, "sh")
    found = file.found(seat.claim.cell.uuid)
    assert found is not None
    assert (found.state, found.owner, found.turn) == (ClaimState.SPENT, ANN, 1)
    assert found.why.startswith("C05: ")


def test_a_host_that_does_not_answer_is_asked_once_for_all_its_marks(seats: Seats, file: JobsFile, asked: list[str]) -> None:
    for slot in range(5):
        seats.spend(kept(file, slot), "over")
    seats.mark()
    assert asked == ["h1"]
