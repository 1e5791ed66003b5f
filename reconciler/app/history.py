"""Reading the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.model.names import Ref
    from reconciler.model.records import Intent
    from reconciler.store.verify import Soundness


def entries(settings: Settings, ref: Ref | None, limit: int) -> tuple[Intent, ...]:
    """The newest ``limit`` intents, newest first, of one reference or of all."""
    with Journal(settings.state_dir / FILE_NAME) as journal:
        return journal.entries(str(ref) if ref else None, limit)


def verify(settings: Settings, kept: str) -> Soundness:
    """Hold the journal's chain and tables against each other, and against ``kept``, a head's hash from before ("" for none)."""
    with Journal(settings.state_dir / FILE_NAME) as journal:
        return journal.verify(kept)
