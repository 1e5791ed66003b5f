"""Projects, and who uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake.answers import Answer, Refused, check_etag, etag_of, sync
from tests.fake.rows import texts
from tests.fake.state import FEATURES, new_project, path_of

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.state import Project, State


class Projects:
    """The requests under ``/1.0/projects``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _found(self, request: Request) -> Project:
        found = self._state.projects.get(request.parts[1])
        if found is None:
            raise Refused(404, "Project not found")
        return found

    def listed(self, request: Request) -> Answer:
        """Paths or rows."""
        found = [self._state.projects[name] for name in sorted(self._state.projects)]
        return sync([self._row(project) for project in found] if request.deep else [f"/1.0/projects/{project.name}" for project in found])

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        found = self._found(request)
        return sync(self._row(found), etag_of(found.config, found.description))

    def _row(self, project: Project) -> dict[str, Any]:
        return {"config": dict(project.config), "description": project.description, "name": project.name, "used_by": users(project)}

    def make(self, request: Request) -> Answer:
        """POST. Features that are not told are on, but networks."""
        body = request.json()
        name = str(body.get("name", ""))
        if not name:
            raise Refused(400, "No name provided")
        if name in self._state.projects:
            told = f'Failed creating project "{name}": Failed adding database record: This "projects" entry already exists'
            raise Refused(409, told)
        config = {**dict.fromkeys(FEATURES[:3], "true"), **texts(body.get("config"))}
        self._state.projects[name] = new_project(name, config)
        self._state.projects[name].description = str(body.get("description", ""))
        return sync(location=f"/1.0/projects/{name}")

    def put(self, request: Request) -> Answer:
        """The whole. A feature that is left out would be switched, which LXD refuses of a project that holds anything."""
        found = self._found(request)
        check_etag(request, etag_of(found.config, found.description))
        body = request.json()
        config = texts(body.get("config"))
        switched = [key for key in FEATURES if found.config.get(key) != config.get(key)]
        if switched and _holds(found):
            raise Refused(400, f'Project feature "{switched[0]}" cannot be enabled on non-empty projects')
        found.config, found.description = config, str(body.get("description", ""))
        return sync({})

    def delete(self, request: Request) -> Answer:
        """Empty ones only."""
        found = self._found(request)
        if found.name == "default":
            raise Refused(403, "The 'default' project cannot be deleted")
        if _holds(found):
            raise Refused(500, "Only empty projects can be removed")
        del self._state.projects[found.name]
        return sync({})


def _holds(project: Project) -> bool:
    return bool(project.instances or project.images or project.profiles.keys() - {"default"})


def users(project: Project) -> list[str]:
    """Who uses it: instances, profiles and images; of snapshots LXD 5.0.2 tells nothing here."""
    return [
        *(path_of("instances", name, project.name) for name in sorted(project.instances)),
        *(path_of("profiles", name, project.name) for name in sorted(project.profiles)),
        *(path_of("images", name, project.name) for name in sorted(project.images)),
    ]
