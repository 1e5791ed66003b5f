"""The marks: config keys on every object of ours. Ownership lives there and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.names import Kind, Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "user.unsandbox."
ENV = PREFIX + "env"
KIND = PREFIX + "kind"
NAME = PREFIX + "name"
UID = PREFIX + "uid"
OWNER = PREFIX + "owner"
SPEC = PREFIX + "spec"
COMMIT = PREFIX + "commit"
WRITER = PREFIX + "writer"
CLAIM = PREFIX + "claim"
INTENT = PREFIX + "intent"
BOOTSTRAP = PREFIX + "bootstrap"
"""Digest of the bootstrap that ran to its end. Written after it did, so an absent mark means: has yet to run."""
TOMBSTONE = PREFIX + "tombstone"
"""Id of the plan that may delete the object. Written in the call that drops protection."""
FOUNDATION = PREFIX + "foundation"
"""On the LXD project: digest of the networks, ACLs and pool that were set up with it."""
LABEL = PREFIX + "label."
PORTS = PREFIX + "ports"
DOMAINS = PREFIX + "domains"
LOCKED = PREFIX + "locked"
POWER = PREFIX + "power"
"""Who may change the power state: declared, idle or unmanaged."""
EXPIRES = PREFIX + "ttl"
"""Seconds from creation after which a session ends; absent or 0 means never."""

QUARANTINE = PREFIX + "quarantine"
"""When the object left the manifests and was put to rest: ISO 8601 in UTC. It is destroyed when the policy's grace is over."""
LINEAGE = PREFIX + "lineage"
"""uuids of the containers from which the object was asked for, the outermost first, with commas between; absent means by nobody inside."""
USER_LOCK = PREFIX + "userlock"
"""Who locked it and when, ``key time``: a lock set by its owner through a request, which no manifest takes away."""


_KINDS: dict[str, Kind] = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Marks:
    """The identity that an instance's own config claims."""

    env: str
    ref: Ref
    uid: str
    owner: str


def read_marks(config: Mapping[str, str]) -> Marks | None:
    """The marks in ``config``; None where they are absent or do not name a kind and name of ours."""
    env, kind, name = config.get(ENV), config.get(KIND), config.get(NAME)
    if not env or not kind or not name:
        return None
    known = _KINDS.get(kind)
    if known is None:
        return None
    return Marks(env, Ref(known, name), config.get(UID, ""), config.get(OWNER, ""))


def stands_for(config: Mapping[str, str], env: str) -> str:
    """``Kind/name`` that ``config`` is marked as in environment ``env``; "" where it is not. ``read_marks``, in a hurry."""
    if config.get(ENV) != env:
        return ""
    kind, name = config.get(KIND), config.get(NAME)
    return f"{kind}/{name}" if kind in _KINDS and name else ""
