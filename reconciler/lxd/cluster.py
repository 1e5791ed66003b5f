"""Looking at a cluster: one look at whichever member answers, told apart into a view for each member.

A member that is not online is unseen: LXD gives its instances as rows without config, which are its names and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.lxd import convert
from reconciler.lxd.read import NO_TIME, Heard, hear
from reconciler.lxd.rows import sort_rows
from reconciler.model.world import Grade, HostView, unseen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from reconciler.lxd.connect import Door
    from reconciler.lxd.read import Clock
    from reconciler.model.cluster import Cluster
    from reconciler.model.world import Identity, Instance, Member, ToldRow

AWAY = "F06"
"""Code of a member that is not online, or that the cluster does not have."""
ANOTHER = "O02"
"""Code of an LXD that is in no cluster where the inventory says that it is."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the cluster's list says, by the member that it lies on."""

    sound: tuple[Instance, ...]
    doubtful: Mapping[str, str]
    places: Mapping[str, frozenset[str]]
    """Name -> members on which a row of it lies."""
    raw: tuple[ToldRow, ...]

    def doubts(self, member: str) -> dict[str, str]:
        """Names in doubt that lie on ``member``, or of which it is not told where they lie."""
        return {name: why for name, why in self.doubtful.items() if not self.places.get(name) or member in self.places[name]}


def look_at_members(door: Door, now: Clock) -> tuple[HostView, ...]:
    """A graded view of each member that the inventory names, and of each other one that the cluster has, as ``cluster/member``.

    The requests are those of one host. Raises a ``HostError`` where nothing can be seen.
    """
    heard, cluster = hear(door, now), door.host.cluster
    if cluster is None or not heard.identity.clustered:
        name = cluster.name if cluster else ""
        told = f"LXD at {door.address} is in no cluster, the inventory says {name}"
        return tuple(unseen(host, told, now(), ANOTHER, name) for _, host in cluster.members) if cluster else ()
    there = {member.name: member for member in heard.members}
    rows = _sorted(heard, there.keys())
    declared = dict(cluster.members)
    named = [_view(declared[name], name, there.get(name), heard, rows, cluster, now) for name in declared]
    others = (_view(f"{cluster.name}/{name}", name, there[name], heard, rows, cluster, now) for name in there.keys() - declared.keys())
    return tuple(sorted((*named, *map(_undeclared, others)), key=lambda view: view.host))


def _sorted(heard: Heard, known: AbstractSet[str]) -> _Rows:
    listed = heard.listed.rows
    sound, doubtful = sort_rows(listed, heard.project.names, {}) if heard.project else ((), {})
    places: dict[str, frozenset[str]] = {}
    for told in listed:
        if told.location in known:
            places[told.name] = places.get(told.name, frozenset()) | {told.location}
    # What lies on no member of the cluster lies nowhere that we know: it is nobody's, and a doubt for all.
    lost = {row.name: f"its row says that it is on {row.location or 'no member'}" for row in sound if row.name not in places}
    return _Rows(tuple(row for row in sound if row.name in places), {**doubtful, **lost}, places, listed)


def _view(  # noqa: PLR0913, PLR0917 - what one look told, and whose part of it this is
    host: str, name: str, member: Member | None, heard: Heard, rows: _Rows, cluster: Cluster, now: Clock
) -> HostView:
    if member is None:
        has = ", ".join(other.name for other in heard.members) or "none"
        told = f"cluster {cluster.name} has no member {name}; it has {has}"
        return replace(unseen(host, told, now(), AWAY, cluster.name), members=heard.members)
    if not member.online:
        told = f"member {name} of cluster {cluster.name} is {member.status}"
        away = unseen(host, told, now(), AWAY, cluster.name)
        on_it = sorted(each for each, places in rows.places.items() if name in places)
        return replace(away, members=heard.members, doubtful=dict.fromkeys(on_it, f"it is on {name}, which is {member.status}"))
    doubtful = rows.doubts(name)
    why = tuple(f"{each}: {reason}" for each, reason in sorted(doubtful.items()))
    if heard.skew is None:
        why = (NO_TIME, *why)
    return HostView(
        host=host,
        grade=Grade.PARTIAL if why else Grade.COMPLETE,
        why=why,
        seen_at=now(),
        identity=_identity(heard, name),
        project=heard.project,
        instances=tuple(row for row in rows.sound if row.location == name),
        doubtful=doubtful,
        operations=heard.operations,
        skew=heard.skew or 0.0,
        members=heard.members,
        cluster=cluster.name,
        volumes=frozenset[tuple[str, str]]().union(*(row.volumes for row in rows.raw if row.location == name)),
    )


def _identity(heard: Heard, name: str) -> Identity:
    """Of a member: any other may have answered for it. The addresses are those of all, whoever that was."""
    addresses = tuple(sorted(member.address for member in heard.members if member.address))
    return replace(heard.identity, server_name=name, addresses=addresses)


def api_addresses(door: Door) -> tuple[str, ...]:
    """Where the API of the door's host listens, of a cluster of each member, for one request more. Raises a ``HostError``."""
    if door.host.cluster is None:
        return convert.identity(door.metadata, door.host.fingerprint).addresses
    members = convert.members(door.get(door.path("cluster", "members", project=False, recursion="1")))
    return tuple(sorted(member.address for member in members if member.address))


def _undeclared(view: HostView) -> HostView:
    """What lives there lives, and nothing is certified or decided by it: nobody declared the member."""
    if view.grade is Grade.UNSEEN:
        return view
    return replace(view, grade=Grade.PARTIAL, why=("this member of the cluster is not in the inventory", *view.why))
