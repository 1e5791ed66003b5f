"""Looking at a host: a handful of requests, then what they say of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.errors import Conflict, NotFound, Rejected, WrongIdentity
from reconciler.lxd import convert
from reconciler.lxd.connect import metadata_of
from reconciler.model.world import Grade, HostView, Identity, Instance, ProjectView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from reconciler.lxd.connect import Door
    from reconciler.model.world import Member

    Clock = Callable[[], datetime]
    """Our clock, in UTC."""

ONLINE = "Online"


def look(door: Door, now: Clock) -> HostView:
    """One graded look. ``GET /1.0`` was made when the door was opened; a cluster costs one request more.

    Raises a ``HostError`` where nothing can be seen, ``WrongIdentity`` where the host gives another name than it must.
    """
    identity = _identity(door)
    try:
        project = _project(door)
    except NotFound:
        return HostView(door.host.name, Grade.COMPLETE, (), now(), identity, None, members=_members(door, identity))
    rows, skew = _rows(door, now)
    operations = convert.operations(door.get(door.path("operations", recursion="1")))
    members = _members(door, identity)
    instances, doubtful = sort_rows(rows, project, members)
    why = (*_cluster_doubts(members), *(f"{name}: {reason}" for name, reason in sorted(doubtful.items())))
    if skew is None:
        why = ("it does not tell its time", *why)
    return HostView(
        host=door.host.name,
        grade=Grade.PARTIAL if why else Grade.COMPLETE,
        why=why,
        seen_at=now(),
        identity=identity,
        project=project,
        instances=instances,
        doubtful=doubtful,
        operations=operations,
        skew=skew or 0.0,
        members=members,
        volumes=convert.root_volumes(rows),
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


def _project(door: Door) -> ProjectView:
    return convert.project(door.get(door.path("projects", door.host.project, project=False)))


def _rows(door: Door, now: Clock) -> tuple[list[dict[str, Any]], float | None]:
    before = now()
    response = door.send("GET", door.path("instances", recursion="1"))
    middle = before + (now() - before) / 2
    return convert.rows(metadata_of(response, door.host.name)), convert.skew(response.headers.get("Date", ""), middle)


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
    return tuple(f"cluster member {member.name} is {member.status}" for member in members if member.status != ONLINE)


def sort_rows(
    rows: list[dict[str, Any]], project: ProjectView, members: tuple[Member, ...] = ()
) -> tuple[tuple[Instance, ...], dict[str, str]]:
    """Rows that can be believed, and names that cannot: hollow, twice in the list, in one list only, or on a member that is away."""
    doubtful: dict[str, str] = {}
    found: dict[str, Instance] = {}
    away = {member.name: member.status for member in members if member.status != ONLINE}
    for row in rows:
        name = str(row.get("name", ""))
        if convert.is_hollow(row):
            doubtful[name] = f"its row has status {row.get('status')} and not the config that every instance has"
        elif row.get("location") in away:
            doubtful[name] = f"it is on cluster member {row['location']}, which is {away[row['location']]}"
        elif name in found:
            doubtful[name] = "two rows carry the name"
        else:
            found[name] = convert.instance(row)
    for name in project.names - found.keys() - doubtful.keys():
        doubtful[name] = "the project uses it and the list of instances has no row for it"
    for name in found.keys() - project.names:
        doubtful[name] = "the list of instances has a row for it and the project does not know it"
    return tuple(found[name] for name in sorted(found) if name not in doubtful), doubtful


def instance(door: Door, name: str) -> Instance | None:
    """One instance; None where it is certainly absent: LXD says so, and the project is visible and does not know the name.

    Raises ``Rejected`` (O16) where the project cannot be seen, ``Conflict`` (O05) where the two answers differ.
    """
    try:
        return convert.instance(door.get(door.path("instances", name)))
    except NotFound:
        pass
    try:
        project = _project(door)
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
