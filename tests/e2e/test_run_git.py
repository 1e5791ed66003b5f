"""What text ``unsandbox run`` takes: commits of a checkout and of a branch that it follows, never what lies half-edited in a folder."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from tests.app.signing import People
from tests.app.test_repository import git
from tests.e2e.fleet import POLICY
from tests.e2e.running import SOON, Running, began, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.timeout(180)]


def commit(folder: Path, *options: str) -> str:
    git(folder, "add", "-A", "inventory", "manifests")
    git(folder, "commit", "-qm", "text", *options)
    return git(folder, "rev-parse", "HEAD").strip()


def told(loop: Running, *words: str) -> bool:
    return any(all(word in str(line) for word in words) for line in loop.lines())


def test_in_a_checkout_only_a_commit_counts(single: Fleet) -> None:
    git(single.root, "init", "-q", "-b", "main")
    single.services({"one": ""})
    commit(single.root)
    with Running(single, uncommitted=False) as loop:
        until(lambda: single.statuses() == {"svc-one": "Running"}, SOON)
        single.services({"one": "", "two": ""})
        time.sleep(1)
        assert single.statuses() == {"svc-one": "Running"}
        text = commit(single.root)
        until(lambda: single.statuses() == {"svc-one": "Running", "svc-two": "Running"}, SOON)
        assert told(loop, "'event': 'text'", text[:12])
    assert loop.process.returncode == 0


@pytest.fixture
def followed(single: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for a checkout of the fleet's repository, which people commit to."""
    git(single.root, "init", "-q", "-b", "main")
    return tmp_path_factory.mktemp("followed") / "checkout"


def follow(single: Fleet, followed: Path) -> Running:
    return Running(single, "--git", f"file://{single.root}", "--interval", "60", root=followed, uncommitted=False)


def test_a_followed_branch_acts_on_a_commit_and_refuses_a_rewritten_past(single: Fleet, followed: Path) -> None:
    commit(single.root)
    with follow(single, followed) as loop:
        until(lambda: told(loop, "'event': 'pass'"), SOON)
        single.services({"one": ""})
        at = now().timestamp()
        first = commit(single.root)
        until(lambda: bool(loop.actions()), SOON)
        assert min(map(began, loop.actions(since=at))) - at < 5
        until(lambda: single.statuses() == {"svc-one": "Running"}, SOON)
        git(single.root, "commit", "-q", "--amend", "-m", "another past")
        until(lambda: told(loop, "does not descend", first[:12]), SOON)
        assert git(followed, "rev-parse", "HEAD") == first
        # Back to where it was, and on: it follows again.
        git(single.root, "reset", "-q", "--hard", first)
        single.services({"one": "", "two": ""})
        commit(single.root)
        until(lambda: single.statuses() == {"svc-one": "Running", "svc-two": "Running"}, SOON)


def test_where_the_policy_asks_for_signatures_an_unsigned_commit_changes_nothing(single: Fleet, followed: Path) -> None:
    people = People(followed.parent)
    people.trust("anna")
    config = single.root / "config"
    config.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(people.signers, config / "signers")
    git(single.root, "config", "gpg.format", "ssh")
    single.write("manifests/policy.yaml", POLICY.replace("environment: test", "environment: test\n  signatures: required"))
    key = f"-S{people.key('anna')}"
    single.services({"one": ""})
    commit(single.root, key)
    with follow(single, followed) as loop:
        until(lambda: single.statuses() == {"svc-one": "Running"}, SOON)
        single.services({"one": "", "two": ""})
        unsigned = commit(single.root)
        until(lambda: told(loop, "'event': 'text'", "G01", unsigned[:12]), SOON)
        time.sleep(0.5)
        assert single.statuses() == {"svc-one": "Running"}
        git(single.root, "commit", "-q", "--amend", "--no-edit", key)
        until(lambda: single.statuses() == {"svc-one": "Running", "svc-two": "Running"}, SOON)
