"""Accepting a refusal: a person has seen the evidence and takes it as it is, for a while."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.approval_files import redeem_file
from reconciler.app.approvals import approve_binding, redeem
from reconciler.app.catalogue import entry_of
from reconciler.app.clock import now
from reconciler.app.planning import make
from reconciler.app.poke import poke
from reconciler.engine.accept import alike, digest_of, digest_of_all, is_acceptable, needs_approval, of_code, root_of
from reconciler.engine.recover import Verdict, answers
from reconciler.engine.rules import RULES
from reconciler.errors import Refused, UsageError
from reconciler.model.marks import UID
from reconciler.model.records import Known, Outcome
from reconciler.model.resources import Approval
from reconciler.policy.bindings import binding_of_request
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.changes import Refusal
    from reconciler.model.names import Ref
    from reconciler.model.world import Observed

DAY = timedelta(days=1)
LONGEST = timedelta(days=30)
"""What shall hold for longer belongs into a manifest."""
CIRCUIT = "F02"
RENAMED_HOST = "O02"
IDENTITY = frozenset({"I03", "I04", "I05", "I06", "O17", "O18"})
"""Codes that ask whether an instance is the object that it is marked as."""
OPEN_CALLS = frozenset({"P09", "P10"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be accepted, the one that was named first. ``binding``: what an approval of it binds to, "" where none is needed."""

    refusals: tuple[Refusal, ...]
    others: tuple[Refusal, ...]
    """Refused for the same evidence, and not accepted with it."""
    observed: Observed
    binding: str


def propose(settings: Settings, code: str, ref: Ref, *, host: str | None = None, all_alike: bool = False) -> Proposal:
    """Make the plan and find what is refused. Raises ``UsageError`` where nothing is, ``Refused`` where nobody may accept it."""
    named = (entry_of(code).code, str(ref), host)
    return choose(make(settings), settings.actor, named, all_alike=all_alike)


def choose(made: Made, actor: str, named: tuple[str, str, str | None], *, all_alike: bool) -> Proposal:
    """The pure half. ``named``: code, reference, and the host or None."""
    code, ref, _ = named
    refusals = made.plan.refusals
    chosen = root_of(_one(made, *named), refusals)
    if not is_acceptable(chosen, RULES):
        raise Refused(f"{code} is not left to a person to accept: {chosen.cause}", hint=chosen.unblock, rule=code)
    same = alike(chosen, refusals)
    accepted = same if all_alike else same[:1]
    asked = not _waived(made) and any(needs_approval(refusal) for refusal in accepted)
    binding = binding_of_request(actor, f"accept {code}", ref, digest_of_all(accepted)) if asked else ""
    return Proposal(accepted, tuple(item for item in same if item not in accepted), made.observed, binding)


def _waived(made: Made) -> bool:
    """A policy that waives approval counts only where it did so when it was applied last."""
    applied = made.ledger.applied
    return made.desired.policy.approval is Approval.OFF and (applied is None or not applied.approval)


def _one(made: Made, code: str, ref: str, host: str | None) -> Refusal:
    found = of_code(made.plan.refusals, code, ref, host)
    if not found:
        others = sorted({item.code for item in made.plan.refusals if item.ref == ref})
        instead = f"; refused for it: {', '.join(others)}" if others else ""
        where = f" on {host}" if host else ""
        raise UsageError(f"nothing is refused with {code} for {ref}{where}{instead}", hint="unsandbox plan")
    if len({item.host for item in found}) > 1:
        hosts = ", ".join(item.host or "no host" for item in found)
        raise UsageError(f"{code} refuses {ref} on {hosts}", hint=f"unsandbox accept {code} {ref} --host HOST")
    return found[0]


def approve(settings: Settings, proposal: Proposal, approver: str, code: str) -> None:
    """Approve the proposal with a person's one-time code, which ``accept`` then uses up. Raises ``Refused`` or ``StateError``."""
    approve_binding(settings, proposal.binding, approver, code)


