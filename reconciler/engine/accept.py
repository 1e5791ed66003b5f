"""Accepting a refusal: for exactly the evidence that a person has seen, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reconciler.model.changes import DESTRUCTIVE, Action
from reconciler.model.rules import FAILED_CAUSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.engine.asked import GuardRule
    from reconciler.model.changes import Refusal

HARMLESS = frozenset(action.value for action in Action if action not in DESTRUCTIVE)
GROUND = frozenset({Action.PREPARE.value, Action.IMPORT.value})


def digest_of(refusal: Refusal) -> str:
    """SHA-256 over code, reference, host, action, evidence and the very object: another value is another refusal. 64 hex digits."""
    whole = [refusal.code, refusal.ref, refusal.host, refusal.action, [list(pair) for pair in refusal.evidence], refusal.subject]
    return hashlib.sha256(json.dumps(whole, separators=(",", ":")).encode()).hexdigest()


def digest_of_all(refusals: Iterable[Refusal]) -> str:
    """One digest for several refusals that are accepted together, in any order. 64 hex digits."""
    return hashlib.sha256("\n".join(sorted(digest_of(refusal) for refusal in refusals)).encode()).hexdigest()


def needs_approval(refusal: Refusal) -> bool:
    """Whether accepting it lets something be destroyed. An action that is not known, or not told, counts as one that does."""
    return refusal.action not in HARMLESS


def is_acceptable(refusal: Refusal, rules: Iterable[GuardRule]) -> bool:
    """Whether the rule that said no leaves it to a person. What no rule of the table said is not acceptable."""
    if refusal.cause == FAILED_CAUSE:
        return False
    said = [rule for rule in rules if rule.code == refusal.code and refusal.action in rule.actions]
    return bool(said) and all(rule.acceptable for rule in said)


def root_of(refusal: Refusal, refusals: Iterable[Refusal]) -> Refusal:
    """The refusal that it stands on: of its host's preparation or of its image; itself where it stands alone.

    What is refused for lack of ground bears the code and evidence of the other, and only the other is ever asked about again.
    """
    if refusal.action in GROUND:
        return refusal
    return next((other for other in refusals if other.action in GROUND and _same(other, refusal)), refusal)


def alike(refusal: Refusal, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Every refusal with the same code, host and evidence, ``refusal`` itself first."""
    return (refusal, *(other for other in refusals if other != refusal and _same(other, refusal)))


def of_code(refusals: Sequence[Refusal], code: str, ref: str, host: str | None) -> tuple[Refusal, ...]:
    """The refusals that a person may mean by ``code`` and ``ref``; ``host`` None means on any."""
    return tuple(item for item in refusals if item.code == code and item.ref == ref and host in {None, item.host})


def _same(one: Refusal, other: Refusal) -> bool:
    return (one.code, one.host, one.evidence) == (other.code, other.host, other.evidence)
