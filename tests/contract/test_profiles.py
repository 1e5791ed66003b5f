"""Profiles, and the one thing that leases stand on: of several who make one name at once exactly one does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import Conflict, HostError, NotFound, NotTrusted, Rejected

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject

THREADS = 8
ROUNDS = 5


def test_of_eight_who_make_one_name_exactly_one_does(subject: Subject) -> None:
    for number in range(ROUNDS):
        name, start = f"lease-{number:04}", threading.Barrier(THREADS)

        def race(which: int, name: str = name, start: threading.Barrier = start) -> str:
            with subject.door() as door:
                start.wait()
                try:
                    door.send("POST", door.path("profiles"), {"name": name, "config": {"user.holder": str(which)}})
                except Conflict:
                    return ""
                return str(which)

        with ThreadPoolExecutor(THREADS) as threads:
            winners = [winner for winner in threads.map(race, range(THREADS)) if winner]
        with subject.door() as door:
            assert [door.get(door.path("profiles", name))["config"]["user.holder"]] == winners


def test_a_life(door: Door, subject: Subject) -> None:
    path = door.path("profiles", "one")
    assert door.send("POST", door.path("profiles"), {"name": "one", "config": {"user.a": "1"}}).status_code == 201
    response = door.send("GET", path)
    assert response.json()["metadata"] == {"config": {"user.a": "1"}, "description": "", "devices": {}, "name": "one", "used_by": []}
    with pytest.raises(Conflict, match="412"):
        door.send("PUT", path, {"config": {"user.a": "2"}}, headers={"If-Match": '"00"'})
    door.send("PUT", path, {"config": {"user.a": "2"}}, headers={"If-Match": response.headers["ETag"]})
    door.send("PATCH", path, {"config": {"user.b": "3"}})
    assert door.get(path)["config"] == {"user.a": "2", "user.b": "3"}
    assert door.send("GET", path).headers["ETag"] != response.headers["ETag"]
    assert f"/1.0/profiles/one?project={subject.host.project}" in door.get(door.path("profiles"))
    assert any(row["name"] == "one" for row in door.get(door.path("profiles", recursion="1")))
    assert (
        f"/1.0/profiles/one?project={subject.host.project}"
        in door.get(door.path("projects", subject.host.project, project=False))["used_by"]
    )
    door.send("DELETE", path)
    with pytest.raises(NotFound, match="Profile not found"):
        door.get(path)
    with pytest.raises(NotFound):
        door.send("DELETE", path)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"name": "a/b"}, Rejected, "slashes"),
        ({"name": ""}, Rejected, "No name"),
        ({"name": "odd", "config": {"nope": "1"}}, Rejected, "Unknown configuration key"),
        ({"name": "default"}, Conflict, "already exists"),
    ],
)
def test_what_is_no_profile(door: Door, body: dict[str, object], error: type[HostError], words: str) -> None:
    with pytest.raises(error, match=words):
        door.send("POST", door.path("profiles"), body)


def test_the_default_profile_stays(door: Door) -> None:
    with pytest.raises(NotTrusted, match="cannot be deleted"):
        door.send("DELETE", door.path("profiles", "default"))
