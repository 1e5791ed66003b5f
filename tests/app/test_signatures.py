"""Who signed the commits: a good one is told by name, and everything else is a flaw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.repository import load_desired
from reconciler.app.settings import Settings, settings_from
from reconciler.app.signatures import signed_by
from reconciler.model.resources import Signed
from tests.app.signing import People, Upstream
from tests.app.test_repository import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def people(tmp_path: Path) -> People:
    (tmp_path / "people").mkdir()
    made = People(tmp_path / "people")
    made.trust("anna")
    return made


@pytest.fixture
def fleet(tmp_path: Path, people: People) -> Upstream:
    return Upstream(tmp_path / "fleet", people)


def settings(fleet: Upstream) -> Settings:
    return replace(settings_from(fleet.root, {}, config_dir=fleet.root.parent), signers=fleet.people.signers)


def flaw(fleet: Upstream, commit: str, since: str = "") -> str:
    found = signed_by(settings(fleet), commit, since)
    assert bool(found.by) is not bool(found.flaw)
    return found.flaw


def test_a_commit_by_somebody_trusted(fleet: Upstream) -> None:
    assert signed_by(settings(fleet), fleet.commit("anna")) == Signed(by=("anna@example",))


def test_a_commit_by_nobody_and_one_by_a_stranger(fleet: Upstream) -> None:
    assert flaw(fleet, fleet.commit()) == "it has none"
    assert "nobody who is trusted made it" in flaw(fleet, fleet.commit("mallory"))


def test_a_signature_over_another_text(fleet: Upstream) -> None:
    signed = fleet.commit("anna")
    text = git(fleet.root, "cat-file", "commit", signed) + "and more\n"
    (fleet.root / "forged").write_text(text)
    forged = git(fleet.root, "hash-object", "-t", "commit", "-w", "forged")
    assert "does not hold" in flaw(fleet, forged)


def test_each_commit_since_the_one_applied_counts(fleet: Upstream) -> None:
    first, between, last = fleet.commit(), fleet.commit(), fleet.commit("anna")
    assert signed_by(settings(fleet), last, first) == Signed(commit=between, flaw="it has none")
    assert signed_by(settings(fleet), last, between) == Signed(by=("anna@example",))
    after = fleet.commit("anna")
    assert signed_by(settings(fleet), after, between) == Signed(by=("anna@example",))


def test_a_signed_merge_vouches_for_what_it_brings_in(fleet: Upstream) -> None:
    first = fleet.commit("anna")
    git(fleet.root, "checkout", "-q", "-b", "side")
    fleet.commit()
    git(fleet.root, "checkout", "-q", "main")
    git(fleet.root, "merge", "-q", "--no-ff", "-m", "unsigned", "side")
    assert flaw(fleet, git(fleet.root, "rev-parse", "HEAD"), first) == "it has none"
    git(fleet.root, "-c", f"user.signingKey={fleet.people.key('anna')}", "commit", "-q", "-S", "--amend", "-m", "signed")
    assert not flaw(fleet, git(fleet.root, "rev-parse", "HEAD"), first)


def test_a_key_that_was_revoked_or_ran_out(fleet: Upstream) -> None:
    commit = fleet.commit("anna")
    revoked = fleet.people.signers.with_name("signers.revoked")
    revoked.write_text(fleet.people.key("anna").with_suffix(".pub").read_text())
    assert flaw(fleet, commit)
    revoked.unlink()
    assert not flaw(fleet, commit)
    fleet.people.trust("anna", options='valid-before="20010101"')
    assert flaw(fleet, commit)
    fleet.people.trust("bob")
    assert flaw(fleet, commit)


def test_a_file_of_signers_that_says_nothing(fleet: Upstream) -> None:
    commit = fleet.commit("anna")
    at = settings(fleet)
    fleet.people.signers.chmod(0o666)
    assert "others may write" in signed_by(at, commit).flaw
    inside = fleet.root / "signers"
    inside.write_text(fleet.people.signers.read_text())
    assert "lies in the repository" in signed_by(replace(at, signers=inside), commit).flaw
    assert "no file of signers" in signed_by(replace(at, signers=None), commit).flaw
    assert "no file of signers" in signed_by(replace(at, signers=fleet.root.parent / "none"), commit).flaw


@pytest.mark.parametrize("missing", ["git", "ssh-keygen"])
def test_a_program_that_is_missing_is_a_flaw(fleet: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    commit = fleet.commit("anna")
    (tmp_path / "bin").mkdir()
    if missing != "git":
        (tmp_path / "bin" / "git").symlink_to("/usr/bin/git")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert flaw(fleet, commit)


def test_a_commit_that_is_not_there(fleet: Upstream) -> None:
    fleet.commit("anna")
    assert "git cannot tell who signed it" in flaw(fleet, "f" * 40)


def test_the_repository_cannot_say_who_is_trusted(fleet: Upstream) -> None:
    everybody = fleet.root.parent / "everybody"
    everybody.write_text(f"* {fleet.people.key('mallory').with_suffix('.pub').read_text()}")
    git(fleet.root, "config", "gpg.ssh.allowedSignersFile", str(everybody))
    assert flaw(fleet, fleet.commit("mallory"))


def test_the_text_is_looked_at_where_either_policy_asks(fleet: Upstream) -> None:
    fleet.commit("anna", policy="required")
    at = settings(fleet)
    assert load_desired(at).origin.signed == Signed(by=("anna@example",))
    off = fleet.commit(policy="off")
    assert load_desired(at).origin.signed is None, "nobody asks, and nobody pays for it"
    assert load_desired(at, signatures=True).origin.signed == Signed(commit=off, flaw="it has none")
