"""The matrix that is kept, and the page that is made of it alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reconciler.app.spread.results import PAGE, RESULTS, page_text, read_results, write_results
from reconciler.errors import StateError, UsageError
from reconciler.model.conformance import Judgement
from reconciler.model.language import Check
from reconciler.model.recipe import Built
from reconciler.model.trial import Trial, Tried

if TYPE_CHECKING:
    from pathlib import Path

BUILT = Built("golden", "a" * 64, "b" * 64, "c" * 64, "golden.tar.zst", 1, "x86_64", "", (), "")
ALL = tuple(Judgement(check) for check in Check)
TRIAL = Trial(
    "golden", "c" * 64, "h1", 60.0, 0.25, "",
    (
        Tried("awk", "AWK", "GNU Awk | 5", 0.0123, 5 * 1024 * 1024 + 1, ALL, counts=True),
        Tried("sed", "sed", "", 0.5, None, (*ALL[:3], Judgement(Check.ARGS, "line 4 is missing"), *ALL[4:]), excused=("args",)),
        Tried("go", "Go", "go1.19", 2.5, 300 << 20, (*ALL[:9], Judgement(Check.REAL, "it took\n60 s"), ALL[10])),
    ),
)  # fmt: skip


def test_what_is_written_is_what_the_page_is_made_of(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "images/conformance").mkdir(parents=True)
    assert write_results(tmp_path, TRIAL, BUILT) == (RESULTS, PAGE)
    page = (tmp_path / PAGE).read_text()
    assert page == page_text(read_results(tmp_path))
    assert "1 of 3 languages pass every check in a container of `golden`" in page
    assert "| AWK (`awk`) | GNU Awk \\| 5 | 12 | 6 | 11 checks |" in page
    assert "| sed (`sed`) | - | 500 | - | 10 checks, without args |" in page
    assert "| Go (`go`) | go1.19 | 2500 | 300 | failed: real |" in page
    assert "h1" not in (tmp_path / RESULTS).read_text()
    assert json.loads((tmp_path / RESULTS).read_text())["counts"] == 1


def test_there_is_a_page_before_any_test(tmp_path: Path) -> None:
    assert read_results(tmp_path) is None
    assert "No image was tested yet" in page_text(None)


def test_what_cannot_be_kept_or_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        write_results(tmp_path, TRIAL, BUILT)
    (tmp_path / "images/conformance").mkdir(parents=True)
    (tmp_path / RESULTS).write_text("[1]")
    with pytest.raises(UsageError, match="not a JSON object"):
        read_results(tmp_path)
