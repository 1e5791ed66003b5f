"""Approval by a person: asking for a code, taking it, and using the approval up once. Who approved is in the journal."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.poke import poke
from reconciler.errors import Refused, StateError
from reconciler.model.approvals import Approved, Challenge, Proof
from reconciler.policy.bindings import binding_of_plan
from reconciler.policy.otp import DIGITS, LIFE, Attempt, counts_as_try, judge, matched_step
from reconciler.store.approvals import FILE_NAME, Approvals
from reconciler.store.journal import FILE_NAME as JOURNAL
from reconciler.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from reconciler.app.settings import Settings
    from reconciler.engine.refuse.plans import Saved
    from reconciler.model.plan import Plan
    from reconciler.policy.otp import Verdict

    Clock = Callable[[], datetime]

RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""
RECOVERY_LENGTH = 12


@dataclass(frozen=True, slots=True)
class _Typed:
    """A code as typed: ``clock`` its digits, or ``recovery`` the digest of a recovery code; both "" where it can be neither."""

    clock: str = ""
    recovery: str = ""


def binding_of(plan: Plan, saved_id: str = "") -> str:
    """What an approval of ``plan`` binds to; ``saved_id`` is that of the saved plan which it was made again from, if any."""
    acts = (
        (action.ref, action.host, action.action, action.fingerprint, *(f"{diff.path}: {diff.old} -> {diff.new}" for diff in action.fields))
        for action in plan.actions
    )
    return binding_of_plan(saved_id or plan.id, acts, plan.commit.digest)


def binding_of_saved(saved: Saved) -> str:
    """As ``binding_of``, for who approves a file. Where the file says other than the plan does, the two differ, and nothing is approved."""
    acts = ((*place, action, before, *saved.fields.get(place, ())) for place, (action, before) in saved.touched.items())
    return binding_of_plan(saved.id, acts, saved.inputs)


def challenge(settings: Settings, binding: str, *, clock: Clock = now) -> Challenge:
    """Ask for the approval of ``binding``; one question is open about it at a time. Raises ``Refused`` where nobody could answer.

    Asking again gives a question without tries its full life again, and one with tries back as it is.
    """
    with opened(settings) as store, store.changing():
        at = clock()
        if not store.approvers(at):
            raise refused(judge(Attempt(None, None, binding, Proof(), at)))
        found = store.open_challenge(binding, at)
        if found is not None and found.tries:
            return found
        made = Challenge(found.id if found else token_hex(16), binding, at, at + LIFE)
        store.put_challenge(made)
        return made


def answer(settings: Settings, challenge_id: str, *, binding: str, approver: str, code: str, clock: Clock = now) -> Approved:
    """Answer a challenge with a person's code. ``binding``: what the caller is about to do, which the challenge must be for.

    The approval waits for ``redeem`` under the same binding. Raises ``Refused`` with the rule's code, or ``StateError``.
    """
    with opened(settings) as store:
        typed = _read(code, store.salt(approver))
        with store.changing():
            at = clock()
            attempt = Attempt(store.approver(approver, at), store.challenge(challenge_id), binding, _proof(store, approver, typed, at), at)
            verdict = judge(attempt)
            _count(store, approver, attempt, verdict)
            approved = Approved(approver, binding, at)
            if verdict.no is None:
                _spend(store, approver, attempt.proof, typed, at)
                store.approve(approved)
                # Before the commit: what is not in the journal was not approved.
                note(settings, "approved", by=approver, subject=binding, at=at)
    if verdict.no is None:
        poke(settings)
        return approved
    if counts_as_try(verdict):
        note(settings, "approval-refused", by=approver, subject=binding, at=at, detail=f"{verdict.code}: {verdict.no.cause}")
    raise refused(verdict)


def approve_binding(settings: Settings, binding: str, approver: str, code: str, *, clock: Clock = now) -> Approved:
    """Ask and answer in one go, for a person at a terminal. Raises as ``challenge`` and ``answer``."""
    asked = challenge(settings, binding, clock=clock)
    return answer(settings, asked.id, binding=binding, approver=approver, code=code, clock=clock)


def is_approved(settings: Settings, binding: str, *, clock: Clock = now) -> bool:
    """Whether ``redeem`` would find an approval; it is not used up. False where that cannot be told."""
    try:
        if not is_there(settings):
            return False
        with opened(settings) as store:
            at = clock()
            return store.waits(binding, since=at - LIFE, now=at)
    except (StateError, OSError):
        return False


def redeem(settings: Settings, binding: str, *, clock: Clock = now) -> Approved | None:
    """Use up one approval of ``binding`` given within the last 5 minutes. None where there is none, or it cannot be read or written."""
    try:
        if not is_there(settings):
            return None
        with opened(settings) as store, store.changing():
            return take(settings, store, binding, clock())
    except (StateError, OSError):
        return None


def take(settings: Settings, store: Approvals, binding: str, at: datetime) -> Approved | None:
    """As ``redeem``, within a change of ``store`` that goes on: the approval is used up only if all of the change is made."""
    taken = store.take(binding, since=at - LIFE, now=at)
    if taken is not None:
        note(settings, "approval-used", by=taken.by, subject=binding, at=at)
    return taken


def is_there(settings: Settings) -> bool:
    """Whether there is a file of approvals; without one nobody is enrolled. Raises ``StateError`` where that cannot be told."""
    path = settings.state_dir / FILE_NAME
    try:
        return path.exists()
    except OSError as error:
        raise StateError(f"{path} cannot be looked for: {error.strerror}", hint=f"ls -ld {settings.state_dir}") from error


@contextmanager
def opened(settings: Settings) -> Iterator[Approvals]:
    """The file of approvals. Raises ``StateError``."""
    with Approvals(settings.state_dir / FILE_NAME) as store:
        yield store


def note(settings: Settings, kind: str, *, by: str, subject: str, at: datetime, detail: str = "") -> None:
    """Write one act into the journal, with who was at the terminal beside who approved."""
    told = "; ".join(part for part in (detail, f"through {settings.actor}" if settings.actor else "") if part)
    with Journal(settings.state_dir / JOURNAL) as journal:
        journal.note(kind, by=by, subject=subject, detail=told, at=at.isoformat(timespec="milliseconds"))


def refused(verdict: Verdict) -> Refused:
    """A no as the error that ends a command."""
    if verdict.no is None:
        return Refused("it was not decided", rule=verdict.code)
    evidence = ", ".join(f"{name}: {value}" for name, value in verdict.no.evidence)
    return Refused(f"{verdict.no.cause} ({evidence})", hint=verdict.no.unblock, rule=verdict.code)


def recovery_digest(code: str, salt: bytes) -> str:
    """What is kept of a recovery code. Slow on purpose: 16 MiB and some tens of milliseconds."""
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


def _read(code: str, salt: bytes) -> _Typed:
    plain = "".join(code.split()).replace("-", "").lower()
    if len(plain) == DIGITS and plain.isascii() and plain.isdigit():
        return _Typed(clock=plain)
    if salt and len(plain) == RECOVERY_LENGTH and set(plain) <= set(RECOVERY_LETTERS):
        return _Typed(recovery=recovery_digest(plain, salt))
    return _Typed()


def _proof(store: Approvals, approver: str, typed: _Typed, at: datetime) -> Proof:
    secret = store.secret(approver)
    if secret and typed.clock:
        return Proof(step=matched_step(secret, typed.clock, at))
    used = store.recovery(approver, typed.recovery) if typed.recovery else None
    return Proof(recovery=used is not None, recovery_used=bool(used))


def _count(store: Approvals, approver: str, attempt: Attempt, verdict: Verdict) -> None:
    if attempt.challenge is None or not counts_as_try(verdict):
        return
    tried = replace(attempt.challenge, tries=attempt.challenge.tries + 1, last_try_at=attempt.now, spent=verdict.no is None)
    store.put_challenge(tried)
    if verdict.code == "A25":
        store.count_wrong(approver, attempt.now)


def _spend(store: Approvals, approver: str, proof: Proof, typed: _Typed, at: datetime) -> None:
    if proof.step is not None:
        store.set_last_step(approver, proof.step)
    else:
        store.use_recovery(approver, typed.recovery, at)
