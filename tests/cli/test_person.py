"""What changes something is done by somebody: an account that several people share is told to say who it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.app.settings import operator_name
from tests.cli.conftest import one_error

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

CHANGING = (
    ["apply", "--yes"],
    ["adopt", "Service/web", "--yes"],
    ["release", "Service/web", "--yes"],
    ["accept", "O01", "Service/web", "--yes"],
)


def test_the_command_to_type_is_the_one_that_was_typed(repository: Shell) -> None:
    error = one_error(repository.run("jobs", "show", "x", UNSANDBOX_ACTOR="root"))
    assert "unsandbox --actor NAME jobs show ..." in error["next"]


@pytest.mark.parametrize("words", CHANGING, ids=lambda words: words[0])
@pytest.mark.parametrize("environ", [{"UNSANDBOX_ACTOR": "root"}, {"UNSANDBOX_ACTOR": "root@host"}, {"UNSANDBOX_ACTOR": "uid-0@host"}])
def test_an_account_is_nobody_in_particular(repository: Shell, words: list[str], environ: dict[str, str]) -> None:
    done = repository.run(*words, **environ)
    error = one_error(done)
    assert done.returncode == 3
    assert error["message"].startswith("A15: ")
    assert f"unsandbox --actor NAME {words[0]}" in error["next"]
    assert not (repository.root / ".unsandbox").exists()


@pytest.mark.parametrize("words", CHANGING, ids=lambda words: words[0])
def test_a_person_gets_further(repository: Shell, words: list[str]) -> None:
    """To the host that does not answer."""
    done = repository.run("--actor", "anna", *words, UNSANDBOX_ACTOR="root")
    assert "A15" not in done.stderr


def test_reading_needs_no_name(repository: Shell) -> None:
    for words in (["validate"], ["plan"], ["status"], ["history"]):
        assert "A15" not in repository.run(*words, UNSANDBOX_ACTOR="root").stderr


def test_sudo_tells_who_it_is() -> None:
    assert operator_name({"SUDO_USER": "anna"}).startswith("anna@")
    if os.getuid() == 0:
        # Root from root: whoever the terminal belongs to, or still root.
        assert operator_name({"SUDO_USER": "root"}).partition("@")[0]
