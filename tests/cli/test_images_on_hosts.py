"""What ``images test``, ``publish`` and ``gc --hosts`` say before any host is asked, and of hosts that do not answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import one_error

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

RECIPE = "name: starter\ndescription: busybox\nbase: {scratch: build.py}\n"
FACTS = {"name": "starter", "fingerprint": "c" * 64, "file": "starter.tar.gz", "size": 1, "architecture": "x86_64"}


@pytest.fixture
def built(repository: Shell) -> Shell:
    """A repository whose recipe was built, and whose host does not answer."""
    repository.write({"images/starter/recipe.yaml": RECIPE, "images/starter/build.py": "", "images/.build/starter.json": json.dumps(FACTS)})
    return repository


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("images", "test", "golden"), "there is no recipe golden", "unsandbox images list"),
        (("images", "test", "starter", "--language", "rust"), "does not hold rust; it holds none", "unsandbox images show starter"),
        (
            ("images", "test", "starter", "--language", "rust", "--write"),
            "kept of whole images only",
            "unsandbox images test starter --write",
        ),
        (("images", "publish", "starter", "--host", "h9"), "h9: no active host", "unsandbox hosts"),
        (("images", "gc", "--yes"), "are about hosts", "unsandbox images gc --hosts"),
    ],
)
def test_what_was_asked_wrong_is_said(built: Shell, words: tuple[str, ...], says: str, hint: str) -> None:
    done = built.run(*words)
    assert done.returncode == 1
    error = one_error(done)
    assert says in error["message"]
    assert error["next"] == hint


def test_what_is_not_built_cannot_be_published(built: Shell) -> None:
    (built.root / "images/.build/starter.json").unlink()
    assert one_error(built.run("images", "publish", "starter"))["next"] == "unsandbox images build starter"


def test_a_host_that_does_not_answer_is_told_of(built: Shell) -> None:
    done = built.run("images", "publish", "starter", "--json", "--pin")
    assert done.returncode == 4
    (row,) = json.loads(done.stdout)["hosts"]
    assert (row["host"], row["state"], row["serves"]) == ("h1", "out of reach", False)
    assert row["next"] == "unsandbox images publish starter"
    assert "left as it is" in done.stderr
    done = built.run("images", "list", "--hosts", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["hosts"][0]["seen"] is False
    for more in ((), ("--yes",)):
        done = built.run("images", "gc", "--hosts", "--json", *more)
        assert done.returncode == 4
        assert json.loads(done.stdout)["unseen"][0]["host"] == "h1"
        assert json.loads(done.stdout)["images"] == []


def test_a_publish_needs_a_person(built: Shell) -> None:
    done = built.run("--actor", "root", "images", "publish", "starter")
    assert done.returncode == 3
    assert "A15" in done.stderr
