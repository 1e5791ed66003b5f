"""What a pass leaves for the next to be held against: an unsigned text never becomes the one in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler.app.events import Report
from reconciler.app.planning import decide
from reconciler.app.standing import after_steps
from reconciler.engine.select import Scope
from reconciler.model.records import Applied
from reconciler.store.journal import FILE_NAME, Journal
from tests.bench.worlds import AT
from tests.engine.worlds import build

if TYPE_CHECKING:
    from pathlib import Path

BEFORE: dict[str, Any] = {"commit": "before", "inputs": "", "tool": "unsandbox test", "approval": False, "signatures": True}


@pytest.mark.parametrize("signed", [{"by": ["anna"]}, {"commit": "c0ffee", "flaw": "it has none"}])
def test_a_text_that_changes_nothing_still_has_to_be_signed(tmp_path: Path, signed: dict[str, Any]) -> None:
    made = decide(*build({"origin": {"signed": signed}, "applied": BEFORE}), Scope())
    assert not made.plan.actions, "only the policy differs, which switches signatures off"
    with Journal(tmp_path / FILE_NAME) as journal:
        journal.applied(Applied(**BEFORE), at=AT.isoformat())
        nothing = Report(made.plan.id, (), (), (), made.plan.refusals, made.plan.unseen, stopped=False, elapsed=0.0)
        after_steps(journal, made, nothing, cast("Any", None))
        applied = journal.ledger(AT).applied
    assert applied is not None
    assert (applied.commit, applied.signatures) == (("before", True) if "flaw" in signed else ("c0ffee", False))
