"""Accepting a refusal: for exactly the evidence that a person has seen, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.changes import Refusal


def digest_of(refusal: Refusal) -> str:
    """SHA-256 over code, reference, host, action and evidence: another value in the evidence is another refusal. 64 hex digits."""
    whole = [refusal.code, refusal.ref, refusal.host, refusal.action, [list(pair) for pair in refusal.evidence]]
    return hashlib.sha256(json.dumps(whole, separators=(",", ":")).encode()).hexdigest()
