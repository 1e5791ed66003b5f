"""Writing down what a pass certified, for the passes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.engine.certify import Withheld, certification

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from reconciler.engine.certify import Index
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed
    from reconciler.store.journal import Journal


def certify(  # noqa: PLR0913, PLR0917 - what a pass writes down, and all that keeps it from it
    journal: Journal,
    observed: Observed,
    desired: Desired,
    refused_hosts: AbstractSet[str],
    refused_refs: AbstractSet[str],
    pending: AbstractSet[str] = frozenset(),
    worked: AbstractSet[str] = frozenset(),
    index: Index | None = None,
) -> None:
    """Write down each host that was seen in full; a pass that saw nothing new writes nothing.

    ``refused_hosts`` are those that a refusal is about as a whole, ``refused_refs`` (``Kind/name``) the objects that one is about,
    ``pending`` those that the pass is yet to change, ``worked`` those that it made or wrote to. ``index``: of the whole fleet,
    if there is one. To be called by the writer only, before the first step and after the last. Raises ``StateError``.
    """
    withheld = Withheld(refused_hosts, refused_refs, pending, worked)
    for record in certification(observed, desired, journal.known(), withheld, index):
        journal.certify(record.host, record.objects, record.gone, at=stamp())
