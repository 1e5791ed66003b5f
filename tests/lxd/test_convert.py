"""LXD's JSON to our values, from recorded answers and from answers that lie."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from reconciler.errors import Malformed
from reconciler.lxd import convert
from reconciler.lxd.read import sort_rows
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


@pytest.mark.parametrize("case", cases("convert/rows"))
def test_rows(case: dict[str, Any]) -> None:
    project = convert.project({"config": {}, "used_by": case["used"]})
    if "malformed" in case:
        with expect_malformed(case):
            sort_rows(convert.rows(case["given"]), project)
        return
    instances, doubtful = sort_rows(convert.rows(case["given"]), project)
    assert {row.name: row.status.value for row in instances} == case["rows"]
    assert doubtful.keys() == case["doubtful"].keys()
    for name, word in case["doubtful"].items():
        assert word in doubtful[name]


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
