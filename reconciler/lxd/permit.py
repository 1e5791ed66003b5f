"""Permits: what a door may send beyond GET and HEAD. Whoever only looks has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.engine.lease import READING
from reconciler.errors import Refused
from reconciler.model.rules import ask

if TYPE_CHECKING:
    from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD"})
PROTECTED = "security.protection.delete"


class Permit(Protocol):
    """Asked right before each request that may change something."""

    @property
    def term(self) -> str:
        """Of the lease behind it; "" where none is."""
        ...

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:
        """Raises ``LeaseHeld``, ``Refused`` or a ``HostError`` where the request must not be sent."""
        ...


class Narrow:
    """A permit without a lease, for a few requests of one purpose: a method and the beginning of a path each."""

    term = ""

    def __init__(self, purpose: str, requests: tuple[tuple[str, str], ...]) -> None:
        self._purpose = purpose
        self._requests = requests

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:  # noqa: ARG002 - what it is for is listed whole
        """Raises ``Refused`` (P15) for anything else."""
        fits = any(method == allowed and path.startswith(begin) for allowed, begin in self._requests)
        _ask(method, path, self._purpose, fits=fits)


class Within:
    """A few requests of one purpose, and those only while another permit, such as a lease, allows them."""

    def __init__(self, permit: Permit, purpose: str, requests: tuple[tuple[str, str], ...]) -> None:
        self._permit = permit
        self._narrow = Narrow(purpose, requests)

    @property
    def term(self) -> str:
        """Of the lease behind it."""
        return self._permit.term

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:
        """Raises ``Refused`` (P15) for anything else, or what the other permit raises."""
        self._narrow.check(method, path, destructive=destructive)
        self._permit.check(method, path, destructive=destructive, body=body)


ENROLMENT = Narrow("enrolment", (("POST", "/1.0/certificates"),))
"""Giving a host our certificate: the one change outside a lease, for before it nothing could be leased."""
LEASING = Narrow(
    "its lease",
    (("POST", "/1.0/profiles?"), ("PUT", "/1.0/profiles/lease-"), ("DELETE", "/1.0/profiles/lease-"), ("POST", "/1.0/projects")),
)
"""What a lease is made of, and the project that it lies in."""


def allow(permit: Permit | None, method: str, path: str, body: object) -> None:
    """Whether the request may be sent. Raises ``Refused`` (P15) without a permit, or what the permit raises."""
    if method in SAFE:
        return
    if permit is None:
        _ask(method, path, None, fits=False)
        return
    permit.check(method, path, destructive=destructive(method, body), body=body)


def destructive(method: str, body: object) -> bool:
    """Whether the request ends something: a DELETE, a stop by force, a restore over what is there, or protection that goes."""
    if method == "DELETE":
        return True
    if not isinstance(body, dict):
        return False
    config: Mapping[str, object] = body.get("config") or {}
    return bool(body.get("action") == "stop" and body.get("force")) or "restore" in body or config.get(PROTECTED) in {"", "false"}


def _ask(method: str, path: str, purpose: str | None, *, fits: bool) -> None:
    no = ask(READING, "unsandbox plan", f"{method} {path.partition('?')[0]}", purpose, fits=fits)
    if no is not None:
        told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
        raise Refused(f"{no.cause} ({told})", hint=no.unblock, rule=READING.code)
