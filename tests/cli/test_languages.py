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
    assert json.loads(shop.run("languages", "show", "PY", "--json").stdout)["run"] == ["python3", "main.py"]
    assert "no: nobody packs it" in shop.run("languages", "show", "swift").stdout


def test_a_file_is_told_with_what_decided(shop: Shell) -> None:
    assert shop.run("languages", "detect", "main.py").stdout == "python  by the end of the file's name: .py\n"
    assert json.loads(shop.run("languages", "detect", "script", "--json").stdout) == {
        "language": "python",
        "evidence": "shebang",
        "found": "python3.11",
    }


@pytest.mark.parametrize("text", ["def f(x):\n", "\ufeffdef f(x):\n"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_standard_input_is_told_too(shop: Shell, text: str, encoding: str) -> None:
    words = [str(COMMAND), "languages", "detect", "-"]
    done = subprocess.run(words, cwd=shop.root, env=shop.environ, input=text.encode(encoding), capture_output=True, timeout=60, check=False)
    assert done.stdout.decode() == "python  by a line that hardly another language could hold: def f(x):\n"


@pytest.mark.parametrize(
    ("words", "code", "says", "hint"),
    [
        ("show pyton", "unknown-language", "there is no language 'pyton'; did you mean python?", "unsandbox languages show python"),
        ("detect odd", "unknown-language", "the language is not known: ", "unsandbox languages"),
        ("detect a.swift", "unavailable-language", "Swift is not available: nobody packs it", "unsandbox languages"),
        ("detect none.py", "usage", "none.py cannot be read: No such file or directory", "ls -l none.py"),
        ("detect images", "usage", "images cannot be read: Is a directory", "ls -l images"),
    ],
)
def test_what_is_not_known_is_one_error(shop: Shell, words: str, code: str, says: str, hint: str) -> None:
    done = shop.run("languages", *words.split())
    assert (done.returncode, done.stdout) == (1, "")
    error = one_error(done)
    assert (error["code"], error["next"]) == (code, hint)
    assert error["message"].startswith(says)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (None, "usage", "languages.yaml cannot be read: No such file or directory"),
        (b"- {name: \xff}\n", "usage", "languages.yaml:1: not UTF-8 text"),
        (b"#" * (1024 * 1024 + 1), "usage", "languages.yaml is larger than 1048576 bytes"),
        (b"- {name: toy, title: Toy, runs: 1, unavailable: nobody packs it}\n", "manifest", "unknown key; did you mean run?"),
    ],
    ids=["absent", "other letters", "large", "unknown key"],
)
def test_a_catalogue_that_does_not_hold_is_one_error(shop: Shell, text: bytes | None, code: str, says: str) -> None:
    path = shop.root / "images" / "languages.yaml"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    done = shop.run("languages")
    assert done.returncode == 1
    assert says in done.stderr
    assert f"error [{code}]" in done.stderr
    assert code != "manifest" or done.stderr.endswith("next: mend them, then: unsandbox languages\n")
    assert "Traceback" not in done.stderr
