"""What a rule of access is asked: a request, and what is known of its object and of the place it came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.names import Kind
from reconciler.model.rules import Rule
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from reconciler.model.records import Applied
    from reconciler.model.resources import Desired, Key, Workload
    from reconciler.model.tenancy import Method, Request
    from reconciler.model.world import Instance, Observed

KINDS = frozenset({Kind.SERVICE, Kind.SESSION})
"""What requests are about; the rest belongs to the operators."""


@dataclass(frozen=True)
class Subject:
    """The request with the world around it.

    ``approver`` is the person whose code was used up for this very request, or "". ``applied`` is what was applied last.
    """

    request: Request
    desired: Desired
    observed: Observed
    approver: str = ""
    applied: Applied | None = None

    @cached_property
    def rows(self) -> tuple[tuple[str, Instance], ...]:
        """Every (host, instance) that is marked as the object."""
        ref, env = self.request.ref, self.desired.policy.environment
        if ref.kind not in KINDS:
            return ()
        return tuple(
            (host, row)
            for host, view in sorted(self.observed.hosts.items())
            for row in view.instances
            if marks.stands_for(row.config, env) == str(ref)
        )

    @cached_property
    def declared(self) -> Workload | None:
        """What the manifests say of it."""
        return next((item for item in self.desired.workloads if item.ref == self.request.ref and item.ref.kind in KINDS), None)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Every key with the caller's public id; another number than one is nobody."""
        return tuple(key for key in self.desired.keys if key.public_id == self.request.caller.key)

    @property
    def key(self) -> Key:
        """The caller's key. Raises ``ValueError`` unless there is exactly one."""
        (key,) = self.keys
        return key

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """Names of keys that object and manifest name as the owner, sorted; "" among them where one of them names none."""
        told = {row.config.get(marks.OWNER, "") for _, row in self.rows}
        return tuple(sorted(told | ({self.declared.owner} if self.declared else set())))

    @cached_property
    def blind(self) -> tuple[str, ...]:
        """Hosts that were not seen in full."""
        return tuple(name for name, view in sorted(self.observed.hosts.items()) if view.grade is not Grade.COMPLETE)

    @cached_property
    def place(self) -> tuple[Instance, ...]:
        """Every instance with the uuid of the container that the call came from."""
        uuid = self.request.caller.container
        return tuple(row for view in self.observed.hosts.values() for row in view.instances if uuid and row.uuid == uuid)

    def forebears(self, name: str) -> tuple[str, ...]:
        """Names of the keys that key ``name`` was made from, the nearest first."""
        parents = {key.ref.name: key.parent for key in self.desired.keys}
        line: list[str] = []
        while (name := parents.get(name, "")) and name not in line:
            line.append(name)
        return tuple(line)


@dataclass(frozen=True, slots=True)
class AccessRule(Rule[[Subject]]):
    """A rule of access. ``methods`` are those it is asked about; empty means every one, also one that is not known.

    ``status`` is the HTTP status of its no.

    ``hidden``: a stranger may not tell this no from one of another hidden rule, so none of them tells more than the others.
    """

    methods: frozenset[Method] = frozenset()
    status: int = 403
    hidden: bool = False
