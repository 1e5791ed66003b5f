"""Looking at a host: four requests, then what they say of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.errors import NotFound
from reconciler.lxd import convert
from reconciler.model.world import Grade, HostView, Instance, ProjectView

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.lxd.connect import Door


def look(door: Door, at: datetime) -> HostView:
    """One graded look. ``GET /1.0`` was made when the door was opened. Raises a ``HostError`` where nothing can be seen."""
    identity = convert.identity(door.metadata, door.host.fingerprint)
    try:
        project = convert.project(door.get(door.path("projects", door.host.project, project=False)))
    except NotFound:
        return HostView(door.host.name, Grade.COMPLETE, (), at, identity, None)
    rows = convert.rows(door.get(door.path("instances", recursion="1")))
    operations = convert.operations(door.get(door.path("operations", recursion="1")))
    instances, doubtful = sort_rows(rows, project)
    why = tuple(f"{name}: {reason}" for name, reason in sorted(doubtful.items()))
    return HostView(
        host=door.host.name,
        grade=Grade.PARTIAL if why else Grade.COMPLETE,
        why=why,
        seen_at=at,
        identity=identity,
        project=project,
        instances=instances,
        doubtful=doubtful,
        operations=operations,
    )


def sort_rows(rows: list[dict[str, Any]], project: ProjectView) -> tuple[tuple[Instance, ...], dict[str, str]]:
    """Rows that can be believed, and names that cannot: hollow, twice in the list, or in one list and not in the other."""
    doubtful: dict[str, str] = {}
    found: dict[str, Instance] = {}
    for row in rows:
        name = str(row.get("name", ""))
        if convert.is_hollow(row):
            doubtful[name] = f"its row has status {row.get('status')} and not the config that every instance has"
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
    """One instance; None where it is certainly absent."""
    try:
        return convert.instance(door.get(door.path("instances", name)))
    except NotFound:
        return None
