"""A policy that switches approval off is not taken at its word by a process that nobody attends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.app.approvals import binding_of
from reconciler.app.clock import now
from reconciler.app.loop.consent import Consent, as_strict_as_applied
from reconciler.app.planning import decide
from reconciler.app.settings import Settings
from reconciler.engine.select import Scope
from reconciler.model.changes import Action, Reason
from reconciler.model.plan import PlannedAction
from reconciler.model.records import Applied, Ledger
from reconciler.model.resources import Approval
from tests.app.test_approvals import Desk
from tests.engine.worlds import build

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.planning import Made

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


def test_a_yes_covers_nothing_that_moved_since_nor_what_stands_beside_it(tmp_path: Path) -> None:
    """Of two that were approved together one was changed by somebody before they were ended: nobody approved to end what it is then."""
    settings = Settings(tmp_path, tmp_path, tmp_path)
    asked = _made(_ends("one", "as it was"), _ends("two", "as it was"))
    desk = Desk(settings, time=now() - timedelta(minutes=2))
    desk.enrol("anna")
    desk.wait(30)
    desk.approve(binding_of(asked.plan), "anna")
    consent = Consent(settings)
    consent.look(asked)
    assert [consent.allows(asked, action) for action in asked.plan.actions] == [True, True]
    assert consent.by(asked) == "anna"

    moved = _made(_ends("one", "as it was"), _ends("two", "otherwise"))
    assert [consent.allows(moved, action) for action in moved.plan.actions] == [True, False]
    assert consent.by(moved) == ""

    other = replace(moved.plan, commit=replace(moved.plan.commit, digest="another text"), actions=asked.plan.actions)
    assert [consent.allows(replace(moved, plan=other), action) for action in other.actions] == [False, False]


def _ends(name: str, fingerprint: str) -> PlannedAction:
    reason = Reason.GRACE_OVER.value
    return PlannedAction(0, Action.DESTROY.value, "Service", name, "h1", f"service-{name}", reason, (), (), (), fingerprint, name, name)


def _made(*actions: PlannedAction) -> Made:
    desired, observed, ledger = build({})
    desired = replace(desired, policy=replace(desired.policy, approval=Approval.REQUIRED))
    made = decide(desired, observed, ledger, Scope())
    return replace(made, plan=replace(made.plan, actions=actions))
