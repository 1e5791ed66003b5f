"""``unsandbox accept``: on a refusal that nobody may accept, and on one of a real host that a person does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import one_error
from tests.cli.terminal import converse
from tests.e2e.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon


def test_a_rule_that_leaves_nothing_to_a_person_ends_with_3(repository: Shell) -> None:
    done = repository.run("accept", "O01", "Service/web", "--yes")
    assert done.returncode == 3
    assert "O01 is not left to a person to accept" in one_error(done)["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("O18", "Service/web", "--yes"), "nothing is refused with O18 for Service/web; refused for it: O01"),
        (("O18", "Service/nobody", "--yes"), "nothing is refused with O18 for Service/nobody"),
        (("O18", "web", "--yes"), "is not a reference"),
        (("O18", "Service/web", "--for", "2"), "not a duration"),
    ],
)
def test_what_cannot_be_accepted_is_one_clear_error(repository: Shell, arguments: tuple[str, ...], message: str) -> None:
    done = repository.run("accept", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in one_error(done)["message"]


@pytest.fixture
def fleet(lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path: Path) -> Fleet:
    """One empty host and a repository that knows it."""
    clean(lxd)
    made = Fleet(tmp_path / "fleet", [lxd], starter)
    made.root.mkdir()
    made.set_up()
    return made


@pytest.mark.lxd
def test_a_lost_journal_is_accepted_by_a_person_and_the_next_apply_goes_by_it(fleet: Fleet) -> None:
    fleet.services({"one": ""})
    fleet.run("apply", "--yes")
    for file in fleet.root.glob(".unsandbox/journal.db*"):
        file.unlink()
    fleet.services({"one": "", "two": ""})
    assert [item["code"] for item in fleet.run("plan", "--json", expect=3).json["refusals"]] == ["F10"]

    asked = fleet.run("accept", "F10", "Service/two", expect=1)
    assert "no terminal" in asked.err
    status, shown = converse(fleet.root, fleet.environ, ("accept", "F10", "Service/two"), (("Type yes", "y\n"),))
    assert (status, "nothing was accepted" in shown) == (1, True)
    status, shown = converse(
        fleet.root, fleet.environ, ("accept", "F10", "Service/two", "--reason", "the disk died", "--for", "1h"), (("Type yes", "yes\n"),)
    )
    assert status == 0, shown
    assert "ours, by their marks" in shown

    fleet.run("plan", expect=2)
    fleet.run("apply", "--yes")
    assert "holds" in fleet.run("history", "--verify").out
    fleet.run("plan")


@pytest.mark.lxd
def test_what_was_accepted_is_told_as_json(fleet: Fleet) -> None:
    fleet.services({"one": ""})
    fleet.run("apply", "--yes")
    for file in fleet.root.glob(".unsandbox/journal.db*"):
        file.unlink()
    fleet.services({"one": "", "two": ""})
    told = json.loads(fleet.run("accept", "f10", "Service/two", "--yes", "--json").out)
    assert [(item["code"], item["ref"]) for item in told["accepted"]] == [("F10", "Service/two")]
