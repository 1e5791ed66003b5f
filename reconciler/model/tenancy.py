"""Who asks for what: a caller, where the call came from, and the request itself."""

from __future__ import annotations

from dataclasses import dataclass
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
