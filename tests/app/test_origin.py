"""Whether a commit follows the one applied last: yes, no, and not known, which is never taken for yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.app.origin import origin_of
from reconciler.app.repository import load_desired, read_repository
from reconciler.app.settings import settings_from
from reconciler.model.resources import History, Origin
from tests.app.test_repository import git

if TYPE_CHECKING:
    from pathlib import Path

TIER = "apiVersion: unsandbox/v1\nkind: Tier\nmetadata: {name: small}\nspec: {vcpu: 1, memory: 64MiB, disk: 128MiB, processes: %d}\n"


class Past:
    """A repository with the commits one, two, and aside, which branches off one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "manifests").mkdir(parents=True)
        git(root, "init", "-q", "-b", "main")
        self.one = self.commit(100)
        git(root, "checkout", "-q", "-b", "side")
        self.aside = self.commit(150)
        git(root, "checkout", "-q", "main")
        self.two = self.commit(200)

    def commit(self, processes: int) -> str:
        (self.root / "manifests" / "tier.yaml").write_text(TIER % processes)
        git(self.root, "add", ".")
        git(self.root, "commit", "-qm", str(processes))
        return git(self.root, "rev-parse", "HEAD")


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path / "fleet")


def test_a_commit_that_follows(past: Past) -> None:
    assert origin_of(past.root, past.two, past.one) == Origin(History.FULL, descends=True, against=past.one)
    assert origin_of(past.root, past.two, past.two) == Origin(History.FULL, descends=True, against=past.two)


@pytest.mark.parametrize(("commit", "applied"), [("one", "two"), ("aside", "two"), ("two", "aside")])
def test_a_commit_that_goes_back_or_aside(past: Past, commit: str, applied: str) -> None:
    found = origin_of(past.root, getattr(past, commit), getattr(past, applied))
    assert found == Origin(History.FULL, descends=False, against=getattr(past, applied))


def test_nothing_applied_yet_is_neither_yes_nor_no(past: Past) -> None:
    assert origin_of(past.root, past.two, "") == Origin(History.FULL, None, "")


def test_a_merge_of_both_follows_both(past: Past) -> None:
    git(past.root, "merge", "-q", "-s", "ours", "-m", "both", "side")
    both = git(past.root, "rev-parse", "HEAD")
    assert origin_of(past.root, both, past.aside).descends is True
    assert origin_of(past.root, both, past.two).descends is True


def test_a_head_on_no_branch_follows_all_the_same(past: Past) -> None:
    git(past.root, "checkout", "-q", "--detach", past.two)
    assert origin_of(past.root, past.two, past.one).descends is True


def test_a_commit_that_git_does_not_know(past: Past) -> None:
    assert origin_of(past.root, past.two, "f" * 40) == Origin(History.FULL, None, "f" * 40)


def test_a_past_that_was_cut_off_never_says_no_and_never_guesses_yes(past: Past, tmp_path: Path) -> None:
    git(past.root, "clone", "-q", "--depth", "1", f"file://{past.root}", str(tmp_path / "short"))
    assert origin_of(tmp_path / "short", past.two, past.one) == Origin(History.SHALLOW, None, past.one)


def test_two_ends_of_a_past_that_was_cut_between_them(past: Past, tmp_path: Path) -> None:
    git(past.root, "branch", "before", past.one)
    git(past.root, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{past.root}", str(tmp_path / "short"))
    assert git(tmp_path / "short", "cat-file", "-t", past.one) == "commit", "git has both, and nothing between"
    assert origin_of(tmp_path / "short", past.two, past.one) == Origin(History.SHALLOW, None, past.one)


def test_parents_that_were_put_in_place_of_others_do_not_count(past: Past) -> None:
    git(past.root, "replace", "--graft", past.aside, past.two)
    assert git(past.root, "merge-base", past.two, past.aside) == past.two, "git itself believes them"
    assert origin_of(past.root, past.aside, past.two).descends is False


def test_a_git_that_does_not_answer_says_nothing(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(past.root))
    assert origin_of(past.root, past.two, past.one) == Origin(History.SHALLOW, None, past.one)


def test_a_git_that_fails_says_nothing(past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "git"
    broken.write_text("#!/bin/sh\nexit 128\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert origin_of(past.root, past.two, past.one) == Origin(History.SHALLOW, None, past.one)


def test_outside_git_there_is_no_past_and_git_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin_of(tmp_path, "", "f" * 40) == Origin(History.NONE, None, "f" * 40)


def test_what_is_desired_carries_its_origin(past: Past) -> None:
    settings = settings_from(past.root, {})
    assert load_desired(settings, applied=past.one).origin == Origin(History.FULL, descends=True, against=past.one)
    assert load_desired(settings, rev=past.one, applied=past.two).origin.descends is False


def test_what_a_hook_leaves_in_the_environment_leads_nowhere_else(past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Past(tmp_path / "other")
    changed = other.commit(300)
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    _, commit = read_repository(past.root, None)
    assert (commit.id, commit.dirty) == (past.two, False)
    assert origin_of(past.root, past.two, past.one).descends is True
    assert changed != past.two
