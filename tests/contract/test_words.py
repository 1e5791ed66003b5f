"""Status and word of what is not there and of what is taken: the reconciler tells errors apart by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import Conflict, NotFound

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject

NOBODY = "nobody"
NOWHERE = "nowhere"


@pytest.mark.parametrize(
    ("method", "parts", "words"),
    [
        ("GET", ("instances", NOBODY), "Instance not found"),
        ("DELETE", ("instances", NOBODY), "Instance not found"),
        ("PUT", ("instances", NOBODY), "Instance not found"),
        ("PATCH", ("instances", NOBODY), "Instance not found"),
        ("PUT", ("instances", NOBODY, "state"), "Instance not found"),
        ("GET", ("instances", NOBODY, "snapshots"), "Instance not found"),
        ("GET", ("profiles", NOBODY), "Fetch profile: Profile not found"),
        ("GET", ("images", "0" * 64), "Image not found"),
        ("GET", ("images", "aliases", NOBODY), "Image alias not found"),
        ("GET", ("projects", NOBODY), "Project not found"),
        ("GET", ("storage-pools", NOBODY), "Storage pool not found"),
        ("GET", ("networks", NOBODY), "Network not found"),
        ("GET", ("network-acls", NOBODY), "Network ACL not found"),
        ("GET", ("operations", NOBODY), "Operation not found"),
        ("GET", ("nonsense",), "not found"),
    ],
)
def test_what_is_not_there(door: Door, method: str, parts: tuple[str, ...], words: str) -> None:
    with pytest.raises(NotFound, match=f"404: {words}"):
        door.send(method, door.path(*parts), {} if method in {"PUT", "PATCH"} else None)


def test_of_a_project_that_is_not_there_the_list_is_empty_and_everything_else_is_not_found(door: Door) -> None:
    """The list is the trap: 200, and nothing in it. Only the project itself tells that it is not there."""
    elsewhere = f"?project={NOWHERE}"
    assert door.get(f"/1.0/instances{elsewhere}") == []
    assert door.get(f"/1.0/instances{elsewhere}&recursion=1") == []
    for path, words in (
        ("instances/x", "Instance not found"),
        ("profiles", "Project not found"),
        ("images", "Project not found"),
        ("images/aliases", "Project not found"),
        ("storage-pools/unsandbox/volumes/container", "Project not found"),
    ):
        with pytest.raises(NotFound, match=words):
            door.get(f"/1.0/{path}{elsewhere}")
    for noun in ("instances", "profiles"):
        with pytest.raises(NotFound, match="Project not found"):
            door.send("POST", f"/1.0/{noun}{elsewhere}", {"name": "x"})


def test_a_name_that_is_taken_is_a_conflict_whatever_the_status(door: Door, subject: Subject) -> None:
    door.send("POST", door.path("profiles"), {"name": "taken"})
    for parts, body in (
        (("profiles",), {"name": "taken"}),
        (("projects",), {"name": subject.host.project}),
        (("images", "aliases"), {"name": "starter", "target": subject.image}),
        (("storage-pools",), {"name": "unsandbox", "driver": "dir"}),
        (("networks",), {"name": "unsb-semi", "type": "bridge"}),
    ):
        with pytest.raises(Conflict):
            door.send("POST", door.path(*parts), body)


def test_an_answer_has_a_date_and_a_form(door: Door) -> None:
    response = door.send("GET", door.path("instances", recursion="1"))
    assert response.headers["Date"].endswith("GMT")
    assert response.headers["Content-Type"] == "application/json"
    assert {key: value for key, value in response.json().items() if key != "metadata"} == {
        "type": "sync",
        "status": "Success",
        "status_code": 200,
        "operation": "",
        "error_code": 0,
        "error": "",
    }
