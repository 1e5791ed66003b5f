"""Instances: listed, made, written, renamed, deleted."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fake import rows
from tests.fake.answers import Answer, Refused, check_etag, compact, listed, sync
from tests.fake.events import stamp
from tests.fake.state import POOL, Instance, path_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake.answers import Request
    from tests.fake.operations import Operations
    from tests.fake.state import Project, State

PROTECTED = "security.protection.delete"
TAKEN = 'Failed creating instance record: Add instance info to the database: This "instances" entry already exists'


class Instances:
    """The requests under ``/1.0/instances`` but state, files and exec."""

    def __init__(self, state: State, operations: Operations) -> None:
        self._state = state
        self._operations = operations

    def found(self, request: Request) -> tuple[Project, Instance]:
        """The instance that the path names. A project that is not there is no other answer to LXD than an instance that is not."""
        project = self._state.projects.get(request.project)
        if project is None or request.parts[1] not in project.instances:
            raise Refused(404, "Instance not found")
        return project, project.instances[request.parts[1]]

    def profiles(self, request: Request) -> Mapping[str, dict[str, Any]]:
        """The profiles that instances of the project use."""
        return self._state.home(request, "profiles").profiles

    def listed(self, request: Request) -> Answer:
        """Paths or rows. Of a project that is not there LXD 5.0.2 tells an empty list, with 200."""
        project = self._state.projects.get(request.project)
        if project is None:
            return sync([])
        found = [project.instances[name] for name in sorted(project.instances)]
        if request.deep and self._state.keeps:
            return self._kept(project, self.profiles(request), found)
        if request.deep:
            profiles = self.profiles(request)
            return sync([rows.row(item, project, profiles) for item in found])
        return sync([path_of("instances", item.name, project.name) for item in found])

    def _kept(self, project: Project, profiles: Mapping[str, dict[str, Any]], found: list[Instance]) -> Answer:
        """The same list, of which only rows that were written to are made anew."""
        for item in found:
            if item.name not in project.kept:
                project.kept[item.name] = compact(rows.row(item, project, profiles))
        return listed([project.kept[item.name] for item in found])

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        project, item = self.found(request)
        profiles = self.profiles(request)
        return sync(rows.row(item, project, profiles), rows.etag(item, profiles))

    def make(self, request: Request) -> Answer:
        """POST: from an image, or a copy."""
        body, project = request.json(), self._project(request)
        name = str(body.get("name", ""))
        if not rows.NAME.match(name):
            raise Refused(400, "Invalid instance name: Name can only contain alphanumeric and hyphen characters")
        given = body.get("profiles")
        names = ["default"] if given is None else [str(each) for each in given]
        rows.check_profiles(names, self.profiles(request), 500, 'Requested profile "{}" doesn\'t exist')
        source = body.get("source") or {}
        if source.get("type") == "copy":
            return self._copy(request, project, name, str(source.get("source", "")))

        def work() -> Mapping[str, object] | None:
            made = self._recorded(request, project, name, body, names)
            if not self._state.pace.create:
                self._unpack(made)
            return {"create_instance_from_image_unpack_progress": "Unpack: 100%"}

        if not self._state.pace.create:
            return self._operations.start(request, "Creating instance", [name], work)
        return self._slowly(request, project, name, body, names)

    def _slowly(self, request: Request, project: Project, name: str, body: Mapping[str, Any], names: list[str]) -> Answer:
        """The row comes first and the end of unpacking after it, as on the real one."""
        failed: Refused | None = None
        made: Instance | None = None
        try:
            made = self._recorded(request, project, name, body, names)
        except Refused as refused:
            failed = refused

        def work() -> Mapping[str, object] | None:
            if failed or made is None:
                raise failed or Refused(500, "no record")
            self._unpack(made)
            return None

        return self._operations.start(request, "Creating instance", [name], work, self._state.pace.create)

    def _project(self, request: Request) -> Project:
        try:
            return self._state.project(request)
        except Refused as refused:
            raise Refused(404, f"Failed loading project: {refused.text}") from refused

    def _recorded(self, request: Request, project: Project, name: str, body: Mapping[str, Any], names: list[str]) -> Instance:
        source = body.get("source") or {}
        images = self._state.home(request, "images")
        alias = images.aliases.get(str(source.get("alias", "")))
        image = images.images.get(str(alias["target"]) if alias else str(source.get("fingerprint", "")))
        if image is None:
            raise Refused(400, "Image not provided for instance creation")
        config, devices = rows.texts(body.get("config")), rows.devices(body.get("devices"))
        rows.check_config(config, "Failed creating instance record: ")
        if name in project.instances:
            raise Refused(400, TAKEN)
        given = rows.born(image["fingerprint"], image["properties"], generations=self._state.generations)
        location = next(iter(self._state.members), "none")
        made = Instance(name, {**given, **config}, devices, names, bool(body.get("ephemeral")), stamp(), location=location, settled=False)
        project.instances[name] = made
        self._created(project, made)
        return made

    def _created(self, project: Project, made: Instance) -> None:
        pool = made.devices.get("root", {}).get("pool", POOL)
        self._tell("created", project.name, made, {"storage-pool": pool, "type": "container"})

    def _tell(self, what: str, project: str, item: Instance, context: Mapping[str, object] | None = None) -> None:
        """LXD 5.0.2 tells nobody's name with these."""
        self._state.events.lifecycle(f"instance-{what}", ("instances", item.name), project, context=context, location=item.location)

    def _unpack(self, made: Instance) -> None:
        made.config["volatile.apply_template"] = "create"
        made.settled = True

    def _copy(self, request: Request, project: Project, name: str, of: str) -> Answer:
        """A copy has all config but what says who it is, and the snapshots too."""
        source = project.instances.get(of)
        if source is None:
            raise Refused(404, "Instance not found")

        def work() -> None:
            if name in project.instances:
                raise Refused(400, TAKEN)
            config = {key: value for key, value in source.config.items() if not key.startswith(("volatile.uuid", "volatile.last_state."))}
            config |= {**rows.identity(generations=self._state.generations), "volatile.apply_template": "copy"}
            project.instances[name] = Instance(
                name,
                config,
                deepcopy(source.devices),
                list(source.profiles),
                source.ephemeral,
                stamp(),
                location=source.location,
                snapshots=deepcopy(source.snapshots),
            )
            self._created(project, project.instances[name])

        return self._operations.start(request, "Creating instance", [name, of], work, self._state.pace.create)

    def put(self, request: Request) -> Answer:
        """The whole object, or ``restore`` of a snapshot: an operation. The ETag is held against it when the request comes, no later."""
        _, item = self.found(request)
        body, profiles = request.json(), self.profiles(request)
        check_etag(request, rows.etag(item, profiles))
        if body.get("restore"):
            name = str(body["restore"])
            return self._operations.start(request, "Restoring snapshot", [item.name], lambda: self._restore(request, item, name))
        names = list(body.get("profiles") or [])
        rows.check_profiles(names, profiles, 404, "Profile not found")
        config, devices = rows.texts(body.get("config")), rows.devices(body.get("devices"))

        def work() -> None:
            self._write(item, config, devices)
            item.profiles, item.description = names, str(body.get("description", ""))
            self._tell("updated", request.project, item)

        return self._operations.start(request, "Updating instance", [item.name], work, self._state.pace.update)

    def patch(self, request: Request) -> Answer:
        """What is named and nothing else, at once. A value of "" takes a key away."""
        _, item = self.found(request)
        body, profiles = request.json(), self.profiles(request)
        check_etag(request, rows.etag(item, profiles))
        names = list(body["profiles"]) if body.get("profiles") is not None else item.profiles
        rows.check_profiles(names, profiles, 404, "Profile not found")
        merged = {**item.config, **{str(key): str(text) for key, text in (body.get("config") or {}).items()}}
        try:
            self._write(item, rows.texts(merged), {**item.devices, **rows.devices(body.get("devices"))})
        except Refused as refused:
            raise Refused(500, refused.text) from refused
        item.profiles = names
        item.description = str(body.get("description", item.description))
        self._tell("updated", request.project, item)
        return sync({})

    def _write(self, item: Instance, config: dict[str, str], devices: dict[str, dict[str, str]]) -> None:
        rows.check_config(config, "Invalid config: ")
        if any(key.startswith("volatile.idmap") and key not in config for key in item.config):
            raise Refused(400, "Volatile idmap keys can't be deleted by the user")
        item.config, item.devices = config, devices

    def _restore(self, request: Request, item: Instance, name: str) -> None:
        snapshot = item.snapshots.get(name)
        if snapshot is None:
            raise Refused(404, "Snapshot not found")
        identity = {key: value for key, value in item.config.items() if key == "volatile.uuid"}
        item.config = {**snapshot["config"], **identity}
        item.devices = deepcopy(snapshot["devices"])
        if self._state.generations:
            item.config["volatile.uuid.generation"] = rows.identity(generations=True)["volatile.uuid"]
        self._tell("restored", request.project, item, {"snapshot": f"{item.name}/{name}"})

    def rename(self, request: Request) -> Answer:
        """POST on one: another name, the same uuid."""
        project, item = self.found(request)
        name = str(request.json().get("name", ""))
        if name in project.instances:
            raise Refused(409, f'Name "{name}" already in use')

        def work() -> None:
            if item.status != "Stopped":
                raise Refused(400, "Renaming of running container not allowed")
            del project.instances[item.name]
            old, item.name = item.name, name
            item.config["volatile.apply_template"] = "rename"
            project.instances[name] = item
            self._tell("renamed", project.name, item, {"old_name": old})

        return self._operations.start(request, "Renaming instance", [item.name], work)

    def delete(self, request: Request) -> Answer:
        """Refused at once while it runs or is frozen; protection is found out by the operation."""
        project, item = self.found(request)
        if item.status != "Stopped":
            raise Refused(400, "Instance is running")

        def work() -> None:
            if item.config.get(PROTECTED) == "true":
                raise Refused(400, "Container is protected")
            if project.instances.get(item.name) is not item:
                raise Refused(404, "Instance not found")
            del project.instances[item.name]
            self._tell("deleted", project.name, item)

        return self._operations.start(request, "Deleting instance", [item.name], work, self._state.pace.delete)
