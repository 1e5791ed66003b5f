"""A door of one claim: what it lets through, on a real daemon, with a real file of claims behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.app.execute.fence import door_of
from reconciler.app.execute.link import Link
from reconciler.errors import Conflict, Refused
from reconciler.lxd.cells import fenced, put_mark
from reconciler.lxd.write import perform
from reconciler.model import marks
from reconciler.model.plan import SetPower, UpdateInstance
from reconciler.store.execute import FILE_NAME, ExecuteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Claim
    from tests.execute.conftest import Place

pytestmark = pytest.mark.lxd
OWNER = "a" * 16


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ExecuteFile]:
    with ExecuteFile(tmp_path / FILE_NAME) as opened:
        yield opened


@pytest.fixture
def claim(file: ExecuteFile, place: Place) -> Claim:
    wipe(place)
    at = now().timestamp()
    made = file.claim(place.cell, OWNER, "p1", at, at + 60)
    assert made is not None
    return made


def wipe(place: Place) -> None:
    """Take the mark of an earlier test away, of which this one's file knows nothing."""
    place.daemon.query("PATCH", f"/1.0/instances/{place.cell.instance}", {"config": {marks.CLAIM: ""}})


def mark_of(place: Place) -> str:
    found: str = place.daemon.query("GET", f"/1.0/instances/{place.cell.instance}")["config"].get(marks.CLAIM, "")
    return found


def test_one_cell_is_run_in_and_marked(place: Place, file: ExecuteFile, claim: Claim) -> None:
    door = door_of(claim, place.door, file)
    put_mark(door, claim)
    assert mark_of(place) == f"{claim.fence}:{OWNER}"
    Link.open(door, place.cell).close()
    spent = file.spend(claim, now().timestamp(), "over")
    assert spent is not None
    put_mark(door, spent)
    assert mark_of(place) == f"spent:{claim.fence}"
    with pytest.raises(Refused, match="C12: the claim does not stand"):
        Link.open(door, place.cell)
    wipe(place)
    with pytest.raises(Refused, match="C13: it is not what is written down"):
        put_mark(door, claim)


@pytest.mark.parametrize("theirs", [f"9:{'b' * 16}", "Session/theirs", "what nobody knows"])
def test_a_cell_with_a_mark_of_which_the_file_knows_nothing_is_left(place: Place, file: ExecuteFile, claim: Claim, theirs: str) -> None:
    place.daemon.query("PATCH", f"/1.0/instances/{place.cell.instance}", {"config": {marks.CLAIM: theirs}})
    with pytest.raises(Conflict, match="is not free to be claimed"):
        put_mark(door_of(claim, place.door, file), claim)
    assert mark_of(place) == theirs
    # Nor is it ended under whoever runs in it.
    spent = file.spend(claim, now().timestamp(), "it was not the cell that was claimed")
    assert spent is not None
    with pytest.raises(Conflict, match="is not free to be claimed"):
        put_mark(door_of(spent, place.door, file), spent)
    assert mark_of(place) == theirs


def test_nothing_else_passes(place: Place, file: ExecuteFile, claim: Claim) -> None:
    door, name = door_of(claim, place.door, file), place.cell.instance
    sent: list[Callable[[Door], object]] = [
        lambda door: door.send("POST", door.path("instances", f"{name}2", "exec"), {}),
        lambda door: door.send("POST", door.path("instances", name, "exec", project=False), {}),
        lambda door: door.send("POST", door.path("instances", name, "files", path="/x"), {}),
        lambda door: door.send("PATCH", door.path("instances", f"{name}2"), {"config": {marks.CLAIM: claim.mark}}),
        lambda door: door.send("PUT", door.path("instances", name), {"config": {marks.CLAIM: claim.mark}}),
        lambda door: perform(door, UpdateInstance(name, place.cell.uuid, {marks.CLAIM: claim.mark})),
        lambda door: perform(door, SetPower(name, "stop", force=True, timeout=5, uuid=place.cell.uuid)),
        lambda door: door.send("DELETE", door.path("instances", name)),
    ]
    for send in sent:
        with pytest.raises(Refused, match="P15: this door was opened for one claimed cell alone"):
            send(door)
    bodies: list[dict[str, object]] = [
        {"config": {marks.CLAIM: claim.mark, "security.privileged": "true"}},
        {"config": {marks.CLAIM: claim.mark}, "ephemeral": True},
        {"config": {"security.privileged": "true"}},
        {"config": {}},
        {"config": None},
        {},
    ]
    for body in bodies:
        with pytest.raises(Refused, match="C13"):
            door.send("PATCH", door.path("instances", name), body)


def test_a_claim_of_another_host_or_instance_reaches_nothing(place: Place, file: ExecuteFile, claim: Claim) -> None:
    with pytest.raises(Refused, match="P15"):
        door_of(replace(claim, cell=replace(claim.cell, host="h9")), place.door, file)
    other = replace(place.cell, uuid="00000000-0000-4000-8000-000000000000")
    at = now().timestamp()
    theirs = file.claim(other, OWNER, "p1", at, at + 60)
    assert theirs is not None
    door, before = door_of(theirs, place.door, file), mark_of(place)
    with pytest.raises(Conflict, match="is another instance"):
        put_mark(door, theirs)
    with pytest.raises(Conflict, match="is another instance"):
        Link.open(door, other)
    assert mark_of(place) == before


def test_a_claim_that_cannot_be_read_reaches_nothing(place: Place, file: ExecuteFile, claim: Claim) -> None:
    door = door_of(claim, place.door, file)
    file.close()
    for broken in (door, fenced(place.door, claim, lambda: None)):  # type: ignore[arg-type, return-value]
        with pytest.raises(Refused, match="C12: the check itself failed"):
            Link.open(broken, place.cell)
        with pytest.raises(Refused, match="C13: the check itself failed"):
            put_mark(broken, claim)
