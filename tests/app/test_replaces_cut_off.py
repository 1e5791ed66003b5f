"""A container that is made anew, and what becomes of it where that is cut off between its end and its beginning."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.model.changes import Action
from tests.e2e.fleet import COMMAND
from tests.fake.estate import Estate
from tests.fake.lies import Lie

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "svc-web"
INSTANCES = r"/1\.0/instances"
ONE = rf"{INSTANCES}/{NAME}"
BEFORE, AFTER = "state: hibernated", "state: hibernated, network: semitrusted, replace: allowed"
TRIES = 3
SECONDS = 60.0


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A hibernated service that is declared in another network, and may be replaced."""
    with Estate(read_timeout=0.5) as made:
        made.services = {"web": BEFORE}
        made.apply()
        made.services = {"web": AFTER}
        yield made


def uuid(estate: Estate) -> str:
    return str(estate.rows().get(NAME, {"config": {}})["config"].get("volatile.uuid", ""))


def settled(estate: Estate, was: str) -> None:
    """What is declared is there within a few tries, another than before, and nothing is left to ask."""
    for _ in range(TRIES):
        estate.apply()
    assert uuid(estate) not in {"", was}
    assert estate.rows()[NAME]["status"] == "Stopped"
    left = estate.plan().plan
    assert (left.actions, left.refusals) == ((), ())


@pytest.mark.parametrize(
    ("lie", "method", "path"),
    [
        (Lie.HALF_CLOSED, "DELETE", ONE),
        (Lie.LOST_ANSWER, "DELETE", ONE),
        (Lie.LOCKED, "POST", INSTANCES),
        (Lie.LOST_ANSWER, "POST", INSTANCES),
        (Lie.LATE, "POST", INSTANCES),
    ],
)
def test_what_lxd_lets_down_is_made_by_a_later_pass(estate: Estate, lie: Lie, method: str, path: str) -> None:
    made, was = estate.plan(), uuid(estate)
    assert [action.action for action in made.plan.actions if str(action.ref) == "Service/web"] == [Action.REPLACE]
    told = estate.fakes[0].liar.tell(lie, method=method, path=path, seconds=1.0)
    estate.carry_out(made)
    assert told.count == 1
    time.sleep(1.2 if lie is Lie.LATE else 0)
    settled(estate, was)


@pytest.mark.parametrize(
    ("lie", "method", "path"), [(Lie.SILENT, "DELETE", ONE), (Lie.HALF_CLOSED, "POST", INSTANCES), (Lie.SILENT, "POST", INSTANCES)]
)
def test_who_is_killed_between_the_two_leaves_it_to_the_next(estate: Estate, lie: Lie, method: str, path: str) -> None:
    estate.write()
    was = uuid(estate)
    told = estate.fakes[0].liar.tell(lie, method=method, path=path, seconds=5.0)
    words = [*COMMAND, "-C", str(estate.root), "--actor", estate.settings.actor, "apply", "--yes"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + SECONDS
    while not told.count and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait(SECONDS)
    assert told.count == 1
    settled(estate, was)
