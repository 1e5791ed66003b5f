"""Whom the contract is held against: a daemon, a way to it, and an image that it has."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.engine.foundation import foundation
from reconciler.lxd.connect import Door
from reconciler.lxd.write import perform
from reconciler.model import marks
from reconciler.model.names import Kind, Ref
from reconciler.model.plan import CreateInstance, ImportImage, SetPower
from reconciler.model.resources import Capacity, Host, HostState, Policy, Source
from tests.lab.permit import ALONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.lxd.certificate import ClientCertificate

PROJECT = "unsandbox"
POOL = "unsandbox"
IN_PROJECT = f"?project={PROJECT}"
ROOT = {"type": "disk", "path": "/", "pool": POOL, "size": "128MiB"}
PROTECTED = {"security.protection.delete": "true"}


class Lxd(Protocol):
    """What the fake and a daemon of the lab have in common."""

    name: str

    @property
    def fingerprint(self) -> str: ...

    def query(self, method: str, target: str, body: object = None) -> Any: ...


@dataclass(frozen=True)
class Subject:
    """``lxd`` is asked for the truth, ``host`` is the way that is tested."""

    lxd: Lxd
    host: Host
    certificate: ClientCertificate | None
    image: str

    def door(self) -> Door:
        """A door to it."""
        return Door.open(self.host, self.certificate).under(ALONE)

    def row(self, name: str) -> dict[str, Any]:
        """The instance as it is."""
        found: dict[str, Any] = self.lxd.query("GET", f"/1.0/instances/{name}{IN_PROJECT}")
        return found

    def uuid(self, name: str) -> str:
        """The instance's uuid."""
        return str(self.row(name)["config"]["volatile.uuid"])

    def names(self) -> set[str]:
        """Of all instances in our project."""
        return {str(path).partition("?")[0].rpartition("/")[2] for path in self.lxd.query("GET", f"/1.0/instances{IN_PROJECT}")}

    def creation(self, name: str, config: Mapping[str, str] | None = None) -> CreateInstance:
        """A creating call of ``plan-1``."""
        return CreateInstance(name, self.image, {marks.INTENT: "plan-1", "limits.memory": "64MiB", **(config or {})}, {"root": ROOT})

    def launch(self, door: Door, name: str, config: Mapping[str, str] | None = None) -> str:
        """Create and start; its uuid."""
        perform(door, self.creation(name, config))
        perform(door, SetPower(name, "start", force=False, timeout=30))
        return self.uuid(name)


def host_of(lxd: Lxd, address: str) -> Host:
    """It as an inventory's host."""
    return Host(
        ref=Ref(Kind.HOST, lxd.name),
        address=address,
        fingerprint=lxd.fingerprint,
        project=PROJECT,
        location="lab",
        labels=(),
        capacity=Capacity(),
        state=HostState.ACTIVE,
        pool=POOL,
        subnet="10.231.0.1/20",
        source=Source("inventory/lab.yaml", 1),
    )


def packed(folder: Path) -> tuple[Path, str]:
    """A file that a fake takes for an image, and its fingerprint."""
    file = folder / "starter.tar.gz"
    file.write_bytes(gzip.compress(b"an image", mtime=0))
    return file, hashlib.sha256(file.read_bytes()).hexdigest()


def prepare(subject: Subject, file: Path) -> Subject:
    """Our foundation and the image."""
    with subject.door() as door:
        for call in foundation(subject.host, Policy()).objects:
            perform(door, call)
        perform(door, ImportImage(subject.image, "starter", str(file)))
    return subject
