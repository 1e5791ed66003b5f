"""The catalogue itself: what clients send has a row, each row has its programs, and no text is told as another language than it is."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.languages import BYTES, CATALOGUE, MOST, language_of, read_languages
from reconciler.errors import UnavailableLanguage, UnknownLanguage, UsageError
from reconciler.model.conformance import PROGRAMS
from reconciler.policy.languages import Evidence, detect, meant
from tests.cases.loader import cases

if TYPE_CHECKING:
    from reconciler.model.language import Language

ROOT = Path(__file__).parents[2]
LANGUAGES = read_languages(ROOT)
PROGRAMS_OF = ROOT / "images" / "conformance"
KIN = ({"javascript", "typescript", "deno", "bun"}, {"csharp", "dotnet"}, {"python", "pypy"}, {"lua", "luajit"})
"""Languages in which one text may be a program of each."""


def _told(**given: str) -> str:
    """The name of the language, whether it can be had or not; "" where none is told."""
    try:
        return detect(LANGUAGES, **given).language.name
    except UnavailableLanguage as no:
        return next(row.name for row in LANGUAGES.rows if str(no).startswith(f"{row.title} is not available: "))
    except UnknownLanguage:
        return ""


@pytest.mark.parametrize("case", cases("clients"))
def test_what_clients_send_means_the_language_that_it_is_of(case: dict[str, Any]) -> None:
    for name in (case["name"], *case.get("aliases", ())):
        assert meant(LANGUAGES, name).language.name == case["name"]
    for extension in case.get("extensions", ()):
        assert _told(file=f"qr{extension}") == case["name"]
    for program in case.get("shebangs", ()):
        assert _told(text=f"#!/usr/bin/env {program}\n") == case["name"]


@pytest.mark.parametrize("row", LANGUAGES.rows, ids=lambda row: row.name)
def test_every_way_to_say_a_language_means_it(row: Language) -> None:
    assert {meant(LANGUAGES, name).language.name for name in (row.name, row.title, row.title.upper(), *row.aliases)} == {row.name}
    assert {_told(file=f"a{extension}") for extension in row.extensions} <= {row.name}
    assert {_told(text=f"#!/bin/{program}\n") for program in row.shebangs} <= {row.name}


def test_at_least_42_are_to_be_had_and_to_pass_every_check() -> None:
    assert len([row for row in LANGUAGES.available if not row.without]) >= 42


@pytest.mark.parametrize("row", LANGUAGES.available, ids=lambda row: row.name)
def test_a_language_to_be_had_has_its_three_programs(row: Language) -> None:
    found = [path for path in (PROGRAMS_OF / row.name).iterdir() if path.stem in PROGRAMS]
    assert sorted(path.stem for path in found) == sorted(PROGRAMS)
    assert {path.suffix for path in found} <= {Path(row.source).suffix, *row.extensions}


def test_there_are_programs_of_no_other_language() -> None:
    assert {path.name for path in PROGRAMS_OF.iterdir() if path.is_dir()} <= {row.name for row in LANGUAGES.available}


@pytest.mark.parametrize("row", LANGUAGES.available, ids=lambda row: row.name)
def test_no_program_is_told_as_one_of_another_language(row: Language) -> None:
    may = next((kin for kin in KIN if row.name in kin), {row.name})
    for path in (PROGRAMS_OF / row.name).iterdir():
        assert _told(text=path.read_text(encoding="utf-8", errors="replace")) in {"", *may}, path


def test_most_programs_are_told_by_their_text_alone() -> None:
    texts = [(row, path) for row in LANGUAGES.available for path in (PROGRAMS_OF / row.name).glob("[pr][re]*")]
    told = [path for row, path in texts if _told(text=path.read_text(encoding="utf-8"))]
    assert len(told) > len(texts) / 2, f"{len(told)} of {len(texts)}"


@pytest.mark.parametrize("case", cases("snippets"))
def test_ordinary_texts(case: dict[str, Any]) -> None:
    if "is" in case:
        found = detect(LANGUAGES, text=case["text"])
        assert (found.language.name, found.evidence) == (case["is"], Evidence.HINT)
        return
    with pytest.raises((UnknownLanguage, UnavailableLanguage)) as no:
        detect(LANGUAGES, text=case["text"])
    assert no.value.code == case.get("error", "unknown-language")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"- {name:\n  \xff}\n", "languages.yaml:2: not UTF-8 text"),
        (b"#" * (MOST + 1), f"is larger than {MOST} bytes"),
    ],
    ids=["absent", "other letters", "large"],
)
def test_a_catalogue_that_cannot_be_read(tmp_path: Path, content: bytes | None, says: str) -> None:
    (tmp_path / "images").mkdir()
    if content is not None:
        (tmp_path / CATALOGUE).write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(says)):
        read_languages(tmp_path)


@pytest.mark.parametrize(("file", "says"), [("none.py", "No such file"), (".", "Is a directory"), ("a\0.py", "no name of a file")])
def test_a_file_that_cannot_be_read(file: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        language_of(ROOT, file, BytesIO())


def test_of_a_file_no_more_is_read_than_is_asked() -> None:
    stdin = BytesIO(b"x\n" * BYTES)
    with pytest.raises(UnknownLanguage):
        language_of(ROOT, "-", stdin)
    assert stdin.tell() == BYTES
