"""``unsandbox languages``, through the real command."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND, one_error

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

CATALOGUE = """\
- {name: cpp, title: C++, extensions: [.cpp], source: main.cpp, compile: [g++, main.cpp], run: [./a.out], version: [g++, --version],
   time: slow}
- name: python
  title: Python
  aliases: [py]
  extensions: [.py]
  shebangs: [python]
  source: main.py
  run: [python3, main.py]
  version: [python3, --version]
  hints: ['^def \\w+\\(']
- {name: swift, title: Swift, extensions: [.swift], unavailable: nobody packs it}
"""


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """A repository with a catalogue of three languages, one of which cannot be had."""
    shell.write(
        {"images/languages.yaml": CATALOGUE, "main.py": "print()\n", "a.swift": "", "script": "#!/usr/bin/env python3.11\n", "odd": "?"}
    )
    return shell


def test_the_list_says_what_can_be_had_and_why_not(shop: Shell) -> None:
    done = shop.run("languages")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "NAME    TITLE   ALIASES  EXTENSIONS  AVAILABLE",
        "cpp     C++     -        .cpp        yes",
        "python  Python  py       .py         yes",
        "swift   Swift   -        .swift      no: nobody packs it",
        "",
        "3 languages, 2 available",
    ]
    rows = json.loads(shop.run("languages", "--json").stdout)["languages"]
    assert [(row["name"], row["available"]) for row in rows] == [("cpp", True), ("python", True), ("swift", False)]


def test_one_is_shown_by_any_of_its_names(shop: Shell) -> None:
    shown = shop.run("languages", "show", "C++17").stdout
    assert "compile     g++ main.cpp\n" in shown
    assert "slow: 180 s for each stage" in shown
    swift = json.loads(shop.run("languages", "show", "Swift", "--json").stdout)
    assert (swift["available"], swift["unavailable"]) == (False, "nobody packs it")


def test_a_file_is_told_with_what_decided(shop: Shell) -> None:
    assert shop.run("languages", "detect", "main.py").stdout == "python  by the end of the file's name: .py\n"
    found = json.loads(shop.run("languages", "detect", "script", "--json").stdout)
    assert found == {"language": "python", "evidence": "shebang", "found": "python3.11"}


def test_standard_input_is_told_too(shop: Shell) -> None:
    words = [str(COMMAND), "languages", "detect", "-"]
    text = "def f(x):\n".encode("utf-16")
    done = subprocess.run(words, cwd=shop.root, env=shop.environ, input=text, capture_output=True, timeout=60, check=False)
    assert done.stdout.decode() == "python  by a line that hardly another language could hold: def f(x):\n"


@pytest.mark.parametrize(
    ("words", "code", "says", "hint"),
    [
        ("show pyton", "unknown-language", "there is no language 'pyton'; did you mean python?", "unsandbox languages show python"),
        ("detect a.swift", "unavailable-language", "Swift is not available: nobody packs it", "unsandbox languages"),
    ],
)
def test_what_is_not_known_or_not_to_be_had_is_one_error(shop: Shell, words: str, code: str, says: str, hint: str) -> None:
    done = shop.run("languages", *words.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert one_error(done) == {"code": code, "message": says, "next": hint}


def test_a_catalogue_that_does_not_hold_is_shown_by_its_lines(shop: Shell) -> None:
    shop.write({"images/languages.yaml": "- {name: toy, title: Toy, runs: 1, unavailable: nobody packs it}\n"})
    done = shop.run("languages")
    assert done.returncode == 1
    assert done.stderr.startswith("images/languages.yaml:1:27: [0].runs: unknown key; did you mean run?")
    assert done.stderr.endswith("next: mend them, then: unsandbox languages\n")
