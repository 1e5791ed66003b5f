"""Profiles. Making one under a name is atomic: of several at once exactly one wins, which leases are built on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake import rows
from tests.fake.answers import Answer, Refused, check_etag, etag_of, sync
from tests.fake.state import path_of

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.state import Project, State


class Profiles:
    """The requests under ``/1.0/profiles``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _home(self, request: Request) -> Project:
        try:
            return self._state.home(request, "profiles")
        except Refused as refused:
            raise Refused(404, f'Failed loading project "{request.project}": {refused.text}') from refused

    def _found(self, request: Request) -> tuple[Project, str, dict[str, Any]]:
        home, name = self._home(request), request.parts[1]
        if name not in home.profiles:
            raise Refused(404, "Profile not found")
        return home, name, home.profiles[name]

    def _users(self, home: Project, name: str) -> list[str]:
        sharing = [project for project in self._state.projects.values() if project is home or not project.has("profiles")]
        return [
            path_of("instances", item.name, project.name)
            for project in sharing
            for item in project.instances.values()
            if name in item.profiles
        ]

    def _row(self, home: Project, name: str) -> dict[str, Any]:
        return {**home.profiles[name], "name": name, "used_by": self._users(home, name)}

    def _tell(self, what: str, home: Project, name: str, request: Request) -> None:
        self._state.events.lifecycle(f"profile-{what}", ("profiles", name), home.name, by=request.requestor)

    def listed(self, request: Request) -> Answer:
        """Paths or rows."""
        home = self._home(request)
        if request.deep:
            return sync([self._row(home, name) for name in sorted(home.profiles)])
        return sync([path_of("profiles", name, home.name) for name in sorted(home.profiles)])

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        try:
            home, name, found = self._found(request)
        except Refused as refused:
            raise Refused(404, f"Fetch profile: {refused.text}" if refused.text.startswith("Profile") else refused.text) from refused
        return sync(self._row(home, name), etag_of(found))

    def make(self, request: Request) -> Answer:
        """POST. The second of a name gets 500 and "already exists" from LXD 5.0.2; newer ones say 409."""
        home, body = self._home(request), request.json()
        name = str(body.get("name", ""))
        if not name:
            raise Refused(400, "No name provided")
        if "/" in name:
            raise Refused(400, "Profile names may not contain slashes")
        made = _content(body)
        rows.check_config(made["config"], "")
        if name in home.profiles:
            raise Refused(500, f'Error inserting "{name}" into database: The profile already exists')
        home.profiles[name] = made
        self._tell("created", home, name, request)
        return sync(location=path_of("profiles", name, home.name))

    def put(self, request: Request) -> Answer:
        """The whole."""
        home, name, found = self._found(request)
        check_etag(request, etag_of(found))
        home.profiles[name] = _content(request.json())
        self._tell("updated", home, name, request)
        return sync({})

    def patch(self, request: Request) -> Answer:
        """What is named."""
        home, name, found = self._found(request)
        check_etag(request, etag_of(found))
        body = request.json()
        config = rows.texts({**found["config"], **(body.get("config") or {})})
        devices = {**found["devices"], **rows.devices(body.get("devices"))}
        home.profiles[name] = {"config": config, "devices": devices, "description": body.get("description", found["description"])}
        self._tell("updated", home, name, request)
        return sync({})

    def delete(self, request: Request) -> Answer:
        """Not while it is used."""
        home, name, _ = self._found(request)
        if name == "default":
            raise Refused(403, 'The "default" profile cannot be deleted')
        if self._users(home, name):
            raise Refused(500, "Profile is currently in use")
        del home.profiles[name]
        self._tell("deleted", home, name, request)
        return sync({})


def _content(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "config": rows.texts(body.get("config")),
        "devices": rows.devices(body.get("devices")),
        "description": str(body.get("description", "")),
    }
