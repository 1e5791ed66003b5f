"""Somebody else on the same host: what people and other programs do there, past us."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reconciler.model import marks
from tests.fake.estate import IMAGE, IN_PROJECT
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fake.fake import Fake

ROOT = {"type": "disk", "path": "/", "pool": "unsandbox"}
FORCED = {"force": True, "timeout": 5}
PROTECTED = "security.protection.delete"


class Bystander:
    """Acts on the truth of one host. ``theirs`` are uuids of what they made: none of it is ever ours to touch."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self.theirs: set[str] = set()

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every instance of the project by name."""
        found = self._fake.query("GET", f"/1.0/instances{IN_PROJECT}&recursion=1")
        return {row["name"]: row for row in found}

    def _path(self, name: str, *parts: str) -> str:
        return "/".join(("/1.0/instances", name, *parts)) + IN_PROJECT

    def _made(self, name: str) -> None:
        self.theirs.add(self.rows()[name]["config"]["volatile.uuid"])

    def create(self, name: str, config: Mapping[str, str]) -> None:
        """One of their own, under whatever name and with whatever marks; a name that is taken is left."""
        if name in self.rows():
            return
        source = {"type": "image", "fingerprint": IMAGE}
        body = {"name": name, "profiles": [], "source": source, "config": dict(config), "devices": {"root": ROOT}}
        self._fake.query("POST", f"/1.0/instances{IN_PROJECT}", body)
        self._made(name)

    def copy(self, name: str, to: str) -> None:
        """A copy, with all our marks on it."""
        if name in self.rows() and to not in self.rows():
            self._fake.query("POST", f"/1.0/instances{IN_PROJECT}", {"name": to, "source": {"type": "copy", "source": name}})
            self._made(to)

    def delete(self, name: str) -> None:
        """Whatever it is, protected or not."""
        self._with(name, self._delete)

    def _delete(self, row: Mapping[str, Any]) -> None:
        name = row["name"]
        self._stop(row)
        self._fake.query("PATCH", self._path(name), {"config": {PROTECTED: "false"}})
        self._fake.query("DELETE", self._path(name))
        self.theirs.discard(row["config"]["volatile.uuid"])

    def _stop(self, row: Mapping[str, Any]) -> None:
        if row["status"] != "Stopped":
            self._fake.query("PUT", self._path(row["name"], "state"), {"action": "stop", **FORCED})

    def recreate(self, name: str) -> None:
        """Deleted and made again under the name, with every mark that it had: only the uuid is another."""
        row = self.rows().get(name)
        if row is None:
            return
        self.delete(name)
        self.create(name, {key: value for key, value in row["config"].items() if not key.startswith(("volatile.", "image."))})

    def rename(self, name: str, to: str) -> None:
        """Another name, the same uuid."""

        def act(row: Mapping[str, Any]) -> None:
            self._stop(row)
            self._fake.query("POST", self._path(name), {"name": to})

        self._with(name, act)

    def edit(self, name: str, config: Mapping[str, str]) -> None:
        """Write config keys; "" takes one away."""
        self._with(name, lambda _row: self._fake.query("PATCH", self._path(name), {"config": dict(config)}))

    def claim(self, name: str) -> None:
        """Hand a cell out, as the pool's users do."""
        self.edit(name, {marks.CLAIM: "key-7"})

    def power(self, name: str, verb: str) -> None:
        """Start, stop, freeze or unfreeze."""
        self._with(name, lambda _row: self._fake.query("PUT", self._path(name, "state"), {"action": verb, **FORCED}))

    def snapshot(self, name: str) -> None:
        """Take a snapshot."""
        self._with(name, lambda row: self._fake.query("POST", self._path(name, "snapshots"), {"name": f"s-{row['status'].lower()}"}))

    def restart_daemon(self) -> None:
        """The daemon comes up again as another process."""
        self._fake.state.process += 1

    def _with(self, name: str, act: Callable[[Mapping[str, Any]], object]) -> None:
        """What cannot be done, such as freezing what is stopped, is left undone."""
        row = self.rows().get(name)
        if row is not None:
            with suppress(QueryError):
                act(row)
