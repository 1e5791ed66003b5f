"""Storage pools, networks and network ACLs, which belong to the daemon and not to a project of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake.answers import Answer, Refused, check_etag, etag_of, sync
from tests.fake.rows import texts

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.state import State

DRIVERS = frozenset({"btrfs", "dir"})
SIZE = 6 << 30
SMALLEST = 1 << 20


class Pools:
    """The requests under ``/1.0/storage-pools``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _row(self, name: str) -> dict[str, Any]:
        return {**self._state.pools[name], "name": name, "used_by": self._users(name), "status": "Created", "locations": ["none"]}

    def _users(self, pool: str) -> list[str]:
        found = []
        for project in self._state.projects.values():
            for item in project.instances.values():
                if any(device.get("pool") == pool for device in item.devices.values()):
                    tail = "" if project.name == "default" else f"?project={project.name}"
                    found.append(f"/1.0/instances/{item.name}{tail}")
                    found += [f"/1.0/instances/{item.name}/snapshots/{name}{tail}" for name in sorted(item.snapshots)]
        return sorted(found)

    def listed(self, request: Request) -> Answer:
        """Paths or rows."""
        names = sorted(self._state.pools)
        return sync([self._row(name) for name in names] if request.deep else [f"/1.0/storage-pools/{name}" for name in names])

    def one(self, request: Request) -> Answer:
        """One."""
        if request.parts[1] not in self._state.pools:
            raise Refused(404, "Storage pool not found")
        found = self._row(request.parts[1])
        return sync(found, etag_of(found["driver"], found["config"], found["description"]))

    def resources(self, request: Request) -> Answer:
        """Bytes."""
        self.one(request)
        return sync({"space": {"used": 9_748_480, "total": SIZE}, "inodes": {"used": 0, "total": 0}})

    def make(self, request: Request) -> Answer:
        """POST."""
        body = request.json()
        name, driver, config = str(body.get("name", "")), str(body.get("driver", "")), texts(body.get("config"))
        if name in self._state.pools:
            raise Refused(409, "The storage pool already exists: The record already exists")
        if driver not in DRIVERS:
            raise Refused(500, "Unknown driver")
        if driver == "btrfs" and config.get("size", str(SIZE)).isdigit() and int(config.get("size", str(SIZE))) < SMALLEST:
            raise Refused(500, "Failed to create the pool: the size is too small for btrfs")
        self._state.pools[name] = {"driver": driver, "config": config, "description": str(body.get("description", ""))}
        return sync(location=f"/1.0/storage-pools/{name}")


class Acls:
    """The requests under ``/1.0/network-acls``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _found(self, request: Request) -> dict[str, Any]:
        if request.parts[1] not in self._state.acls:
            raise Refused(404, "Network ACL not found")
        return self._state.acls[request.parts[1]]

    def _row(self, name: str) -> dict[str, Any]:
        used = [f"/1.0/networks/{network}" for network, row in self._state.networks.items() if name in _acls(row["config"])]
        return {**self._state.acls[name], "name": name, "used_by": used}

    def listed(self, request: Request) -> Answer:
        """Paths or rows."""
        names = sorted(self._state.acls)
        return sync([self._row(name) for name in names] if request.deep else [f"/1.0/network-acls/{name}" for name in names])

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        found = self._found(request)
        return sync(self._row(request.parts[1]), etag_of(found))

    def make(self, request: Request) -> Answer:
        """POST."""
        body = request.json()
        name = str(body.get("name", ""))
        if name in self._state.acls:
            raise Refused(400, "The network ACL already exists")
        self._state.acls[name] = _acl(body)
        return sync(location=f"/1.0/network-acls/{name}")

    def put(self, request: Request) -> Answer:
        """The whole."""
        check_etag(request, etag_of(self._found(request)))
        self._state.acls[request.parts[1]] = _acl(request.json())
        return sync({})

    def delete(self, request: Request) -> Answer:
        """Not while a network uses it."""
        self._found(request)
        if self._row(request.parts[1])["used_by"]:
            raise Refused(500, "Cannot delete an ACL that is in use")
        del self._state.acls[request.parts[1]]
        return sync({})


class Networks:
    """The requests under ``/1.0/networks``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _found(self, request: Request, before: str = "") -> dict[str, Any]:
        if request.parts[1] not in self._state.networks:
            raise Refused(404, f"{before}Network not found")
        return self._state.networks[request.parts[1]]

    def _row(self, name: str) -> dict[str, Any]:
        return {**self._state.networks[name], "name": name, "used_by": [], "managed": True, "status": "Created", "locations": ["none"]}

    def listed(self, request: Request) -> Answer:
        """Paths or rows; the machine's own interfaces are left out."""
        names = sorted(self._state.networks)
        return sync([self._row(name) for name in names] if request.deep else [f"/1.0/networks/{name}" for name in names])

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        found = self._found(request)
        return sync(self._row(request.parts[1]), etag_of(found))

    def make(self, request: Request) -> Answer:
        """POST."""
        body = request.json()
        name, config = str(body.get("name", "")), texts(body.get("config"))
        if name in self._state.networks:
            raise Refused(400, "The network already exists")
        self._check(config)
        self._state.networks[name] = {"type": body.get("type", "bridge"), "config": config, "description": body.get("description", "")}
        return sync(location=f"/1.0/networks/{name}")

    def put(self, request: Request) -> Answer:
        """The whole."""
        found = self._found(request, "Failed loading network: ")
        check_etag(request, etag_of(found))
        config = texts(request.json().get("config"))
        self._check(config)
        found |= {"config": config, "description": str(request.json().get("description", ""))}
        return sync({})

    def _check(self, config: dict[str, str]) -> None:
        for name in _acls(config) - self._state.acls.keys():
            raise Refused(500, f'Network ACL "{name}" does not exist')

    def delete(self, request: Request) -> Answer:
        """Remove it."""
        self._found(request)
        del self._state.networks[request.parts[1]]
        return sync({})


def _acl(body: dict[str, Any]) -> dict[str, Any]:
    rules = {side: list(body.get(side) or []) for side in ("egress", "ingress")}
    return {**rules, "config": texts(body.get("config")), "description": str(body.get("description", ""))}


def _acls(config: dict[str, str]) -> set[str]:
    return {name for name in config.get("security.acls", "").split(",") if name}
