"""What somebody changed past the manifests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.names import Ref


@dataclass(frozen=True, slots=True)
class Drift:
    """One field that differs though what declares it is as it was applied. Values are masked and fit to show."""

    ref: Ref
    host: str
    path: str
    """A field, ``power``, or ``instance`` where all of it is gone."""
    declared: str
    found: str
    event: str = ""
    """What LXD told of it, such as ``instance-updated``; "" where nothing that fits was heard."""
    who: str = ""
    """Whom LXD names; "" where it names nobody, which LXD 5.0 does for all but changes of power."""
    when: str = ""
    """The host's own time (ISO 8601)."""

    @property
    def text(self) -> str:
        """The whole as one line."""
        parts = (self.event, f"by {self.who}" if self.who else "", f"at {self.when}" if self.when else "")
        told = f"; {' '.join(part for part in parts if part)}" if self.event else ""
        return f"{self.ref} on {self.host}: {self.path} is {self.found}, declared {self.declared}{told}"
