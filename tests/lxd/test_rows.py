"""The list of instances, read beside the list before: whatever moved, it is what a reading from the beginning gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Malformed
from reconciler.lxd.rows import NOTHING, read_rows, told_rows
from reconciler.model.world import Told, ToldRow
from tests.fake.answers import compact, listed

_row = st.fixed_dictionaries(
    {"name": st.sampled_from("abcde"), "memory": st.sampled_from(["64MiB", "96MiB", "ü", '"]}', "\\"])},
    optional={
        "hollow": st.just(value=True),
        "description": st.just("d"),
        "last_used_at": st.sampled_from(["x", "y"]),
        "profiles": st.just(["p"]),
    },
)
_list = st.lists(_row, max_size=6)


def full(words: dict[str, Any]) -> dict[str, Any]:
    config = {} if "hollow" in words else {"volatile.uuid": f"u-{words['name']}", "limits.memory": words["memory"]}
    used, profiles = words.get("last_used_at", ""), words.get("profiles", [])
    row = {"name": words["name"], "config": config, "devices": {"root": {"path": "/"}}, "status_code": 103, "status": "Running"}
    return {
        **row,
        "last_used_at": used,
        "description": words.get("description", ""),
        "profiles": profiles,
        "expanded_config": {},
        "expanded_devices": {"root": {"path": "/", "pool": "p"}},
    }


def sent(rows: list[dict[str, Any]]) -> bytes:
    return listed([json.dumps(full(words), separators=(",", ":"), ensure_ascii=False).encode() for words in rows]).payload()


def read(content: bytes, before: Told = NOTHING) -> tuple[ToldRow, ...]:
    return read_rows(content, lambda: json.loads(content)["metadata"], before)


def meaning(rows: tuple[ToldRow, ...]) -> list[object]:
    return [(row.name, row.location, row.status, row.volumes, row.instance) for row in rows]


@given(st.lists(_list, min_size=1, max_size=6))
def test_a_list_read_beside_the_one_before_is_what_it_is_by_itself(lists: list[list[dict[str, Any]]]) -> None:
    before = NOTHING
    for words in lists:
        content = sent(words)
        rows = read(content, before)
        assert meaning(rows) == meaning(read(content)) == meaning(tuple(told_rows(json.loads(content)["metadata"])))
        before = Told(b"", b"", rows)


def test_only_what_is_told_otherwise_is_read() -> None:
    first = [{"name": name, "memory": "64MiB"} for name in "abcd"]
    before = read(sent(first))
    stopped = read(sent([first[0], {**first[1], "memory": "96MiB"}, *first[3:], {"name": "e", "memory": "1MiB"}]), Told(b"", b"", before))
    assert [row.name for row in stopped] == ["a", "b", "d", "e"]
    assert stopped[0] is before[0]
    assert stopped[1].instance != before[1].instance
    # What follows one that is gone is read once more and found to be the same.
    assert stopped[2].instance is before[3].instance


def test_what_is_told_otherwise_and_means_the_same_is_the_same_object() -> None:
    before = read(sent([{"name": "a", "memory": "64MiB"}]))
    (after,) = read(sent([{"name": "a", "memory": "64MiB", "description": "y"}]), Told(b"", b"", before))
    assert after.digest != before[0].digest
    assert after.instance is before[0].instance


@pytest.mark.parametrize("tail", [b",]}", b"{}]}", b"]", b"]]}", b"]}x", b",null]}", b',{"config":{}}]}', b",]}]}"])
def test_a_list_of_another_form_is_read_whole_or_refused(tail: bytes) -> None:
    whole = sent([{"name": "a", "memory": "64MiB"}]).rstrip()
    before = Told(b"", b"", read(whole))
    with pytest.raises((Malformed, ValueError)):
        read(whole.removesuffix(b"]}") + tail, before)


def test_rows_that_are_told_without_a_comma_between_them_are_no_list() -> None:
    one, two = ({"name": name, "memory": "64MiB"} for name in "ab")
    before = Told(b"", b"", read(sent([one, two])))
    with pytest.raises(ValueError, match="delimiter"):
        read(sent([one, two]).replace(b"},{", b"}{"), before)


def test_a_list_with_blanks_is_read_whole() -> None:
    document = json.loads(sent([{"name": "a", "memory": "64MiB"}]))
    content = json.dumps(document, indent=1).encode()
    rows = read(content)
    assert [row.length for row in rows] == [0]
    again = read(content, Told(b"", b"", rows))
    assert again[0].instance is rows[0].instance
    assert meaning(again) == meaning(read(compact(document)))
