"""Somebody else on the same LXD, between two requests of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.lxd.connect import Door
from tests.lxd.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.daemon import Daemon

OURS = "?project=" + PROJECT
PROFILE = "shared"


class Meddled(Door):
    """A door that lets ``meddle`` happen just before the request number ``at``, counted from 1 since ``meet`` was called."""

    at = 0
    meddle: Callable[[], object] | None = None
    number = 0

    def meet(self, at: int, meddle: Callable[[], object]) -> None:
        """Count from here."""
        self.at, self.meddle, self.number = at, meddle, 0

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        self.number += 1
        if self.number == self.at and self.meddle is not None:
            self.meddle()
        return super().send(method, path, body, **given)


class Bystander:
    """What one may do to an instance, by name. ``new_name`` is where it went when it was renamed."""

    def __init__(self, lxd: Daemon, name: str) -> None:
        self._lxd = lxd
        self._name = name
        self.new_name = f"{name}-moved"

    def adopts(self) -> None:
        """Another owner's mark."""
        self._patch({"user.unsandbox.owner": "another"})

    def edits(self) -> None:
        """Another limit."""
        self._patch({"limits.memory": "65MiB"})

    def locks(self) -> None:
        """A lock of ours, which LXD knows nothing of."""
        self._patch({"user.unsandbox.locked": "true"})

    def protects(self) -> None:
        """LXD's own protection and nothing else: the tombstone stays."""
        self._patch({"security.protection.delete": "true"})

    def changes_the_profile(self) -> None:
        """A key in the profile that it shares with others."""
        self._lxd.query("PATCH", f"/1.0/profiles/{PROFILE}{OURS}", {"config": {"limits.processes": "99"}})

    def restores(self) -> None:
        """An older state of it, in which it had another config."""
        self._lxd.query("PUT", self._path(), {"restore": "older"})

    def restores_the_same(self) -> None:
        """A state of it in which all that LXD tells was as it is."""
        self._lxd.query("PUT", self._path(), {"restore": "same"})

    def starts(self) -> None:
        """Run it."""
        self._lxd.query("PUT", self._path("/state"), {"action": "start"})

    def stops(self) -> None:
        """Stop it, whatever is in its memory."""
        self._lxd.query("PUT", self._path("/state"), {"action": "stop", "force": True})

    def renames(self) -> None:
        """Only what is at rest can be renamed."""
        self._lxd.query("POST", self._path(), {"name": self.new_name})

    def deletes(self) -> None:
        """Whether it is protected or not, running or not."""
        if self._lxd.query("GET", self._path())["status"] != "Stopped":
            self.stops()
        self._patch({"security.protection.delete": "false"})
        self._lxd.query("DELETE", self._path())

    def recreates(self) -> None:
        """One of the same name with all that the first one had but its uuid."""
        found = self._lxd.query("GET", self._path())
        config = {key: value for key, value in found["config"].items() if not key.startswith(("volatile.", "image."))}
        image = found["config"]["volatile.base_image"]
        self.deletes()
        body = {
            "name": self._name,
            "source": {"type": "image", "fingerprint": image},
            "config": config,
            "devices": found["devices"],
            "profiles": found["profiles"],
        }
        self._lxd.query("POST", f"/1.0/instances{OURS}", body)
        if found["status"] == "Running":
            self.starts()

    def _path(self, more: str = "") -> str:
        return f"/1.0/instances/{self._name}{more}{OURS}"

    def _patch(self, config: dict[str, str]) -> None:
        self._lxd.query("PATCH", self._path(), {"config": config})
