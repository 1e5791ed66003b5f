"""Claims, pools and terms for tests about cells."""

from __future__ import annotations

from reconciler.model.execute import Cell, Claim, ClaimState, Terms
from reconciler.model.names import Kind, Ref, cell_ref
from reconciler.model.resources import Pool
from tests.bench.worlds import SOURCE

AT = 1_000_000.0
OWNER = "a" * 16
OTHER = "b" * 16
TERMS = Terms(runs=5, idle=60, lease=900)


def cell(slot: int = 0, uuid: str = "") -> Cell:
    ref = cell_ref("py", slot)
    return Cell(uuid or f"uuid-py-{slot}", ref, "h1", f"cell-{ref.name}")


def claim(state: ClaimState = ClaimState.RUNNING, slot: int = 0, turn: int = 1, until: float = 60.0) -> Claim:
    return Claim(cell(slot), 7 + slot, OWNER, state, "p1", AT, AT + until, turn)


def pool(minimum: int = 2, maximum: int = 20) -> Pool:
    return Pool(Ref(Kind.POOL, "py"), minimum, maximum, SOURCE, terms=TERMS)