def accept(settings: Settings, proposal: Proposal, *, reason: str, life: timedelta = DAY, approval: Path | None = None) -> datetime:
    """Record who accepted it and until when, and give that time back. Raises ``Refused`` where an approval is needed and there is none.

    Accepting F02 closes the circuit; accepting P09 or P10 closes the question that is open about the object's earlier call.
    """
    if not timedelta(0) < life <= LONGEST:
        why = f"an acceptance lasts 30 days at most, not {life}; what shall last belongs into a manifest"
        raise UsageError(why, hint="unsandbox accept CODE REF --for 24h")
    if proposal.binding:
        _redeem(settings, proposal, approval)
    at = now()
    with Journal(settings.state_dir / FILE_NAME) as journal:
        for refusal in proposal.refusals:
            journal.accept(_row(refusal, settings.actor, reason, at, at + life))
        code = proposal.refusals[0].code
        if code == CIRCUIT:
            journal.close_circuit(at=_iso(at), by=settings.actor)
        if code == RENAMED_HOST:
            _certify_hosts(journal, proposal, _iso(at))
        if code in IDENTITY:
            _certify(journal, proposal, _iso(at))
        if code in OPEN_CALLS:
            _close_questions(journal, proposal, f"given up by {settings.actor}: {reason}", _iso(at))
    poke(settings)
    return at + life


def _certify_hosts(journal: Journal, proposal: Proposal, at: str) -> None:
    """A person said that the host may go by its name."""
    before = journal.ledger(now()).certified
    for host in {refusal.host for refusal in proposal.refusals}:
        view = proposal.observed.hosts.get(host)
        if view is not None and view.identity is not None and host in before:
            journal.certify(replace(before[host], server_name=view.identity.server_name), (), (), at=at)


def _certify(journal: Journal, proposal: Proposal, at: str) -> None:
    """A person said that it is the object: from now on that is what it is held against."""
    for refusal in proposal.refusals:
        view = proposal.observed.hosts.get(refusal.host)
        row = next((row for row in view.instances if row.uuid == refusal.subject), None) if view else None
        if row is None:
            continue
        known = journal.known()
        for other in known.values():
            if other.ref == refusal.ref and other.uuid != row.uuid:
                journal.forget_known(other.uuid, at=at)
        document = known[row.uuid].document if row.uuid in known else ""
        uid = row.config.get(UID, "")
        journal.know(Known(row.uuid, refusal.ref, uid, refusal.host, row.name, row.generation, row.inherited, document), at=at)


def _redeem(settings: Settings, proposal: Proposal, approval: Path | None) -> None:
    taken = redeem_file(settings, approval, proposal.binding) if approval else redeem(settings, proposal.binding)
    if taken is None:
        named = proposal.refusals[0]
        raise Refused(
            f"accepting {named.code} for {named.ref} lets something be destroyed, so it takes the one-time code of a person",
            hint=f"unsandbox accept {named.code} {named.ref} --approver NAME",
            rule=named.code,
        )


def _row(refusal: Refusal, by: str, reason: str, at: datetime, until: datetime) -> dict[str, str]:
    return {
        "digest": digest_of(refusal),
        "code": refusal.code,
        "ref": refusal.ref,
        "host": refusal.host,
        "action": refusal.action,
        "evidence": json.dumps(refusal.evidence, separators=(",", ":")),
        "by": by,
        "reason": reason,
        "at": _iso(at),
        "until": _iso(until),
    }


def _close_questions(journal: Journal, proposal: Proposal, why: str, at: str) -> None:
    """An acceptance ends; the question must not come back when it does."""
    places = _places(proposal.refusals)
    for intent, answer in answers(journal.dangling(), proposal.observed):
        if answer.verdict is Verdict.ASK and (intent.host, intent.ref) in places:
            journal.record(intent.id, Outcome.SKIPPED, detail=why, at=at)


def _places(refusals: Sequence[Refusal]) -> frozenset[tuple[str, str]]:
    return frozenset((refusal.host, refusal.ref) for refusal in refusals)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
