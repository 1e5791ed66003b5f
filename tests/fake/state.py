"""What the daemon knows. Everything is read and written under ``State.lock``."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fake.answers import Refused
from tests.fake.events import Events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fake.answers import Request

EXTENSIONS = (
    "etag",
    "instances",
    "projects",
    "container_protection_delete",
    "container_nic_ipfilter",
    "instance_nic_network",
    "instance_nic_bridged_port_isolation",
    "network_acl",
    "network_bridge_acl",
    "usedby_consistency",
    "event_lifecycle_requestor",
    "clustering",
)
POOL = "unsandbox"
FEATURES = ("features.images", "features.profiles", "features.storage.volumes", "features.storage.buckets")


@dataclass
class Instance:
    """One instance. ``settled`` False while it is being made: its row is there from the first moment."""

    name: str
    config: dict[str, str]
    devices: dict[str, dict[str, str]]
    profiles: list[str]
    ephemeral: bool
    created_at: str
    status: str = "Stopped"
    location: str = "none"
    description: str = ""
    last_used_at: str = "1970-01-01T00:00:00Z"
    settled: bool = True
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Project:
    """One project. What a feature that is off would hold lies in the default project."""

    name: str
    config: dict[str, str]
    description: str = ""
    instances: dict[str, Instance] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    """Instance -> its row as it is sent, where rows are kept."""
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, feature: str) -> bool:
        """Whether it has its own of what the feature is about."""
        return self.config.get(f"features.{feature}") == "true"


@dataclass
class Pace:
    """How long things take, in seconds, and how long an ended operation is remembered."""

    create: float = 0.0
    update: float = 0.0
    power: float = 0.0
    delete: float = 0.0
    forget: float = 5.0


@dataclass
class State:
    """The whole of one daemon."""

    name: str = "fake"
    process: int = 4242
    version: str = "5.0.2"
    extensions: list[str] = field(default_factory=lambda: list(EXTENSIONS))
    generations: bool = False
    """Whether instances have ``volatile.uuid.generation``; LXD 5.0.2 has none."""
    addresses: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    acls: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    """Of a cluster: member -> Online, Offline, Evacuated or Blocked. Empty where it is none."""
    keeps: bool = False
    """Whether rows are kept as they are sent, and made anew only after a request that may change them. No lie can be told of them."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    """Bytes of images."""
    pace: Pace = field(default_factory=Pace)
    events: Events = field(default_factory=Events)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        if not self.projects:
            self.projects["default"] = new_project("default", dict.fromkeys(FEATURES, "true") | {"features.networks": "true"})
        self.pools.setdefault(POOL, {"driver": "btrfs", "config": {"size": "6GiB"}, "description": ""})

    def written(self, project: str, names: Iterable[str] | None) -> None:
        """Rows of ``names`` may be others than they were; None means all of all projects."""
        for found in self.projects.values() if names is None else [self.projects[project]] if project in self.projects else []:
            for name in list(found.kept) if names is None else names:
                found.kept.pop(name, None)

    def project(self, request: Request) -> Project:
        """The project that is asked for."""
        found = self.projects.get(request.project)
        if found is None:
            raise Refused(404, "Project not found")
        return found

    def home(self, request: Request, feature: str) -> Project:
        """Where the project's profiles or images lie."""
        found = self.project(request)
        return found if found.has(feature) else self.projects["default"]


def new_project(name: str, config: dict[str, str]) -> Project:
    """A project with its default profile."""
    told = "Default LXD profile" if name == "default" else f"Default LXD profile for project {name}"
    default: dict[str, Any] = {"config": {}, "devices": {}, "description": told}
    return Project(name, config, profiles={"default": default})


def path_of(noun: str, name: str, project: str = "default") -> str:
    """A path as LXD lists it: the default project is left out."""
    return f"/1.0/{noun}/{name}" + ("" if project == "default" else f"?project={project}")
