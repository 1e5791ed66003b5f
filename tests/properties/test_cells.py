"""What holds of cells whatever happens to them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.model.execute import Claim, ClaimState
from reconciler.store.jobs import JobsFile
from tests.engine.worlds import decide
from tests.policy.cells import AT, cell

OWNERS = st.sampled_from(["a" * 16, "b" * 16, "c" * 16])
MARKS = st.sampled_from([None, "spent:7", "7:0000000000000000", "key-7"])
STATES = st.sampled_from([None, "running", "kept", "stray", "spent", "ended"])
SLOTS = range(3)


class Cells(RuleBasedStateMachine):
    """Owners, a reconciler and stale values of either, in any order, over a real file."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._file = JobsFile(Path(self._folder.name) / "execute.db")
        self._served: dict[str, set[str]] = {}
        self._values: list[Claim] = []
        self._ended: set[str] = set()

    def teardown(self) -> None:
        self._file.close()
        self._folder.cleanup()

    def _ran(self, claim: Claim | None, owner: str) -> None:
        if claim is not None:
            assert claim.cell.uuid not in self._ended
            assert claim.state is ClaimState.RUNNING
            self._served.setdefault(claim.cell.uuid, set()).add(owner)
            self._values.append(claim)

    @rule(slot=st.sampled_from(SLOTS), owner=OWNERS)
    def claim(self, slot: int, owner: str) -> None:
        self._ran(self._file.claim(cell(slot), owner, "p1", AT, AT + 60), owner)

    @rule(number=st.integers(0, 50))
    def keep(self, number: int) -> None:
        if self._values:
            kept = self._file.keep(self._values[number % len(self._values)], AT + 60)
            self._values += [kept] if kept is not None else []

    @rule(owner=OWNERS, slot=st.sampled_from(SLOTS))
    def resume(self, owner: str, slot: int) -> None:
        found = self._file.found(cell(slot).uuid)
        if found is not None:
            self._ran(self._file.resume(replace(found, owner=owner), "p2", AT, AT + 60), owner)

    @rule(number=st.integers(0, 50))
    def spend(self, number: int) -> None:
        if self._values:
            self._file.spend(self._values[number % len(self._values)], AT, "done")

    @rule(slot=st.sampled_from(SLOTS))
    def end(self, slot: int) -> None:
        at_work = {claim.cell.uuid for claim in self._file.claims() if claim.state is not ClaimState.SPENT}
        if self._file.end(cell(slot), "", AT, "surplus"):
            assert cell(slot).uuid not in at_work
            self._ended.add(cell(slot).uuid)

    @invariant()
    def a_cell_never_serves_two_owners(self) -> None:
        assert all(len(owners) == 1 for owners in self._served.values())


TestCells = Cells.TestCase
TestCells.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(st.integers(0, 3), st.lists(st.tuples(MARKS, STATES), max_size=4), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_claimed_cell_is_never_destroyed(size: int, cells: list[tuple[str | None, str | None]], other: bool, known: bool) -> None:
    rows = [
        {
            "kind": "cell",
            "of": f"py-{slot}",
            "made": {"image": "aa"} if other else {},
            "config": {"user.unsandbox.claim": mark} if mark else {},
        }
        for slot, (mark, _) in enumerate(cells)
    ]
    claims = {f"uuid-py-{slot}": state for slot, (_, state) in enumerate(cells) if state is not None}
    case: dict[str, Any] = {"pools": {"py": {"size": size}}, "hosts": {"h1": {"rows": rows}}, "claims": claims if known else None}
    ended = {action.uuid for action in decide(case)[2].actions if action.action in {"destroy", "replace", "quarantine"}}
    for slot, (mark, state) in enumerate(cells):
        free_by_mark = mark in {None, "spent:7"}
        if not known or state in {"running", "kept", "stray"} or (state is None and not free_by_mark):
            assert f"uuid-py-{slot}" not in ended
