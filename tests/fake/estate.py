"""A repository whose hosts are fakes, driven through the use cases as the command drives them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from reconciler.app.apply import apply
from reconciler.app.planning import make
from reconciler.app.settings import Settings
from reconciler.model import marks
from tests.fake.fake import Fake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from reconciler.app.events import Report
    from reconciler.app.planning import Made
    from reconciler.model.changes import Refusal

PROJECT = "unsandbox"
IN_PROJECT = f"?project={PROJECT}"
ENVIRONMENT = "test"
IMAGE = "b" * 64
SHARED = Path("/dev/shm")  # noqa: S108 - a folder in memory: a journal that is synced at each step is otherwise most of a test
FLEET = {
    "destroys": 20,
    "destroyShare": 1.0,
    "destroysPerHour": 1000,
    "destroysPerHost": 1000,
    "destroysPerOwner": 1000,
    "replacesPerHour": 1000,
    "freezesPerHour": 1000,
    "flaps": 1000,
    "failures": 1000,
}
"""Limits that no test comes near, where a test is not about limits."""

HEAD = "apiVersion: unsandbox/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
BASE = (
    ("Tier", "small", "{vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 64}"),
    ("Key", "team", "{publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: small}"),
    ("Image", "starter", f"{{alias: starter, fingerprint: {IMAGE}}}"),
)


@dataclass
class Estate:
    """Fakes, and the repository that declares what is on them. ``services``: name -> what its spec says beyond owner and image."""

    count: int = 1
    limits: Mapping[str, object] = field(default_factory=lambda: dict(FLEET))
    grace: str = "0s"
    host: str = ""
    """What the spec of every host says beyond the rest, in flow form."""
    read_timeout: float = 2.0
    services: dict[str, str] = field(default_factory=dict)
    pools: dict[str, str] = field(default_factory=dict)
    fakes: list[Fake] = field(default_factory=list)

    def __enter__(self) -> Self:
        # The path of a socket may have 107 characters.
        self._folder = TemporaryDirectory(prefix="estate-", dir=SHARED if SHARED.is_dir() else None)
        self.root = Path(self._folder.name)
        self.fakes = [Fake(self.root / f"h{number}", f"h{number}").listen() for number in range(1, self.count + 1)]
        self.settings = Settings(
            self.root, self.root / ".unsandbox", self.root / "config", read_timeout=self.read_timeout, actor="tester@lab", parallel=4
        )
        for fake in self.fakes:
            self._prepare(fake)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for fake in self.fakes:
            fake.close()
        self._folder.cleanup()

    def _prepare(self, fake: Fake) -> None:
        """The project with an image: whatever else our foundation has is made by the first apply."""
        features = ("images", "profiles", "storage.volumes")
        config = {**{f"features.{name}": "true" for name in features}, "features.networks": "false", marks.ENV: ENVIRONMENT}
        fake.query("POST", "/1.0/projects", {"name": PROJECT, "config": config})
        fake.hold_image(IMAGE, PROJECT)
        tail = f", {self.host}" if self.host else ""
        spec = f"{{address: 'unix:{fake.socket}', fingerprint: {fake.fingerprint}, location: lab{tail}}}"
        self._write(f"inventory/{fake.name}.yaml", ("Host", fake.name, spec))

    def _write(self, path: str, *documents: tuple[str, str, str]) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("---\n".join(HEAD.format(kind=kind, name=name, spec=spec) for kind, name, spec in documents))

    def write(self) -> None:
        """Bring the manifests to what is wanted."""
        limits = ", ".join(f"{key}: {value}" for key, value in self.limits.items())
        grace = f"{{services: {self.grace}, sessions: {self.grace}, cells: {self.grace}}}"
        policy = f"{{environment: {ENVIRONMENT}, approval: 'off', forceStop: true, limits: {{{limits}}}, grace: {grace}}}"
        services = [
            ("Service", name, f"{{owner: team, image: starter{', ' + spec if spec else ''}}}") for name, spec in self.services.items()
        ]
        pools = [("Pool", name, f"{{image: starter, tier: small, {spec}}}") for name, spec in self.pools.items()]
        self._write("manifests/all.yaml", *BASE, ("Policy", "fleet", policy), *services, *pools)

    def plan(self) -> Made:
        """Write, look, decide."""
        self.write()
        return make(self.settings)

    def carry_out(self, made: Made) -> Report:
        """Do what a plan says."""
        return apply(made, self.settings, lambda _event: None, threading.Event())

    def apply(self) -> Report:
        """Both."""
        return self.carry_out(self.plan())

    def rows(self, fake: Fake | None = None) -> dict[str, dict[str, Any]]:
        """Every instance of our project as it truly is, by name."""
        found = (fake or self.fakes[0]).query("GET", f"/1.0/instances{IN_PROJECT}&recursion=1")
        return {row["name"]: row for row in found}


def codes(refusals: tuple[Refusal, ...]) -> set[str]:
    """Codes of refusals."""
    return {refusal.code for refusal in refusals}
