"""Names of files: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.rules import FAILED_CAUSE
from reconciler.policy import paths
from reconciler.policy.paths import NAME_RULES, bad_name, bad_names

if TYPE_CHECKING:
    from reconciler.model.rules import Rule

BAD = {
    "C20": [""],
    "C21": ["a" * 256, "/".join(["a"] * 9), "/".join(["a" * 200] * 6), "ü" * 128],
    "C22": ["/etc/passwd", "//x", "~/x", "\\\\host\\share", "C:\\x", "c:x"],
    "C23": ["..", "a/../b", "./a", "a/.", "a//b", "a/", "..\\x", "a\\..\\b"],
    "C24": ["a\0b", "a\nb", "\x1b[2J", "a\u202eb", "\ud800", "a\u2028b", "\x7f", "\u200b", "a\u00a0b"],
}
GOOD = ["input.txt", "data/input 1.csv", ".hidden", "...", "a..b", "Grüße.txt", "世界/🚀", "a" * 255, "-rf", "a:b"[2:]]


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in BAD.items() for name in names])
def test_a_name_that_is_not_taken(code: str, name: str) -> None:
    found = bad_name(name)
    assert found is not None
    assert found[0] == code
    assert all(text.isprintable() and text.isascii() for _, text in found[1].evidence)


@pytest.mark.parametrize("name", GOOD)
def test_a_name_that_is_taken(name: str) -> None:
    assert bad_name(name) is None


@pytest.mark.parametrize("rule", NAME_RULES, ids=lambda rule: rule.code)
def test_a_check_that_breaks_refuses(rule: Rule[[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(paths, "NAME_RULES", tuple(replace(one, check=breaks) if one is rule else one for one in NAME_RULES))
    found = bad_name("input.txt")
    assert found is not None
    assert (found[0], found[1].cause) == (rule.code, FAILED_CAUSE)


@pytest.mark.parametrize(
    "names", [["a", "a"], ["a", "A"], ["a", "b", "a/b"], ["é", "e\u0301"], ["x/A/b", "x/a"], ["a\\b", "a/b"], ["a\\b", "a"]]
)
def test_names_that_meet(names: list[str]) -> None:
    found = bad_names(names)
    assert found is not None
    assert found[0] == "C25"


def test_names_that_do_not_meet() -> None:
    assert bad_names(["a", "b/a", "b/c", "ab"]) is None
    assert bad_names([]) is None


def test_names_that_cannot_be_compared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(paths, "TOGETHER", replace(paths.TOGETHER, check=breaks))
    found = bad_names(["a"])
    assert found is not None
    assert found[1].cause == FAILED_CAUSE


@given(st.text(max_size=40))
def test_what_is_taken_stays_below_its_folder(name: str) -> None:
    if bad_name(name) is None:
        assert posixpath.normpath(posixpath.join("/folder", name)) == f"/folder/{name}"
        assert "\0" not in name
