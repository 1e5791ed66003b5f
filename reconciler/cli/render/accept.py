"""A refusal before and after it is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.render.plan import refusal_document, refusal_lines

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.app.accept import Proposal
    from reconciler.cli.render.screen import Line


def proposal_lines(proposal: Proposal) -> list[Line]:
    """What would be accepted, with both values, and what else is refused for the same."""
    lines = refusal_lines(proposal.refusals)
    if proposal.others:
        refs = ", ".join(refusal.ref for refusal in proposal.others)
        lines.append(((f"  refused for the same evidence, and not accepted with it (--alike): {refs}", "dim"),))
    if proposal.binding:
        lines.append((("  accepting it lets something be destroyed, so it takes the one-time code of a person", "warn"),))
    return lines


def accepted_lines(proposal: Proposal, until: datetime) -> list[Line]:
    """What was accepted and for how long."""
    refs = ", ".join(refusal.ref for refusal in proposal.refusals)
    text = (
        f"Accepted {proposal.refusals[0].code} for {refs} until {until.isoformat(timespec='seconds')}, while the evidence stays the same."
    )
    return [((text, "good"),), (("Next: unsandbox plan", ""),)]


def accepted_document(proposal: Proposal, until: datetime) -> dict[str, object]:
    """The same as JSON values."""
    return {
        "accepted": [refusal_document(refusal) for refusal in proposal.refusals],
        "until": until.isoformat(timespec="milliseconds"),
    }
