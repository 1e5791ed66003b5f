"""Ordinary edits of a repository in git are never refused: read, planned and carried out one after the other on a synthetic fleet."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.planning import Made, decide
from reconciler.app.repository import load_desired
from reconciler.app.settings import Settings
from reconciler.engine.certify import Withheld, certification
from reconciler.engine.refuse.observation import EXTENSIONS
from reconciler.engine.select import Scope
from reconciler.model.records import Applied, Ledger, PowerRecord, Writer
from reconciler.model.world import Grade, HostView, Identity, Observed
from tests.bench.worlds import AT
from tests.properties.ordinary import EDITS, Repository, nothing
from tests.properties.worlds import carry_out

if TYPE_CHECKING:
    from pathlib import Path

PINS = {"h1": "a1" * 32, "h2": "b2" * 32, "h3": "c3" * 32}
HOSTS = {
    name: f"{{address: 'https://192.0.2.{number}:8443', fingerprint: {pin}, location: here, capacity: {{instances: 100}}, state: active}}"
    for number, (name, pin) in enumerate(PINS.items(), 1)
}


def view(name: str) -> HostView:
    """A host that nobody prepared yet."""
    identity = Identity(name, PINS[name], "5.0.2", clustered=False, extensions=EXTENSIONS, addresses=())
    return HostView(name, Grade.COMPLETE, (), AT, identity)


class Simulated:
    """A fleet without LXD that does what plans say, and a ledger carried along."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(root, root / ".unsandbox", root / "config", actor="anna@desk")
        self.applied = ""
        self.ledger = Ledger()
        self.observed = Observed({name: view(name) for name in HOSTS}, AT)

    def plan(self) -> Made:
        return decide(load_desired(self.settings, applied=self.applied), self.observed, self.ledger, Scope())

    def carry_out(self, made: Made) -> None:
        after = carry_out(made.plan, self.observed)
        self.observed = replace(after, hosts={name: _told(view) for name, view in after.hosts.items()})
        known = dict(self.ledger.known)
        certified = {}
        for record in certification(self.observed, made.desired, known, Withheld(worked={action.ref for action in made.plan.actions})):
            known.update({item.uuid: item for item in record.objects})
            known = {uuid: item for uuid, item in known.items() if uuid not in record.gone}
            certified[record.host.host] = record.host
        rested = {
            row.uuid: PowerRecord({"frozen": "frozen", "stopped": "hibernated"}.get(row.status.value, "running"), Writer.GIT)
            for view in self.observed.hosts.values()
            for row in view.instances
        }
        commit = made.desired.commit
        self.applied = commit.id
        applied = Applied(commit.id, commit.digest, "unsandbox test", approval=False)
        self.ledger = Ledger(powers=rested, known=known, certified=certified, applied=applied)


def _told(view: HostView) -> HostView:
    """A host that tells of every instance that it has no snapshots."""
    if view.project is None:
        return view
    return replace(view, project=replace(view.project, snapshots=dict.fromkeys((row.name for row in view.instances), ())))


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(root), *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_fifty_ordinary_edits_and_not_one_refusal(tmp_path: Path) -> None:
    files = tmp_path / "manifests" / "files"
    files.mkdir(parents=True)
    (files / "starter.tar.gz").write_bytes(b"an image")
    git(tmp_path, "init", "-q")
    repository = Repository(tmp_path, "ab" * 32, dict(HOSTS))
    repository.start()
    fleet = Simulated(tmp_path)
    false: list[str] = []
    done = 0
    for name, edit in (("the first apply", nothing), *EDITS):
        edit(repository)
        repository.write()
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", name)
        made = fleet.plan()
        false += [f"{name}: {found.code} {found.action} {found.ref}: {found.cause} {found.evidence}" for found in made.plan.refusals]
        fleet.carry_out(made)
        again = fleet.plan().plan
        assert not again.actions, f"after {name!r}: {[(action.action, action.ref, action.fields) for action in again.actions]}"
        done += 1
    print(f"{done} edits, {len(false)} false refusals")
    assert done > 50
    assert not false, "\n".join(false)
