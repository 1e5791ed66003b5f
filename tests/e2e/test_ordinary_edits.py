"""The fifty ordinary edits, carried out on three real hosts through the real command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.properties.ordinary import EDITS, Repository, nothing
from tests.properties.test_ordinary_edits import git

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.slow, pytest.mark.timeout(1500)]


def test_fifty_ordinary_edits_are_applied_one_after_the_other(fleet: Fleet) -> None:
    for path in (fleet.root / "manifests").glob("*.yaml"):
        path.unlink()
    hosts = {
        daemon.name: f"{{address: 'unix:{daemon.socket}', fingerprint: {daemon.fingerprint}, location: here,"
        " capacity: {instances: 100}, state: active}"
        for daemon in fleet.daemons
    }
    repository = Repository(fleet.root, fleet.starter.fingerprint, hosts)
    repository.start()
    (fleet.root / ".gitignore").write_text(".unsandbox/\nconfig/\nmanifests/files/\n")
    git(fleet.root, "init", "-q")
    false: list[str] = []
    for name, edit in (("the first apply", nothing), *EDITS):
        edit(repository)
        repository.write()
        git(fleet.root, "add", "-A")
        git(fleet.root, "commit", "-q", "--allow-empty", "-m", name)
        ran = fleet.run("apply", "--yes", "--json", expect=None, timeout=300)
        assert ran.out, (name, ran.err)
        report = json.loads(ran.out)
        false += [f"{name}: {refusal}" for refusal in report["refusals"]]
        assert not report["failed"], (name, report["failed"])
        assert fleet.run("plan", expect=None).status == 0, name
    print(f"{len(EDITS) + 1} edits, {len(false)} false refusals")
    assert not false, "\n".join(false)
