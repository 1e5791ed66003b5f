"""Images on a real daemon."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import NotFound, OperationFailed, Rejected
from reconciler.lxd.connect import Door
from reconciler.lxd.images import export_image
from reconciler.lxd.write import perform
from reconciler.model.plan import ImportImage, PutObject
from tests.lab.permit import ALONE
from tests.lxd.actors import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


@pytest.fixture
def gallery(prepared: Host, lxd: Daemon) -> Iterator[Door]:
    """A door to a project of its own without images."""
    with Door.open(replace(prepared, project="gallery"), None).under(ALONE) as door:
        perform(door, PutObject("project", "gallery", {"config": {"features.images": "true", "features.profiles": "true"}}))
        yield door
    for path in lxd.query("GET", "/1.0/images?project=gallery"):
        lxd.query("DELETE", path if "?" in path else f"{path}?project=gallery")
    lxd.query("DELETE", "/1.0/projects/gallery")


def images(lxd: Daemon) -> list[str]:
    return [image["fingerprint"] for image in lxd.query("GET", "/1.0/images?project=gallery&recursion=1")]


def alias(lxd: Daemon, name: str) -> str:
    return str(lxd.query("GET", f"/1.0/images/aliases/{name}?project=gallery")["target"])


def test_an_image_is_brought_in_named_and_private(gallery: Door, lxd: Daemon, starter: Starter) -> None:
    call = ImportImage(starter.fingerprint, "starter", str(starter.tarball))
    perform(gallery, call)
    assert images(lxd) == [starter.fingerprint]
    assert alias(lxd, "starter") == starter.fingerprint
    assert lxd.query("GET", f"/1.0/images/{starter.fingerprint}?project=gallery")["public"] is False
    with counted(gallery) as sent:
        perform(gallery, call)
    assert sent == {"GET /1.0/images/{name}": 1, "GET /1.0/images/aliases/{name}": 1}


def test_an_image_without_an_alias(gallery: Door, lxd: Daemon, starter: Starter) -> None:
    perform(gallery, ImportImage(starter.fingerprint, "", str(starter.tarball)))
    assert images(lxd) == [starter.fingerprint]
    assert lxd.query("GET", "/1.0/images/aliases?project=gallery") == []


def test_the_alias_moves_only_when_its_image_is_in(gallery: Door, lxd: Daemon, starter: Starter, tmp_path: Path) -> None:
    perform(gallery, ImportImage(starter.fingerprint, "current", str(starter.tarball)))
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"not an image")
    with pytest.raises(OperationFailed):
        perform(gallery, ImportImage(hashlib.sha256(b"not an image").hexdigest(), "current", str(broken)))
    assert alias(lxd, "current") == starter.fingerprint
    other = tmp_path / "other.tar.gz"
    # A second gzip member that holds nothing: the same image in other bytes.
    other.write_bytes(starter.tarball.read_bytes() + gzip.compress(b""))
    found = hashlib.sha256(other.read_bytes()).hexdigest()
    perform(gallery, ImportImage(found, "current", str(other)))
    assert alias(lxd, "current") == found
    assert sorted(images(lxd)) == sorted([starter.fingerprint, found])


def test_a_file_that_is_not_the_pinned_one_is_never_sent(gallery: Door, lxd: Daemon, starter: Starter, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tar.gz"
    shutil.copy(starter.tarball, copy)
    with copy.open("ab") as file:
        file.write(b"x")
    with counted(gallery) as sent, pytest.raises(Rejected, match="nothing was sent"):
        perform(gallery, ImportImage(starter.fingerprint, "starter", str(copy)))
    with pytest.raises(Rejected, match="cannot be read"):
        perform(gallery, ImportImage(starter.fingerprint, "starter", str(tmp_path / "absent")))
    assert not any(line.startswith("POST") for line in sent)
    assert images(lxd) == []


def test_an_image_goes_from_host_to_file_unchanged(door: Door, starter: Starter, tmp_path: Path) -> None:
    export_image(door, starter.fingerprint, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == starter.tarball.read_bytes()
    with pytest.raises(NotFound):
        export_image(door, "0" * 64, tmp_path / "none")
