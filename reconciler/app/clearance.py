"""Whether a plan may be carried out: the rules about plans, with what the journal and the approvals know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.approval_files import redeem_file
from reconciler.app.approvals import binding_of, redeem
from reconciler.app.clock import now
from reconciler.app.planning import TOOL
from reconciler.engine.consent import needs_approval
from reconciler.engine.refuse.plans import PlanQuestion
from reconciler.engine.table.plans import PLAN_RULES, STALE
from reconciler.errors import Refused, StalePlan
from reconciler.model.rules import ask

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.engine.refuse.plans import Saved
    from reconciler.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person says beside the plan."""

    saved: Saved | None = None
    exact: bool = False
    uncommitted: bool = False
    """Whether text that is in no commit may be applied."""
    approval: Path | None = None
    """A signed approval file, for runs that nobody attends."""
    shown: bool = False
    """Whether a person saw the plan and said yes to that one."""
    approver: str = ""
    """Who approved the very request that the plan carries out; that approval was used up for it already."""


def check(made: Made, terms: Terms, journal: Journal | None, *, approved_by: str = "") -> None:
    """Ask every rule about the plan. Raises ``StalePlan`` or ``Refused`` with the code, the evidence and the next command."""
    saved = terms.saved
    question = PlanQuestion(
        plan=made.plan,
        tool=TOOL,
        at=now(),
        origin=made.desired.origin,
        saved=saved,
        used=journal.plan_used(saved.id) if journal and saved else False,
        exact=terms.exact,
        needs=needs_of(made),
        approved_by=approved_by,
    )
    for rule in PLAN_RULES:
        if (rule.code == "D08" and terms.uncommitted) or (rule.code == "A30" and journal is None):
            continue
        no = ask(rule, "unsandbox plan", question)
        if no is not None:
            told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
            message = f"{no.cause} ({told})"
            raise (
                StalePlan(f"{rule.code}: {message}", hint=no.unblock)
                if rule.code in STALE
                else Refused(message, hint=no.unblock, rule=rule.code)
            )


def needs_of(made: Made) -> tuple[str, ...]:
    """What in the plan needs a person."""
    return needs_approval(made.plan, made.desired.policy, made.ledger.applied)


def approve(made: Made, terms: Terms, settings: Settings, journal: Journal) -> str:
    """Who approved the plan, using the approval up; "" where it needs none. Raises ``Refused`` where nobody did.

    Asked last: an approval is used up only by a plan that every other rule allows.
    """
    if not needs_of(made):
        check(made, terms, journal)
        return ""
    if terms.approver:
        check(made, terms, journal, approved_by=terms.approver)
        return terms.approver
    check(made, terms, journal, approved_by="(asked next)")
    # By what is carried out, never by what the file says: a file edited around its id would be approved for less than it does.
    binding = binding_of(made.plan, terms.saved.id if terms.saved else "")
    approved = redeem_file(settings, terms.approval, binding) if terms.approval else redeem(settings, binding)
    by = approved.by if approved else ""
    check(made, terms, journal, approved_by=by)
    return by
