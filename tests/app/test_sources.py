"""Following a branch: real git, a repository beside it that people push to."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.repository import read_repository
from reconciler.app.settings import settings_from
from reconciler.app.sources.address import checked_branch, checked_url, hidden
from reconciler.app.sources.branch import GitSource
from reconciler.app.sources.checkout import MOVING
from reconciler.errors import GitError, Refused
from tests.app.signing import People, Upstream
from tests.app.test_repository import git

if TYPE_CHECKING:
    from pathlib import Path


NO_URLS = (
    *("", "-uecho", "--upload-pack=x", "ext::sh -c id", "http://a/b", "git://a/b", "name", "a:b:c", "-oProxyCommand=x:r", "a\nb"),
    *("https://tok@h/r", "https://u:p@h/r", "ssh://u:p@h/r", "ssh://-oX/r"),
)


class Followed:
    """``there`` is what people push to, ``here`` the checkout."""

    def __init__(self, folder: Path) -> None:
        (folder / "people").mkdir()
        self.there = Upstream(folder / "there", People(folder / "people"))
        self.there.people.trust("anna")
        self.first = self.there.commit()
        self.here = folder / "here"
        self.source = self.follow(str(self.there.root))

    def follow(self, url: str) -> GitSource:
        return GitSource(replace(settings_from(self.here, {}), signers=self.there.people.signers), url, "main")

    def text(self) -> str:
        return read_repository(self.here, None)[1].id


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_a_folder_becomes_a_checkout_and_follows(followed: Followed) -> None:
    first = followed.source.prepare()
    assert (first.commit, first.moved) == (followed.first, True)
    assert not followed.source.fetch().moved
    second = followed.there.commit()
    found = followed.source.fetch()
    assert (found.commit, found.moved) == (second, True)
    assert followed.text() == second
    assert not followed.source.prepare().moved


def test_what_we_write_into_it_is_no_edit_and_what_others_write_is_one(followed: Followed) -> None:
    (followed.here / ".unsandbox").mkdir(parents=True)
    followed.source.prepare()
    (followed.here / "state").mkdir()
    (followed.here / "state" / "service-a.yaml").write_text("a: 1\n")
    followed.there.commit()
    assert followed.source.fetch().moved
    (followed.here / "manifests" / "more.yaml").write_text("a: 1\n")
    followed.there.commit()
    with pytest.raises(GitError, match="edited by hand"):
        followed.source.fetch()
    with pytest.raises(GitError, match="edited by hand"):
        followed.source.prepare()


def test_a_folder_that_is_something_else(followed: Followed) -> None:
    followed.here.mkdir()
    (followed.here / "notes").write_text("mine\n")
    with pytest.raises(GitError, match="holds files"):
        followed.source.prepare()
    (followed.here / "notes").unlink()
    followed.source.prepare()
    with pytest.raises(GitError, match="is a checkout of"):
        followed.follow("https://example.invalid/other.git").prepare()


def test_a_history_that_was_written_anew_and_a_branch_that_is_gone(followed: Followed) -> None:
    followed.source.prepare()
    git(followed.there.root, "commit", "-q", "--amend", "-m", "another past")
    with pytest.raises(Refused) as anew:
        followed.source.fetch()
    assert anew.value.rule == "D07"
    git(followed.there.root, "branch", "-m", "main", "other")
    with pytest.raises(Refused) as gone:
        followed.source.fetch()
    assert gone.value.rule == "D01"
    assert followed.text() == followed.first


def test_a_repository_that_does_not_answer_leaves_the_text(followed: Followed) -> None:
    followed.source.prepare()
    followed.there.root.rename(followed.there.root.with_name("away"))
    time.sleep(0.01)
    with pytest.raises(GitError, match="cannot be fetched"):
        followed.source.fetch()
    assert followed.source.stale >= 0.01
    assert followed.text() == followed.first


@pytest.mark.parametrize("killed", ["before the first", "half way"])
def test_a_kill_in_the_middle_is_mended(followed: Followed, killed: str) -> None:
    if killed == "half way":
        followed.source.prepare()
        second = followed.there.commit()
        git(followed.here, "fetch", "-q", "origin", "main")
        git(followed.here, "update-ref", MOVING, second)
        (followed.here / "manifests" / "tier.yaml").write_text("half of i")
        (followed.here / ".git" / "index.lock").touch()
    else:
        followed.here.mkdir()
        git(followed.here, "init", "-q")
    source = followed.follow(str(followed.there.root))
    source.prepare()
    source.fetch()
    assert followed.text() == git(followed.there.root, "rev-parse", "HEAD")
    assert not read_repository(followed.here, None)[1].dirty


def test_a_commit_that_nobody_trusted_signed_stays_outside(followed: Followed) -> None:
    followed.source.prepare()
    asks = followed.there.commit("anna", policy="required")
    assert followed.source.fetch().by == ("anna@example",)
    followed.there.commit(policy="off")
    with pytest.raises(Refused) as refused:
        followed.source.fetch()
    assert refused.value.rule == "G01"
    assert followed.text() == asks
    followed.there.commit("anna")
    with pytest.raises(Refused, match="it has none"):
        followed.source.fetch()


def test_nothing_of_the_repository_or_of_its_settings_is_run(followed: Followed, tmp_path: Path) -> None:
    followed.source.prepare()
    ran = tmp_path / "ran"
    hook = followed.here / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    git(followed.here, "config", "filter.evil.smudge", f"touch {ran}; cat")
    git(followed.here, "config", "core.fsmonitor", f"touch {ran}; false")
    (followed.there.root / ".gitattributes").write_text("* filter=evil\n")
    followed.there.commit()
    assert followed.source.fetch().moved
    assert not ran.exists()


def test_what_changes_where_somebody_commits_is_known(followed: Followed, tmp_path: Path) -> None:
    assert followed.source.watched() == (followed.there.root / ".git" / "refs" / "heads",)
    git(tmp_path, "clone", "-q", "--bare", str(followed.there.root), "bare")
    assert followed.follow(f"file://{tmp_path}/bare").watched() == (tmp_path / "bare" / "refs" / "heads",)
    assert followed.follow("https://example.invalid/r.git").watched() == ()
    shutil.rmtree(tmp_path / "bare")
    assert followed.follow(f"{tmp_path}/bare").watched() == ()


def test_a_closed_source_runs_nothing(followed: Followed) -> None:
    followed.source.prepare()
    followed.source.close()
    with pytest.raises(GitError):
        followed.source.fetch()


@pytest.mark.parametrize("url", NO_URLS)
def test_a_url_that_git_is_not_given(url: str) -> None:
    with pytest.raises(GitError) as refused:
        checked_url(url)
    assert "tok" not in str(refused.value)
    assert "u:p" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://h/r.git", "ssh://git@h:22/r", "git@h:r.git", "/srv/r", "./r", "file:///srv/r"])
def test_a_url_that_git_is_given(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize("branch", ["", "-f", "a..b", "a/", "/a", "a:b", "+a", "a.lock", "a b", "*", "a@{1}", ".a", "a//b"])
def test_a_branch_that_is_none(branch: str) -> None:
    with pytest.raises(GitError):
        checked_branch(branch)


def test_what_is_said_holds_no_password() -> None:
    told = hidden("fatal: unable to access 'https://anna:hunter2@h/r.git/': x")
    assert told == "fatal: unable to access 'https://***@h/r.git/': x"
    assert checked_branch("feature/a-1") == "feature/a-1"
