"""Who asks for what: a caller, where the call came from, and the request itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.names import Ref


class Method(StrEnum):
    """What a request may ask to be done with one service or session."""

    READ = "read"
    CREATE = "create"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    LOCK = "lock"
    UNLOCK = "unlock"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Caller:
    """Either a key or a person at a terminal, never both.

    ``container`` is the uuid of the instance that the call came from; "" where it certainly came from none, None where that is not known.
    """

    key: str = ""
    """Public id, ``unsb-pk-...``, of which the signature was checked."""
    operator: str = ""
    """A person, as ``name@machine``."""
    container: str | None = None

    @property
    def name(self) -> str:
        """As the journal writes it; ``nobody`` where there is neither key nor operator."""
        return self.key or self.operator or "nobody"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``method`` is as asked for: not every text is a ``Method``. ``body_digest`` is the SHA-256 of the body; "" without one."""

    caller: Caller
    method: str
    ref: Ref
    body_digest: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key may say of a service or session that it asks for. Limits come from the key's tier, the place from the scheduler."""

    image: str
    network: str = "zerotrust"
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Values are secrets."""
    ports: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    script: str = field(default="", repr=False)
    """Bootstrap, as text: a path could name any file of the repository."""
    shell: str = ""
    ttl: int = 0
    """Of a session: seconds, 0 means no end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. ``power`` is running, frozen or hibernated; "" where nothing is there (yet)."""

    method: str
    ref: Ref
    host: str
    uuid: str
    power: str
    note: str = ""
