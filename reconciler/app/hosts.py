"""Hosts: what they are and hold, and taking one in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.repository import load_desired
from reconciler.errors import UsageError
from reconciler.files import AS_UMASK, write_over
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.enrol import enrol, server_fingerprint
from reconciler.manifest.scaffold import host_manifest
from reconciler.model.marks import read_marks
from reconciler.model.names import NAME_RULE, is_name

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.model.resources import Capacity, Desired, Host
    from reconciler.model.world import HostView, Observed


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host of the inventory. Counts are None where the host was not seen."""

    name: str
    address: str
    location: str
    state: str
    grade: str
    why: str
    server_name: str
    version: str
    fingerprint: str
    capacity: Capacity
    instances: int | None
    """Ours: with our marks of this environment."""
    foreign: int | None
    """Others in our project."""
    powers: tuple[tuple[str, int], ...]
    """Ours by status."""
    cluster: str = ""
    """The cluster that it is a member of; "" where it stands alone."""


def list_hosts(settings: Settings) -> tuple[HostRow, ...]:
    """Look at every host of the inventory."""
    desired = load_desired(settings)
    with Doors(settings) as doors:
        return host_rows(desired, observe(desired.hosts, doors))


def host_rows(desired: Desired, observed: Observed) -> tuple[HostRow, ...]:
    """One row a host, in the inventory's order."""
    return tuple(_row(host, observed.hosts[host.name], desired.policy.environment) for host in desired.hosts)


def _row(host: Host, view: HostView, env: str) -> HostRow:
    marks = [(read_marks(instance.config), instance) for instance in view.instances]
    ours = [instance for mark, instance in marks if mark and mark.env == env]
    seen = view.identity is not None
    return HostRow(
        name=host.name,
        address=host.address,
        location=host.location,
        state=host.state.value,
        grade=view.grade.value,
        why="; ".join(view.why),
        server_name=view.identity.server_name if view.identity else "",
        version=view.identity.version if view.identity else "",
        fingerprint=host.fingerprint,
        capacity=host.capacity,
        instances=len(ours) if seen else None,
        foreign=len(view.instances) - len(ours) if seen else None,
        powers=tuple(sorted(Counter(instance.status.value for instance in ours).items())),
        cluster=host.cluster.name if host.cluster else "",
    )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A host about to be taken in: the fingerprint is what the server showed, for a person to compare."""

    name: str
    url: str
    fingerprint: str
    location: str
    project: str


def fetch_identity(settings: Settings, name: str, url: str, location: str, project: str) -> Enrolment:
    """Read the certificate a server shows, trusting nothing. Raises ``UsageError`` or a ``HostError``."""
    if not is_name(name):
        raise UsageError(f"{name!r} is not a name: {NAME_RULE}", hint="unsandbox hosts add URL --name NAME")
    if _is_there(_entry(settings, name)):
        raise UsageError(f"host {name} is in the inventory already: {_entry(settings, name)}", hint="unsandbox hosts")
    return Enrolment(name, url, server_fingerprint(url), location, project)


def add(settings: Settings, enrolment: Enrolment, secret: str) -> Path:
    """Have the host trust our certificate, then write its inventory entry; the entry's path is given back."""
    enrol(enrolment.url, enrolment.fingerprint, load_or_make(settings.config_dir), secret)
    path = _entry(settings, enrolment.name)
    text = host_manifest(
        name=enrolment.name,
        address=enrolment.url,
        fingerprint=enrolment.fingerprint,
        location=enrolment.location,
        project=enrolment.project,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_over(path, text, mode=AS_UMASK)
    except OSError as error:
        raise UsageError(f"{path} cannot be written, though the host trusts us: {error.strerror}", hint=f"ls -ld {path.parent}") from error
    return path


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise UsageError(f"{path} cannot be looked for: {error.strerror}", hint=f"ls -ld {path.parent}") from error


def _entry(settings: Settings, name: str) -> Path:
    return settings.root / "inventory" / f"{name}.yaml"
