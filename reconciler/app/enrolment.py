"""Taking a host in, or every member of a cluster: its certificate compared by a person, our certificate, the inventory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import Malformed, UsageError
from reconciler.files import AS_UMASK, write_over
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.enrol import enrol, members_at, server_fingerprint
from reconciler.manifest.scaffold import host_manifest
from reconciler.model.names import NAME_RULE, is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.model.world import Identity, Member

_ADDRESS = re.compile(r"[][A-Za-z0-9.:_%-]{1,253}:[0-9]{1,5}")
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who is about to be taken in: the fingerprint is what the server showed, for a person to compare."""

    name: str
    """Of the host; where a cluster answers, of the cluster, whose members are hosts under names of their own."""
    url: str
    fingerprint: str
    location: str
    project: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Who was taken in: the inventory entry of each host."""

    entries: tuple[Path, ...]
    members: tuple[str, ...] = ()
    """LXD's names of the members, where it is a cluster."""


def fetch_identity(settings: Settings, name: str, url: str, location: str, project: str) -> Enrolment:
    """Read the certificate a server shows, trusting nothing. Raises ``UsageError`` or a ``HostError``."""
    if not is_name(name):
        raise UsageError(f"{name!r} is not a name: {NAME_RULE}", hint="unsandbox hosts add URL --name NAME")
    _free([_entry(settings, name)])
    return Enrolment(name, url, server_fingerprint(url), location, project)


def add(settings: Settings, enrolment: Enrolment, secret: str) -> Taken:
    """Have the host trust our certificate, then write its inventory entry, of a cluster one for each member.

    Raises ``UsageError`` or a ``HostError``; then no entry was written.
    """
    certificate = load_or_make(settings.config_dir)
    identity = enrol(enrolment.url, enrolment.fingerprint, certificate, secret)
    if not identity.clustered:
        return Taken(_write({_entry(settings, enrolment.name): _text(enrolment, enrolment.name, enrolment.url)}))
    members = members_at(enrolment.url, enrolment.fingerprint, certificate)
    texts = {_entry(settings, name): text for name, text in _entries(enrolment, identity, members).items()}
    _free(texts)
    return Taken(_write(texts), tuple(member.name for member in members))


def _entries(enrolment: Enrolment, identity: Identity, members: tuple[Member, ...]) -> dict[str, str]:
    """Host -> text, of each member. The one that answered keeps the address that it was reached at."""
    found: dict[str, str] = {}
    for member in members:
        if not _MEMBER.fullmatch(member.name) or not _ADDRESS.fullmatch(member.address):
            raise Malformed(f"{enrolment.url}: it tells of a member {member.name!r} at {member.address!r}, which cannot be")
        name = member.name.partition(".")[0].lower()
        if not is_name(name) or name in found:
            why = "its first part names another member too" if name in found else NAME_RULE
            hint = f"write an entry for each member, with cluster: {{name: {enrolment.name}, member: ...}} in its spec"
            raise UsageError(f"no host can be named after member {member.name!r} of {enrolment.name}: {why}", hint=hint)
        address = enrolment.url if member.name == identity.server_name else f"https://{member.address}"
        found[name] = _text(enrolment, name, address, member.name)
    return found


def _text(enrolment: Enrolment, name: str, address: str, member: str = "") -> str:
    return host_manifest(
        name=name,
        address=address,
        fingerprint=enrolment.fingerprint,
        location=enrolment.location,
        project=enrolment.project,
        cluster=(enrolment.name, member) if member else None,
    )


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """All of them or none."""
    written: list[Path] = []
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_over(path, text, mode=AS_UMASK)
        except OSError as error:
            for other in written:
                other.unlink(missing_ok=True)
            told = f"{path} cannot be written, though the host trusts us: {error.strerror}"
            raise UsageError(told, hint=f"ls -ld {path.parent}") from error
        written.append(path)
    return tuple(written)


def _free(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            there = path.exists()
        except OSError as error:
            raise UsageError(f"{path} cannot be looked for: {error.strerror}", hint=f"ls -ld {path.parent}") from error
        if there:
            raise UsageError(f"host {path.stem} is in the inventory already: {path}; nothing was written", hint="unsandbox hosts")


def _entry(settings: Settings, name: str) -> Path:
    return settings.root / "inventory" / f"{name}.yaml"
