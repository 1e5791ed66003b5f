"""Looking at a host that tells the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.errors import NotFound, NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd.certificate import ClientCertificate
from reconciler.lxd.connect import Door
from reconciler.lxd.inspect import facts
from reconciler.lxd.read import daemon_process, look, snapshots
from reconciler.lxd.write import perform
from reconciler.model.plan import SetPower
from reconciler.model.world import Grade, Status
from tests.fake.certificate import make_certificate
from tests.fake.fake import Fake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.subject import Subject


def test_everything_is_seen_as_it_is(door: Door, subject: Subject) -> None:
    subject.launch(door, "runs", {"user.unsandbox.kind": "Service"})
    subject.launch(door, "cold")
    perform(door, SetPower("cold", "freeze", force=False, timeout=20))
    perform(door, subject.creation("rests"))
    subject.lxd.query("POST", "/1.0/instances/rests/snapshots?project=unsandbox", {"name": "s1"})
    view = look(door, now)
    assert (view.grade, view.why, view.doubtful) == (Grade.COMPLETE, (), {})
    assert {row.name: row.status for row in view.instances} == {
        "cold": Status.FROZEN,
        "rests": Status.STOPPED,
        "runs": Status.RUNNING,
    }
    assert all(row.uuid == subject.uuid(row.name) and row.image == subject.image for row in view.instances)
    assert view.project is not None
    assert (set(view.project.names), set(view.project.images)) == ({"cold", "rests", "runs"}, {subject.image})
    told = snapshots(door, view.volumes)
    assert (told["rests"], told["runs"]) == (("s1",), ())
    assert view.project.config["user.unsandbox.foundation"].startswith("sha256:")
    assert view.identity is not None
    assert (view.identity.fingerprint, view.identity.clustered) == (subject.lxd.fingerprint, False)
    assert abs(view.skew) < 2
    assert daemon_process(door) == view.identity.process > 0


def test_a_second_look_reads_only_what_is_told_otherwise(door: Door, subject: Subject) -> None:
    for name in ("alpha", "beta"):
        perform(door, subject.creation(name))
    first = look(door, now)
    assert first.told is not None
    assert all(row.length for row in first.told.rows)
    with_snapshots = replace(first, project=replace(first.project, snapshots={})) if first.project else first
    again = look(door, now, with_snapshots)
    assert again.instances is first.instances
    assert again.seen_at > first.seen_at
    # What was known of snapshots is of an earlier moment.
    assert again.project == first.project
    subject.lxd.query("PATCH", "/1.0/instances/alpha?project=unsandbox", {"config": {"limits.memory": "96MiB"}})
    changed = look(door, now, again)
    was = {row.name: row for row in again.instances}
    assert [row.name for row in changed.instances if row is not was[row.name]] == ["alpha"]
    assert changed == replace(look(door, now), seen_at=changed.seen_at, skew=changed.skew)
    for name in ("alpha", "beta"):
        subject.lxd.query("PATCH", f"/1.0/instances/{name}?project=unsandbox", {"config": {"security.protection.delete": "false"}})
        subject.lxd.query("DELETE", f"/1.0/instances/{name}?project=unsandbox")
    assert {row.name for row in look(door, now, changed).instances} == was.keys() - {"alpha", "beta"}


def test_a_project_that_is_not_there_is_known_to_be_absent(subject: Subject) -> None:
    with replace(subject, host=replace(subject.host, project="nowhere")).door() as door:
        view = look(door, now)
    assert (view.grade, view.project, view.instances) == (Grade.COMPLETE, None, ())


def test_another_pin_is_another_host(subject: Subject) -> None:
    with pytest.raises(WrongIdentity):
        replace(subject, host=replace(subject.host, fingerprint="c" * 64)).door()


def test_another_name_is_another_host(subject: Subject) -> None:
    with replace(subject, host=replace(subject.host, server_name="somebody-else")).door() as door, pytest.raises(WrongIdentity):
        look(door, now)


def test_what_doctor_asks_is_answered(door: Door) -> None:
    found = facts(door, now)
    assert found.missing == ()
    assert found.pools is not None
    assert [pool.driver for pool in found.pools if pool.name == "unsandbox"] == ["btrfs"]
    assert found.clock_skew is not None


def test_a_stranger_is_told_apart_over_tls(tmp_path: Path, subject: Subject) -> None:
    if not subject.host.address.startswith("https:") or not isinstance(subject.lxd, Fake):
        return
    made = make_certificate(tmp_path, "stranger")
    stranger = ClientCertificate(made.cert, made.key)
    subject.lxd.introduce(stranger.cert.read_text(), trusted=False)
    for certificate in (None, stranger):
        with pytest.raises(NotTrusted):
            Door.open(subject.host, certificate)


def test_nobody_listens(subject: Subject) -> None:
    with pytest.raises(Unreachable):
        replace(subject, host=replace(subject.host, address="unix:/nonexistent/unix.socket")).door()


def test_who_observes_hears_of_every_request_and_what_came_of_it(door: Door) -> None:
    heard: list[tuple[str, str, float, str]] = []
    door.observer = lambda *told: heard.append(told)
    look(door, now)
    with pytest.raises(NotFound):
        door.under(None).get(door.path("instances", "nobody", "state"))
    assert {host for host, _, _, _ in heard} == {door.host.name}
    assert all(0 < seconds < 30 for _, _, seconds, _ in heard)
    assert ("GET /1.0/instances", "ok") in {(kind, outcome) for _, kind, _, outcome in heard}
    assert [told[1::2] for told in heard if told[3] != "ok"] == [("GET /1.0/instances/{name}/state", "not-found")]
