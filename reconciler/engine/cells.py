"""Whether a cell is free, claimed or spent: by its row among the claims, and by the mark on it. What says that it is in use prevails."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.execute import ClaimState, is_spent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.execute import Claim
    from reconciler.model.world import Instance

    Claims = Mapping[str, Claim]


class Standing(StrEnum):
    """``free``: nobody has or had it. ``claimed``: somebody may run in it. ``spent``: nobody runs in it any more."""

    FREE = "free"
    CLAIMED = "claimed"
    SPENT = "spent"


def standing(found: Instance, claims: Claims) -> Standing:
    """Of one cell. A row is newer than the mark, which is written after it."""
    row = claims.get(found.uuid)
    if row is not None:
        return Standing.SPENT if row.state is ClaimState.SPENT else Standing.CLAIMED
    mark = found.config.get(marks.CLAIM)
    if mark is None:
        return Standing.FREE
    return Standing.SPENT if is_spent(mark) else Standing.CLAIMED


def turned(before: Claims, claims: Claims) -> frozenset[str]:
    """Uuids of the cells whose claim is another than before."""
    if before is claims:
        return frozenset()
    return frozenset(uuid for uuid in before.keys() | claims.keys() if before.get(uuid) != claims.get(uuid))
