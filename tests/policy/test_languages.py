from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.errors import UnavailableLanguage, UnknownLanguage
from reconciler.policy.languages import Detected, by_name, detect
from tests.cases.loader import cases
from tests.policy.language_rows import ROWS

pieces = st.lists(
    st.sampled_from(["#!", "/usr/bin/", "env ", "-S ", "-u", "python3", "\r\n", "\n", "\ufeff", "use strict;", "=", " ", "[", "::"])
)
texts = st.text() | pieces.map("".join)


@pytest.mark.parametrize("case", cases("languages"))
def test_which_language_is_meant(case: dict[str, Any]) -> None:
    given = dict(case["given"])
    part, times = given.pop("repeat", ("", 0))
    given["text"] = part * times + given.get("text", "")
    if "error" not in case:
        found = detect(ROWS, **given)
        assert (found.language.name, found.evidence) == (case["is"], case["by"])
        assert found.found == case.get("found", found.found)
        return
    with pytest.raises((UnknownLanguage, UnavailableLanguage)) as no:
        detect(ROWS, **given)
    assert no.value.code == case["error"]
    assert case.get("says", "") in str(no.value)
    assert no.value.hint == case.get("hint", no.value.hint)
    assert no.value.hint.startswith("unsandbox languages")


def _answer(name: str, file: str, text: str) -> Detected | str:
    try:
        return detect(ROWS, name=name, file=file, text=text)
    except (UnknownLanguage, UnavailableLanguage) as no:
        return str(no)


@given(st.just("") | st.text(), st.text(), texts)
@example("", "a\ud800.py\udcff", "#!\ud800")
@example("\u0130", "", "")
def test_whatever_is_given_the_answer_is_a_language_or_an_error_of_ours(name: str, file: str, text: str) -> None:
    found = _answer(name, file, text)
    if isinstance(found, str):
        assert len(found) < 400
    else:
        assert found.language in ROWS.rows
        assert not found.language.unavailable
    assert found == _answer(name, file, text)


@given(st.sampled_from([row for row in ROWS.rows if not row.unavailable]), st.data())
def test_every_way_to_say_a_language_means_it_in_any_case(row: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([row.name, row.title, *row.aliases]))
    shape = data.draw(st.sampled_from([str.upper, str.lower, str.title, lambda text: f" {text} "]))
    assert by_name(ROWS, shape(name)).language is row


HOSTILE = [
    " " * 1_000_000,
    "#!" + "/" * 1_000_000,
    "#!/usr/bin/env " + "-u " * 500_000,
    "(" * 1_000_000,
    "def " + "a(" * 500_000,
    "a\n" * 500_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:6]))
def test_a_hostile_text_takes_no_longer_than_another(text: str) -> None:
    start = time.monotonic()
    assert isinstance(_answer("", text, text), str)
    assert isinstance(_answer(text, "", ""), str)
    assert time.monotonic() - start < 2
