"""Letting a request through or not: the world is looked at, the rules of access are asked, and what they said is in the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.app.approvals import challenge, redeem
from reconciler.app.clock import now, stamp
from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.repository import load_desired
from reconciler.errors import Denied, GitError, ManifestError, Refused
from reconciler.policy.access import ACCESS_RULES, judge, status_of, told
from reconciler.policy.bindings import binding_of_request
from reconciler.policy.subject import Subject
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.model.changes import Refusal
    from reconciler.model.tenancy import Request

UNAPPROVED = "A12"
_UNKNOWN_CALLER = frozenset(rule.code for rule in ACCESS_RULES if not rule.methods)


@dataclass(frozen=True, slots=True)
class Granted:
    """A request that every rule of access allowed, with the world in which it did."""

    subject: Subject
    settings: Settings
    """As given, with the caller as the one who acts."""


def grant(settings: Settings, request: Request, *, approver: str = "") -> Granted:
    """Look and judge. Raises ``Denied`` with what the caller may know, or ``StateError``.

    An approval that waits for this very request is used up only where nothing but the approval is missing.
    ``approver`` is one that was used up for it a moment ago.
    """
    acting = replace(settings, actor=request.caller.name)
    subject = _look(acting, request, approver)
    refusal = judge(subject)
    if refusal is not None and refusal.code == UNAPPROVED:
        approved = redeem(acting, binding_of(request))
        subject = replace(subject, approver=approved.by if approved else "")
        refusal = judge(subject)
    if refusal is not None:
        write_down(acting, request, refusal)
        raise _denied(acting, request, refusal)
    return Granted(subject, acting)


def _look(settings: Settings, request: Request, approver: str) -> Subject:
    try:
        desired = load_desired(settings)
    except (ManifestError, GitError) as error:
        if request.caller.operator:
            raise
        # The findings speak of everybody's manifests.
        raise Denied("what is declared cannot be read, so nothing can be allowed", hint="try again later", status=503) from error
    with Journal(settings.state_dir / FILE_NAME) as journal:
        applied = journal.ledger(now()).applied
    with Doors(settings) as doors:
        return Subject(request, desired, observe(desired.hosts, doors), approver, applied)


def binding_of(request: Request) -> str:
    """What an approval of ``request`` binds to."""
    return binding_of_request(request.caller.name, request.method, str(request.ref), request.body_digest)


def write_down(settings: Settings, request: Request, refusal: Refusal) -> None:
    """A refusal into the journal, all of it, for the operators. Callers who are nobody are left out: they could fill the disk."""
    if refusal.code in _UNKNOWN_CALLER:
        return
    evidence = ", ".join(f"{name}: {value}" for name, value in refusal.evidence)
    detail = f"{request.method} refused, {refusal.code}: {refusal.cause} ({evidence})"
    with Journal(settings.state_dir / FILE_NAME) as journal:
        journal.note("request-refused", by=request.caller.name, subject=str(request.ref), detail=detail, at=stamp())


def _denied(settings: Settings, request: Request, refusal: Refusal) -> Denied:
    shown = told(refusal, operator=bool(request.caller.operator))
    evidence = ", ".join(f"{name}: {value}" for name, value in shown.evidence)
    asked = _ask(settings, request) if shown.code == UNAPPROVED else ""
    return Denied(
        f"{request.method} {request.ref}: {shown.cause} ({evidence})",
        hint=shown.unblock,
        rule=shown.code,
        status=status_of(shown.code),
        challenge=asked,
    )


def _ask(settings: Settings, request: Request) -> str:
    """The challenge that a person can answer; "" where nobody is enrolled, and then nobody can approve."""
    try:
        return challenge(settings, binding_of(request)).id
    except Refused:
        return ""
