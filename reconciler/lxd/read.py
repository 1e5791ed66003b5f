"""Looking at a host: a handful of requests, then what they say of one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.errors import Conflict, NotFound, Rejected, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.rows import NOTHING, digest, read_rows, sort_rows
from reconciler.model.world import Grade, HostView, Identity, Instance, ProjectView, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from reconciler.lxd.connect import Door
    from reconciler.model.world import Member, Operation

    Clock = Callable[[], datetime]
    """Our clock, in UTC."""

NO_TIME = "it does not tell its time"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one look was told, before anything is made of it. ``project`` None: there is none, and nothing more was asked."""

    identity: Identity
    project: ProjectView | None
    members: tuple[Member, ...]
    of_project: bytes = b""
    """Digest of what was told of the project."""
    listed: Told = NOTHING
    operations: tuple[Operation, ...] = ()
    skew: float | None = 0.0


def hear(door: Door, now: Clock, before: HostView | None = None) -> Heard:
    """Ask what a look needs. ``GET /1.0`` was made when the door was opened; a cluster costs one request more. Raises a ``HostError``."""
    identity = _identity(door)
    told = (before.told if before is not None else None) or NOTHING
    try:
        project, of_project = _project(door, before)
    except NotFound:
        return Heard(identity, None, _members(door, identity))
    listed, skew = _listed(door, now, told)
    operations = convert.operations(door.get(door.path("operations", recursion="1")))
    return Heard(identity, project, _members(door, identity), of_project, listed, operations, skew)


def look(door: Door, now: Clock, before: HostView | None = None) -> HostView:
    """One graded look at a host that stands alone.

    ``before`` is an earlier look at the same host: what is told again, word by word, is the same object as there.
    Raises a ``HostError`` where nothing can be seen, ``WrongIdentity`` where the host gives another name than it must.
    """
    heard = hear(door, now, before)
    project, listed, members, skew = heard.project, heard.listed, heard.members, heard.skew
    if project is None:
        return HostView(door.host.name, Grade.COMPLETE, (), now(), heard.identity, None, members=members)
    told = (before.told if before is not None else None) or NOTHING
    if before is not None and listed is told and told.project == heard.of_project and members == before.members:
        instances, doubtful, volumes = before.instances, before.doubtful, before.volumes
    else:
        instances, doubtful = sort_rows(listed.rows, project.names, _away(members))
        volumes = frozenset[tuple[str, str]]().union(*{row.volumes for row in listed.rows})
    why = (*_cluster_doubts(members), *(f"{name}: {reason}" for name, reason in sorted(doubtful.items())))
    if skew is None:
        why = (NO_TIME, *why)
    return HostView(
        host=door.host.name,
        grade=Grade.PARTIAL if why else Grade.COMPLETE,
        why=why,
        seen_at=now(),
        identity=heard.identity,
        project=project,
        instances=instances,
        doubtful=doubtful,
        operations=heard.operations,
        skew=skew or 0.0,
        members=members,
        volumes=volumes,
        told=replace(listed, project=heard.of_project),
    )


def _identity(door: Door) -> Identity:
    identity = convert.identity(door.metadata, door.host.fingerprint)
    wanted = door.host.server_name
    if wanted and identity.server_name != wanted:
        raise WrongIdentity(
            f"{door.host.name}: it calls itself {identity.server_name or 'nothing'}, the inventory says {wanted}",
            hint=f"if it was renamed on purpose: edit {door.host.source} (server_name)",
        )
    return identity


def _project(door: Door, before: HostView | None = None) -> tuple[ProjectView, bytes]:
    """The project, and the digest of what was told of it. What was known of snapshots was known of another moment: it is left out."""
    response = door.send("GET", door.path("projects", door.host.project, project=False))
    of_project = digest(response.content)
    if before is not None and before.told is not None and before.told.project == of_project and before.project is not None:
        return before.project if before.project.snapshots is None else replace(before.project, snapshots=None), of_project
    return convert.project(metadata_of(response, door.host.name)), of_project


def _listed(door: Door, now: Clock, told: Told) -> tuple[Told, float | None]:
    """The list of instances, and by how much the host's clock is ahead."""
    before = now()
    response = door.send("GET", door.path("instances", recursion="1"))
    middle = before + (now() - before) / 2
    skew, whole = convert.skew(response.headers.get("Date", ""), middle), digest(response.content)
    if whole == told.whole:
        return told, skew
    return Told(b"", whole, read_rows(response.content, lambda: metadata_of(response, door.host.name), told)), skew


def _away(members: tuple[Member, ...]) -> dict[str, str]:
    return {member.name: member.status for member in members if not member.online}


def snapshots(door: Door, volumes: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Instance name -> its snapshots, by ``HostView.volumes``: one request a pool. Raises a ``HostError``.

    Neither the project nor the rows tell of snapshots; the volumes of the pools do. Of a name that is not there nothing is known.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pool, kind in sorted(volumes):
        try:
            found |= convert.snapshots(door.get(door.path("storage-pools", pool, "volumes", kind)))
        except NotFound:
            continue
    return found


def _members(door: Door, identity: Identity) -> tuple[Member, ...]:
    if not identity.clustered:
        return ()
    return convert.members(door.get(door.path("cluster", "members", project=False, recursion="1")))


def _cluster_doubts(members: tuple[Member, ...]) -> tuple[str, ...]:
    return tuple(f"cluster member {member.name} is {member.status}" for member in members if not member.online)


def instance(door: Door, name: str) -> Instance | None:
    """One instance; None where it is certainly absent: LXD says so, and the project is visible and does not know the name.

    Raises ``Rejected`` (O16) where the project cannot be seen, ``Conflict`` (O05) where the two answers differ.
    """
    try:
        return convert.instance(door.get(door.path("instances", name)))
    except NotFound:
        pass
    try:
        project, _ = _project(door)
    except NotFound as error:
        raise Rejected(
            f"{door.host.name}: O16: project {door.host.project} is absent or not visible to us, so nothing in it is known to be gone",
            hint="unsandbox hosts",
        ) from error
    if name in project.names:
        raise Conflict(f"{door.host.name}: O05: the project uses {name} and LXD does not find it; look again")
    return None


def daemon_process(door: Door) -> int:
    """Process id of the host's LXD, 0 where it does not tell; another than in ``Identity.process`` means that it was restarted."""
    metadata: Mapping[str, Any] = door.get("/1.0")
    return convert.process(metadata)
