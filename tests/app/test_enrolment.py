"""The entries of a cluster's members: what LXD calls them becomes names here, or nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.app.enrolment import Enrolment, add
from reconciler.app.repository import load_desired
from reconciler.app.settings import Settings
from reconciler.errors import Malformed, UnsandboxError, UsageError
from reconciler.model.world import Identity, Member

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.enrolment import Taken

PIN = "ab" * 32
POLICY = "apiVersion: unsandbox/v1\nkind: Policy\nmetadata: {name: fleet}\nspec: {environment: test}\n"


def taken(settings: Settings, monkeypatch: pytest.MonkeyPatch, *members: tuple[str, str]) -> Taken:
    """Take in a cluster, of which the first member answers. ``members``: name and address."""
    identity = Identity(members[0][0], PIN, "5.0.2", clustered=True, extensions=frozenset(), addresses=())
    told = tuple(Member(name, "Online", votes=True, address=address) for name, address in members)
    monkeypatch.setattr("reconciler.app.enrolment.load_or_make", lambda _folder: None)
    monkeypatch.setattr("reconciler.app.enrolment.enrol", lambda *_: identity)
    monkeypatch.setattr("reconciler.app.enrolment.members_at", lambda *_: told)
    return add(settings, Enrolment("prod", "https://front.example.com:8443", PIN, "rack", "unsandbox"), "a secret")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / ".unsandbox", tmp_path / "config")


def test_full_names_become_names_and_who_answered_keeps_its_address(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(settings, monkeypatch, ("Node1.example.com", "10.0.0.1:8443"), ("node2", "[fd00::2]:8443"))
    assert [path.name for path in found.entries] == ["node1.yaml", "node2.yaml"]
    (settings.root / "manifests").mkdir()
    (settings.root / "manifests" / "policy.yaml").write_text(POLICY)
    assert [(host.name, host.member, host.address, host.endpoint) for host in load_desired(settings).hosts] == [
        ("node1", "Node1.example.com", "https://front.example.com:8443", "cluster prod"),
        ("node2", "node2", "https://[fd00::2]:8443", "cluster prod"),
    ]


@pytest.mark.parametrize(
    ("members", "kind", "said"),
    [
        ((("node1.a", "10.0.0.1:8443"), ("node1.b", "10.0.0.2:8443")), UsageError, "its first part names another member too"),
        ((("1st", "10.0.0.1:8443"),), UsageError, "lower-case letters"),
        ((("node1", "10.0.0.1:8443"), ("node2", "")), Malformed, "which cannot be"),
        ((("node1", "10.0.0.1:8443"), ("no\nde2", "10.0.0.2:8443")), Malformed, "which cannot be"),
        ((("node1", "10.0.0.1:8443 # x:1"),), Malformed, "which cannot be"),
    ],
)
def test_what_cannot_be_named_or_reached_is_told_and_nothing_is_written(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    members: tuple[tuple[str, str], ...],
    kind: type[UnsandboxError],
    said: str,
) -> None:
    with pytest.raises(kind) as caught:
        taken(settings, monkeypatch, *members)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert not (settings.root / "inventory").exists()
