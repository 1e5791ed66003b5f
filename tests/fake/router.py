"""From a request to what answers it. The truth: what lies is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake.answers import Answer, Refused, refusal
from tests.fake.ground import Acls, Networks, Pools
from tests.fake.images import Images
from tests.fake.info import Info
from tests.fake.inside import Inside
from tests.fake.instances import Instances
from tests.fake.operations import Operations
from tests.fake.power import Power
from tests.fake.profiles import Profiles
from tests.fake.projects import Projects
from tests.fake.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake.answers import Request
    from tests.fake.certificate import Certificate
    from tests.fake.state import State

    Handler = Callable[[Request], Answer]
    Table = dict[tuple[str, tuple[str, ...]], Handler]

ANY = "*"


class Router:
    """One table: method and path, with ``*`` for a name, to the handler."""

    def __init__(self, state: State, certificate: Certificate) -> None:
        self._state = state
        self.operations = Operations(state)
        self.instances = Instances(state, self.operations)
        self.inside = Inside(state, self.instances, self.operations)
        self._table = self._rows(certificate)

    def _rows(self, certificate: Certificate) -> Table:
        state, told = self._state, {}
        info, images = Info(state, certificate), Images(state, self.operations)
        for lines in (
            {("GET", "events"): lambda request: state.events.open(request, state.projects)},
            _of_server(info),
            _of_operations(self.operations),
            _of_instances(self.instances, Power(state, self.instances, self.operations), self.inside),
            _of_snapshots(Snapshots(state, self.instances, self.operations)),
            _of_images(images),
            _of_profiles(Profiles(state), Projects(state)),
            _of_ground(Pools(state), Networks(state), Acls(state)),
        ):
            told.update({(method, tuple(path.split("/")) if path else ()): handler for (method, path), handler in lines.items()})
        return told

    def answer(self, request: Request) -> Answer:
        """The truth. Whatever the handler refuses becomes LXD's error."""
        handler = self._handler(request)
        if handler is None:
            return refusal(404, "not found")
        if not request.trusted and (request.method != "GET" or request.parts):
            return refusal(403, "not authorized")
        try:
            if request.parts[2:] == ("wait",):
                return handler(request)  # it waits, and must not do so under the lock
            with self._state.lock:
                answer = handler(request)
                if request.method != "GET" and self._state.keeps:
                    self._state.written(request.project, request.parts[1:2] if request.parts[0] == "instances" else None)
                return answer
        except Refused as refused:
            return refusal(refused.status, refused.text)

    def _handler(self, request: Request) -> Handler | None:
        for (method, pattern), handler in self._table.items():
            if method == request.method and _fits(pattern, request.parts):
                return handler
        return None


def _fits(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    return len(pattern) == len(parts) and all(want in {ANY, part} for want, part in zip(pattern, parts, strict=True))


Lines = dict[tuple[str, str], "Handler"]


def _of_server(info: Info) -> Lines:
    return {
        ("GET", ""): info.server,
        ("GET", "certificates"): info.certificates,
        ("POST", "certificates"): info.trust,
        ("GET", "certificates/*"): info.certificate,
        ("DELETE", "certificates/*"): info.distrust,
        ("GET", "warnings"): info.warnings,
        ("GET", "cluster"): info.cluster,
        ("GET", "cluster/members"): info.members,
    }


def _of_operations(operations: Operations) -> Lines:
    return {
        ("GET", "operations"): operations.listed,
        ("GET", "operations/*"): operations.one,
        ("GET", "operations/*/wait"): operations.waited,
    }


def _of_instances(instances: Instances, power: Power, inside: Inside) -> Lines:
    return {
        ("GET", "instances"): instances.listed,
        ("POST", "instances"): instances.make,
        ("GET", "instances/*"): instances.one,
        ("PUT", "instances/*"): instances.put,
        ("PATCH", "instances/*"): instances.patch,
        ("POST", "instances/*"): instances.rename,
        ("DELETE", "instances/*"): instances.delete,
        ("GET", "instances/*/state"): power.told,
        ("PUT", "instances/*/state"): power.put,
        ("POST", "instances/*/files"): inside.push,
        ("GET", "instances/*/files"): inside.pull,
        ("POST", "instances/*/exec"): inside.run,
    }


def _of_snapshots(snapshots: Snapshots) -> Lines:
    return {
        ("GET", "instances/*/snapshots"): snapshots.listed,
        ("POST", "instances/*/snapshots"): snapshots.make,
        ("GET", "instances/*/snapshots/*"): snapshots.one,
        ("DELETE", "instances/*/snapshots/*"): snapshots.delete,
        ("GET", "storage-pools/*/volumes"): snapshots.volumes,
        ("GET", "storage-pools/*/volumes/*"): snapshots.volumes,
    }


def _of_images(images: Images) -> Lines:
    return {
        ("GET", "images"): images.listed,
        ("POST", "images"): images.take,
        ("GET", "images/aliases"): images.aliases,
        ("POST", "images/aliases"): images.name,
        ("GET", "images/aliases/*"): images.alias,
        ("PUT", "images/aliases/*"): images.point,
        ("DELETE", "images/aliases/*"): images.unname,
        ("GET", "images/*"): images.one,
        ("PATCH", "images/*"): images.patch,
        ("DELETE", "images/*"): images.delete,
        ("GET", "images/*/export"): images.export,
    }


def _of_profiles(profiles: Profiles, projects: Projects) -> Lines:
    return {
        ("GET", "profiles"): profiles.listed,
        ("POST", "profiles"): profiles.make,
        ("GET", "profiles/*"): profiles.one,
        ("PUT", "profiles/*"): profiles.put,
        ("PATCH", "profiles/*"): profiles.patch,
        ("DELETE", "profiles/*"): profiles.delete,
        ("GET", "projects"): projects.listed,
        ("POST", "projects"): projects.make,
        ("GET", "projects/*"): projects.one,
        ("PUT", "projects/*"): projects.put,
        ("DELETE", "projects/*"): projects.delete,
    }


def _of_ground(pools: Pools, networks: Networks, acls: Acls) -> Lines:
    return {
        ("GET", "storage-pools"): pools.listed,
        ("POST", "storage-pools"): pools.make,
        ("GET", "storage-pools/*"): pools.one,
        ("GET", "storage-pools/*/resources"): pools.resources,
        ("GET", "networks"): networks.listed,
        ("POST", "networks"): networks.make,
        ("GET", "networks/*"): networks.one,
        ("PUT", "networks/*"): networks.put,
        ("DELETE", "networks/*"): networks.delete,
        ("GET", "network-acls"): acls.listed,
        ("POST", "network-acls"): acls.make,
        ("GET", "network-acls/*"): acls.one,
        ("PUT", "network-acls/*"): acls.put,
        ("DELETE", "network-acls/*"): acls.delete,
    }
