"""LXD's JSON to our values, from recorded answers and from answers that lie."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.errors import Malformed
from reconciler.lxd import convert
from reconciler.lxd.rows import sort_rows, told_rows
from tests.cases.loader import cases


def expect_malformed(case: dict[str, Any]) -> Any:
    return pytest.raises(Malformed, match=case["malformed"])


@pytest.mark.parametrize("case", cases("convert/identity"))
def test_identity(case: dict[str, Any]) -> None:
    if "malformed" in case:
        with expect_malformed(case):
            convert.identity(case["given"])
        return
    found = asdict(convert.identity(case["given"]))
    assert {**found, "extensions": sorted(found["extensions"]), "addresses": list(found["addresses"])} == case["identity"]


def test_the_pinned_fingerprint_stands_where_lxd_does_not_tell_its_own() -> None:
    told: dict[str, Any] = {"api_extensions": [], "environment": {}}
    assert convert.identity(told, "ab").fingerprint == "ab"
    assert convert.identity({**told, "environment": {"certificate_fingerprint": "CD"}}, "ab").fingerprint == "cd"


@pytest.mark.parametrize("case", cases("convert/project"))
def test_project(case: dict[str, Any]) -> None:
    if "malformed" in case:
        with expect_malformed(case):
            convert.project(case["given"])
        return
    found = convert.project(case["given"])
    assert (sorted(found.names), sorted(found.images), found.config) == (case["names"], case["images"], case["given"]["config"])


@pytest.mark.parametrize("case", cases("convert/volumes"))
def test_snapshots(case: dict[str, Any]) -> None:
    if "malformed" in case:
        with expect_malformed(case):
            convert.snapshots(case["given"])
        return
    assert {name: list(kept) for name, kept in convert.snapshots(case["given"]).items()} == case["snapshots"]


@pytest.mark.parametrize("case", cases("convert/members"))
def test_members(case: dict[str, Any]) -> None:
    if "malformed" in case:
        with expect_malformed(case):
            convert.members(case["given"])
        return
    assert [[member.name, member.status, member.votes] for member in convert.members(case["given"])] == case["members"]


@pytest.mark.parametrize("case", cases("convert/rows"))
def test_rows(case: dict[str, Any]) -> None:
    project = convert.project({"config": {}, "used_by": case["used"]})
    away = {name: status for name, status in case.get("members", ()) if status != "Online"}
    if "malformed" in case:
        with expect_malformed(case):
            sort_rows(tuple(told_rows(convert.rows(case["given"]))), project.names, away)
        return
    instances, doubtful = sort_rows(tuple(told_rows(convert.rows(case["given"]))), project.names, away)
    assert {row.name: row.status.value for row in instances} == case["rows"]
    assert doubtful.keys() == case["doubtful"].keys()
    for name, word in case["doubtful"].items():
        assert word in doubtful[name]


GIVEN: dict[str, Any] = {
    "name": "a",
    "status_code": 103,
    "status": "Running",
    "config": {"volatile.uuid": "u", "limits.memory": "64MiB"},
    "devices": {"root": {"path": "/"}},
    "profiles": ["shared"],
    "expanded_config": {"volatile.uuid": "u", "limits.memory": "64MiB", "limits.processes": "50"},
    "expanded_devices": {"root": {"path": "/"}, "eth0": {"type": "nic"}},
}


@pytest.mark.parametrize(
    ("changed", "moves"),
    [
        ({"expanded_config": {**GIVEN["expanded_config"], "limits.processes": "99"}}, True),
        ({"expanded_config": GIVEN["config"]}, True),
        ({"expanded_devices": {**GIVEN["expanded_devices"], "eth0": {"type": "none"}}}, True),
        ({"expanded_devices": GIVEN["devices"]}, True),
        ({"config": {"volatile.uuid": "u"}, "expanded_config": {"volatile.uuid": "u", "limits.processes": "50"}}, False),
        ({"devices": {}, "expanded_devices": {"eth0": {"type": "nic"}}}, False),
        ({"profiles": ["other"]}, False),
    ],
)
def test_what_profiles_give_is_told_from_what_it_has_itself(changed: dict[str, Any], moves: bool) -> None:
    before, after = convert.instance(GIVEN).inherited, convert.instance({**GIVEN, **changed}).inherited
    assert (before != after) is moves
    assert len(before) == len(after) == 64
    assert convert.instance({**GIVEN, "profiles": []}).inherited == ""


@pytest.mark.parametrize(
    ("told", "ahead"),
    [
        ("Mon, 23 Nov 2026 09:10:27 GMT", 0.0),
        ("Mon, 23 Nov 2026 09:20:27 GMT", 600.0),
        ("Mon, 23 Nov 2026 09:10:26 GMT", -1.0),
        ("", None),
        ("yesterday", None),
        ("Mon, 23 Nov 2026 09:10:27", None),
    ],
)
def test_how_far_a_clock_is_ahead(told: str, ahead: float | None) -> None:
    assert convert.skew(told, datetime(2026, 11, 23, 9, 10, 27, tzinfo=UTC)) == ahead


def test_a_recorded_row_is_kept_whole() -> None:
    case: Any = cases("convert/rows")[0].values[0]
    given = case["given"][0]
    found = convert.instance(given)
    assert (found.uuid, found.image) == (given["config"]["volatile.uuid"], given["config"]["volatile.base_image"])
    assert (found.config, found.devices, found.profiles) == (given["config"], given["devices"], ())
    assert (found.created_at, found.location, found.type, found.status_text) == (given["created_at"], "none", "container", "Stopped")
    assert "64MiB" not in repr(found)


@pytest.mark.parametrize("case", cases("convert/operations"))
def test_operations(case: dict[str, Any]) -> None:
    if "malformed" in case:
        with expect_malformed(case):
            convert.operations(case["given"])
        return
    assert [[item.id, item.description, item.instance, item.kind] for item in convert.operations(case["given"])] == case["operations"]
