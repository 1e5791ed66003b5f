"""Who may ask for what. Ownership is judged before state, so that a stranger learns nothing, not even what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.changes import Refusal
from reconciler.model.rules import No, ask
from reconciler.model.tenancy import Method
from reconciler.policy import refuse_access as checks
from reconciler.policy.subject import AccessRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.policy.subject import Subject

    Check = Callable[[Subject], No | None]

NO_RULE = "X00"
"""Code of the default: no rule speaks in favour of the method."""
HIDDEN = "A05"
"""The one code that a stranger is given for whatever is not his to know."""
TAKEN = "A14"

THERE = frozenset(Method) - {Method.CREATE}
CHANGING = frozenset(Method) - {Method.READ}
HARMING = frozenset({Method.FREEZE, Method.LOCK, Method.UNLOCK, Method.DESTROY})
PLACED = HARMING | {Method.CREATE}
"""Methods that depend on where the call came from: what harms, and what is given a lineage."""
CREATING = frozenset({Method.CREATE})
POWER = frozenset({Method.FREEZE, Method.UNFREEZE})
GUIDED = frozenset({Method.DESTROY, Method.UNLOCK, Method.UNFREEZE})
ENDING = frozenset({Method.FREEZE, Method.DESTROY})
APPROVED = frozenset({Method.DESTROY, Method.UNLOCK})
ANY: frozenset[Method] = frozenset()
"""Asked about every method, also one that is not known."""
ALLOWED = frozenset(Method)
"""Methods that are allowed where every rule was asked and none said no."""


def _rule(  # noqa: PLR0913 - one row of a table
    code: str, title: str, methods: frozenset[Method], check: Check, why: str, status: int = 403, *, hidden: bool = False
) -> AccessRule:
    return AccessRule(code, title, check, why, methods=methods, status=status, hidden=hidden)


ACCESS_RULES: tuple[AccessRule, ...] = (
    _rule(
        "A01",
        "It is not known who asks",
        ANY,
        checks.nobody,
        "A call has one identity: a key whose signature was checked, or a person at a terminal.",
        401,
    ),
    _rule(
        "A15",
        "The person has no name",
        ANY,
        checks.nameless,
        "Several people share an account such as root. What was done must be somebody's doing.",
        401,
    ),
    _rule(
        "A02",
        "The key is not known",
        ANY,
        checks.unknown_key,
        "A public id that no manifest names is nobody's, and one that two manifests name is anybody's.",
        401,
    ),
    _rule("A03", "The key has expired", ANY, checks.expired_key, "It stays so until its manifest says otherwise.", 401),
    _rule(
        "A16",
        "Nothing like this can be asked for",
        ANY,
        checks.unknown_method,
        "Requests are about services and sessions, with the methods that this version knows. What it does not know it does not guess.",
        400,
    ),
    _rule(
        "A17",
        "There is no such object",
        THERE,
        checks.absent,
        "Nothing carries its marks and no manifest declares it.",
        404,
        hidden=True,
    ),
    _rule(
        "A04",
        "The object has no owner",
        THERE,
        checks.ownerless,
        "What is nobody's is nobody's to change by request; an operator gives it an owner in its manifest.",
        404,
        hidden=True,
    ),
    _rule(
        "A10",
        "It belongs to the key that the caller's was made from, or to one made from the caller's",
        THERE,
        checks.kin,
        "Each generation has a key of its own so that none reaches another: a child never reaches its parent, nor a parent its child.",
        404,
        hidden=True,
    ),
    _rule(
        HIDDEN,
        "It is not there, or it is not the caller's",
        THERE,
        checks.foreign,
        "Every method wants the caller's key to be the owner's. What is not there and what is another's are answered alike.",
        404,
        hidden=True,
    ),
    _rule(
        "A18", "Several objects carry its name", CHANGING, checks.several, "What is meant is not known, and the wrong one may be hit.", 409
    ),
    _rule(
        "A19",
        "The object cannot be seen",
        THERE,
        checks.unseen,
        "Its host was not seen in full, so its state, its lock and its marks are not known.",
        503,
    ),
    _rule(
        "A06",
        "It is not known from which container the call came",
        PLACED,
        checks.unplaced,
        "It may be the very object, or one inside it.",
    ),
    _rule(
        "A07",
        "The caller runs in it",
        HARMING,
        checks.itself,
        "A program that freezes, locks, unlocks or destroys its own container ends itself, whatever key it holds.",
    ),
    _rule(
        "A09",
        "The lineage of the caller's container cannot be read",
        PLACED,
        checks.lineage_unknown,
        "Without it nobody can tell whether the object is an ancestor, nor what a new one's ancestors are.",
    ),
    _rule(
        "A08",
        "The caller's container was asked for from inside it",
        HARMING,
        checks.ancestor,
        "A container never reaches the ones that it descends from, whatever key it holds.",
    ),
    _rule(
        "A32",
        "A person declares in git",
        CREATING,
        checks.not_a_key,
        "What is created by request belongs to the key that asks. A person writes a manifest and commits it.",
        400,
    ),
    _rule(TAKEN, "The name is taken", CREATING, checks.taken, "Names are shared by all keys. Whose it is is not told.", 409),
    _rule(
        "A13",
        "A manifest says otherwise",
        GUIDED,
        checks.declared_otherwise,
        "One resource has one source. What a manifest in git declares, locks or keeps frozen goes by a commit, not by a request.",
        409,
    ),
    _rule(
        "A11",
        "It is locked",
        ENDING,
        checks.locked,
        "A locked object is not frozen and not destroyed. Unlocking it takes a person.",
        409,
    ),
    _rule(
        "A12",
        "No person approved it",
        APPROVED,
        checks.unapproved,
        "Destroying and unlocking take the one-time code of a person, for this request and no other.",
        428,
    ),
    _rule(
        "A31",
        "It is in quarantine",
        POWER,
        checks.in_quarantine,
        "It left the manifests. Declared again it wakes with its memory; to wake it otherwise would only have it frozen once more.",
        409,
    ),
)


def judge(subject: Subject, rules: Sequence[AccessRule] = ACCESS_RULES) -> Refusal | None:
    """The first no, with all its evidence, which is not for every caller: see ``told``. None where the request is allowed."""
    request = subject.request
    for rule in rules:
        if not rule.methods or request.method in rule.methods:
            no = ask(rule, f"unsandbox refusals {rule.code}", subject)
            if no is not None:
                return _refusal(rule.code, subject, no)
    if request.method in ALLOWED:
        return None
    return _refusal(NO_RULE, subject, No("no rule speaks in favour of it", (("method", request.method),), "unsandbox refusals A16"))


def told(refusal: Refusal, *, operator: bool) -> Refusal:
    """The refusal as the caller may read it. An operator may read all."""
    if operator:
        return refusal
    if refusal.code in _HIDDEN:
        cause, code = "it is not there, or it is not yours", HIDDEN
    elif refusal.code == TAKEN:
        cause, code = "the name is taken", TAKEN
    else:
        return refusal
    unblock = "choose another name" if code == TAKEN else "ask for what your key owns"
    return replace(refusal, code=code, host="", cause=cause, evidence=(("asked for", refusal.ref),), unblock=unblock)


def status_of(code: str) -> int:
    """The HTTP status that a no of rule ``code`` is answered with."""
    return next((rule.status for rule in ACCESS_RULES if rule.code == code), 403)


def _refusal(code: str, subject: Subject, no: No) -> Refusal:
    host = subject.rows[0][0] if code not in _FIRST and subject.rows else ""
    return Refusal(code, str(subject.request.ref), host, no.cause, no.evidence, no.unblock, subject.request.method)


_HIDDEN = frozenset(rule.code for rule in ACCESS_RULES if rule.hidden)
_FIRST = frozenset(rule.code for rule in ACCESS_RULES if not rule.methods)
"""Rules that look at the caller alone."""
