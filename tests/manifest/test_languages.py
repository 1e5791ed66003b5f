from __future__ import annotations

import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.hints import flaw_of
from reconciler.manifest.languages import load_languages
from reconciler.policy.languages import LINE
from tests.cases.loader import cases

FILE = "images/languages.yaml"
GOOD = {"name": "good", "title": "Good", "aliases": ["fine"], "extensions": [".good"], "shebangs": ["goodi"], "source": "main.good"}
GOOD |= {"run": ["goodi", "main.good"], "version": ["goodi", "-v"]}
TOY = {"name": "toy", "title": "Toy", "extensions": [".t"], "source": "main.t", "run": ["toy", "main.t"], "version": ["toy", "-v"]}


@pytest.mark.parametrize("case", cases("catalogue"))
def test_what_is_wrong_with_a_row(case: dict[str, Any]) -> None:
    text = case["text"] if "text" in case else yaml.safe_dump([GOOD, TOY | case["row"]], sort_keys=False, allow_unicode=True)
    if not case["findings"]:
        assert load_languages(SourceFile(FILE, text)).rows[-1].name == "toy"
        return
    with pytest.raises(ManifestError) as no:
        load_languages(SourceFile(FILE, text))
    found = sorted(str(finding) for finding in no.value.findings)
    if "row" in case:
        assert all(re.match(rf"{FILE}:[0-9]+:[0-9]+: ", line) for line in found), "every finding has its line"
        found = sorted(re.sub(r":[0-9]+:[0-9]+: ", ": ", line) for line in found)
    assert found == sorted(FILE + line for line in case["findings"])
    assert no.value.hint == "unsandbox languages"


def test_a_finding_stands_at_its_line() -> None:
    text = "- name: toy\n  title: Toy\n  source: main.t\n  run:\n  - toy\n  - other.t\n  version: [toy]\n  hints:\n  - toy\n  - '(a+)+'\n"
    with pytest.raises(ManifestError) as no:
        load_languages(SourceFile(FILE, text))
    assert [str(finding) for finding in no.value.findings] == [
        f"{FILE}:3:3: [0].source: neither compile nor run takes main.t",
        f"{FILE}:10:5: [0].hints[1]: a part that repeats, or has alternatives, repeats itself",
    ]


parts = st.sampled_from(["a", "b", ".", "^", "$", r"\w", "[ab]", "(", "(?:", ")", "|", "*", "+", "?", "{1,9}", "{3}", r"\b", " "])


@given(st.lists(parts, max_size=14).map("".join) | st.text(max_size=20), st.sampled_from(["a", "ab", " ", "a b ", "("]))
@example("^a?b?c?\\w+.*$", "a")
def test_no_hint_that_is_accepted_takes_long_with_any_line(pattern: str, piece: str) -> None:
    """Every accepted pattern, over lines made to have it go back and forth."""
    if flaw_of(pattern):
        return
    start = time.monotonic()
    re.search(pattern, (piece * LINE)[:LINE] + "!")
    assert time.monotonic() - start < 0.3
