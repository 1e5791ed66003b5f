"""Whether a cell is free, claimed or spent: by its row among the claims, and by the mark on it. What says that it is in use prevails."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.execute import ClaimState, is_spent, run_mark

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
    """Of one cell. A row is newer than its own mark, which is written after it, and says nothing of a claim that another file tells of."""
    row, mark = claims.get(found.uuid), found.config.get(marks.CLAIM)
    if row is not None and row.state is not ClaimState.SPENT:
        return Standing.CLAIMED
    if mark is None:
        return Standing.FREE if row is None else Standing.SPENT
    ours = row is not None and run_mark(mark) == (row.fence, row.owner)
    return Standing.SPENT if ours or is_spent(mark) else Standing.CLAIMED


def turned(before: Claims, claims: Claims) -> frozenset[str]:
    """Uuids of the cells whose claim is another than before."""
    if before is claims:
        return frozenset()
    return frozenset(uuid for uuid in before.keys() | claims.keys() if before.get(uuid) != claims.get(uuid))
