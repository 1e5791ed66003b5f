"""What one run of the loop was told on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.engine.lease import TTL
from reconciler.model.modes import Mode
from reconciler.store.retention import Keep


@dataclass(frozen=True, slots=True)
class Options:
    """Times are seconds."""

    git: str = ""
    """URL to follow; "" follows what is in the repository's folder."""
    branch: str = "main"
    interval: float = 30.0
    """Between two fetches."""
    mode: Mode = Mode.ENFORCE
    """For everything, where it is stricter than what the manifests say."""
    full: float = 300.0
    """Between two looks at everything, whatever was heard."""
    uncommitted: bool = False
    """Whether files are taken as they are where the folder is a git checkout; else its commit is."""
    lease_ttl: float = TTL
    drain: float = 30.0
    """How long what is under way may take after the loop was told to stop."""
    keep: Keep = field(default_factory=Keep)
    """How much of the journal stays."""
