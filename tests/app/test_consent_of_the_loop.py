"""A policy that switches approval off is not taken at its word by a process that nobody attends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.app.loop.consent import as_strict_as_applied
from reconciler.model.records import Applied, Ledger
from reconciler.model.resources import Approval
from tests.engine.worlds import build

ASKED, NOT_ASKED = Applied("c", "i", "t", approval=True), Applied("c", "i", "t", approval=False)


@pytest.mark.parametrize(
    ("declared", "applied", "in_force"),
    [
        (Approval.OFF, ASKED, Approval.REQUIRED),
        (Approval.OFF, NOT_ASKED, Approval.OFF),
        (Approval.OFF, None, Approval.OFF),
        (Approval.REQUIRED, NOT_ASKED, Approval.REQUIRED),
        (Approval.REQUIRED, ASKED, Approval.REQUIRED),
    ],
)
def test_switching_off_waits_for_a_person(declared: Approval, applied: Applied | None, in_force: Approval) -> None:
    desired, _, _ = build({})
    desired = replace(desired, policy=replace(desired.policy, approval=declared))
    assert as_strict_as_applied(desired, Ledger(applied=applied)).policy.approval is in_force
