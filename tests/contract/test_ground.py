"""Projects, images, pools, networks and ACLs."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.foundation import foundation
from reconciler.errors import Conflict, HostError, NotFound, NotTrusted, Rejected
from reconciler.lxd.foundation import differences
from reconciler.lxd.gallery import alias_target, image, images
from reconciler.lxd.images import held
from reconciler.lxd.write import perform
from reconciler.model.images import SERVED, image_marks
from reconciler.model.plan import DeleteImage, ImportImage, MarkImage, PutObject
from reconciler.model.resources import Policy

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject

FEATURES = {"features.images": "true", "features.profiles": "true", "features.storage.volumes": "true", "features.networks": "false"}


def test_our_foundation_is_made_once_and_found_as_it_is(door: Door) -> None:
    objects = foundation(door.host, Policy()).objects
    assert differences(door, objects[1:]) == ()
    before = sum(count for line, count in door.requests.items() if not line.startswith("GET"))
    for call in objects[1:]:
        perform(door, call)
    assert sum(count for line, count in door.requests.items() if not line.startswith("GET")) == before


def test_what_somebody_changed_is_named_and_mended(door: Door, subject: Subject) -> None:
    objects = foundation(door.host, Policy()).objects
    acl = subject.lxd.query("GET", "/1.0/network-acls/unsb-semi")
    subject.lxd.query("PUT", "/1.0/network-acls/unsb-semi", {**acl, "egress": [{"action": "allow", "state": "enabled"}]})
    network = subject.lxd.query("GET", "/1.0/networks/unsb-zero")
    loose = {**network["config"], "security.acls.default.egress.action": "allow"}
    subject.lxd.query("PUT", "/1.0/networks/unsb-zero", {"config": loose, "description": ""})
    assert differences(door, objects[1:]) == (
        "network-acl unsb-semi differs in egress",
        "network unsb-zero differs in security.acls.default.egress.action",
    )
    for call in objects:
        perform(door, call)
    assert differences(door, objects[1:]) == ()


def test_a_project_tells_who_uses_it_and_goes_only_when_empty(door: Door, subject: Subject) -> None:
    body = {"config": {**FEATURES, "user.unsandbox.env": "lab"}}
    perform(door, PutObject("project", "brief", body))
    path = door.path("projects", "brief", project=False)
    assert door.get(path) == {**body, "description": "", "name": "brief", "used_by": ["/1.0/profiles/default?project=brief"]}
    with pytest.raises(Conflict, match="already exists"):
        door.send("POST", door.path("projects", project=False), {"name": "brief"})
    door.send("DELETE", path)
    with pytest.raises(NotFound, match="Project not found"):
        door.get(path)
    perform(door, subject.creation("user"))
    own = door.get(door.path("projects", subject.host.project, project=False))
    assert {"/1.0/instances/user?project=unsandbox", f"/1.0/images/{subject.image}?project=unsandbox"} <= set(own["used_by"])
    with pytest.raises(HostError, match="Only empty projects"):
        door.send("DELETE", door.path("projects", subject.host.project, project=False))
    with pytest.raises(NotTrusted):
        door.send("DELETE", door.path("projects", "default", project=False))


def test_a_project_is_written_whole_under_its_etag(door: Door, subject: Subject) -> None:
    path = door.path("projects", subject.host.project, project=False)
    response = door.send("GET", path)
    config = response.json()["metadata"]["config"]
    with pytest.raises(Conflict, match="412"):
        door.send("PUT", path, {"config": {**config, "user.theirs": "1"}}, headers={"If-Match": '"00"'})
    with pytest.raises(Rejected, match=r"cannot be (en|dis)abled on non-empty"):
        door.send("PUT", path, {"config": {"features.images": "true"}})
    door.send("PUT", path, {"config": {**config, "user.theirs": "1"}}, headers={"If-Match": response.headers["ETag"]})
    assert door.get(path)["config"]["user.theirs"] == "1"


def test_an_image_comes_once_and_has_one_name(door: Door, subject: Subject, tmp_path: Path) -> None:
    assert held(door, subject.image)
    again = door.get(door.path("images", subject.image[:12]))
    assert (again["fingerprint"], again["public"]) == (subject.image, False)
    with pytest.raises(Conflict, match="already exists"):
        door.send("POST", door.path("images", "aliases"), {"name": "starter", "target": subject.image})
    with pytest.raises(NotFound):
        door.send("POST", door.path("images", "aliases"), {"name": "other", "target": "0" * 64})
    with pytest.raises(NotFound, match="Image not found"):
        door.get(door.path("images", "0" * 64))
    odd = tmp_path / "odd.tar.gz"
    odd.write_bytes(b"not an image")
    with pytest.raises(HostError, match="compression"):
        perform(door, ImportImage(hashlib.sha256(odd.read_bytes()).hexdigest(), "", str(odd)))


def test_pools_networks_and_acls_are_made_once(door: Door) -> None:
    with pytest.raises(Conflict, match="already exists"):
        door.send("POST", door.path("storage-pools", project=False), {"name": "unsandbox", "driver": "dir"})
    with pytest.raises(Rejected, match="Unknown driver"):
        door.send("POST", door.path("storage-pools", project=False), {"name": "odd", "driver": "odd"})
    with pytest.raises(Conflict, match="already exists"):
        door.send("POST", door.path("networks", project=False), {"name": "unsb-zero", "type": "bridge"})
    with pytest.raises(Conflict, match="already exists"):
        door.send("POST", door.path("network-acls", project=False), {"name": "unsb-zero"})
    with pytest.raises(HostError, match="in use"):
        door.send("DELETE", door.path("network-acls", "unsb-zero", project=False))


def test_a_pool_tells_of_volumes_and_snapshots(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("stored"))
    subject.lxd.query("POST", "/1.0/instances/stored/snapshots?project=unsandbox", {"name": "s1"})
    told = door.get(door.path("storage-pools", "unsandbox", "volumes", "container"))
    whole = door.get(door.path("storage-pools", "unsandbox", "volumes"))
    base = "/1.0/storage-pools/unsandbox/volumes/container/stored"
    assert {f"{base}?project=unsandbox", f"{base}/snapshots/s1?project=unsandbox"} <= set(told) <= set(whole)


def test_images_of_another_project_are_not_ours(subject: Subject) -> None:
    with replace(subject, host=replace(subject.host, project="default")).door() as door:
        assert not held(door, subject.image)


def test_an_image_carries_marks_and_goes_as_it_was_looked_at(door: Door, subject: Subject, tmp_path: Path) -> None:
    other = tmp_path / "other.tar.gz"
    other.write_bytes(door.send("GET", door.path("images", subject.image, "export")).content + gzip.compress(b""))
    fingerprint = hashlib.sha256(other.read_bytes()).hexdigest()
    perform(door, ImportImage(fingerprint, "other", str(other), properties=image_marks("test", "other")))
    perform(door, MarkImage(fingerprint, {SERVED: "2026-01-01T00:00:00+00:00"}))
    found = image(door, fingerprint)
    assert found is not None
    assert (found.family, found.served, found.aliases) == ("other", "2026-01-01T00:00:00+00:00", ("other",))
    assert alias_target(door, "other") == fingerprint
    with pytest.raises(Conflict, match="alias other"):
        perform(door, DeleteImage(fingerprint, found.properties))
    door.send("DELETE", door.path("images", "aliases", "other"))
    with pytest.raises(Conflict, match="not marked as it was"):
        perform(door, DeleteImage(fingerprint, {}))
    perform(door, DeleteImage(fingerprint, found.properties))
    assert image(door, fingerprint) is None
    assert alias_target(door, "other") == ""
    assert subject.image in {held.fingerprint for held in images(door)}
