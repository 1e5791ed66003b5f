"""What an approval binds to: one text for one plan, one request or one change among the approvers. Nothing else can be approved by it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def binding_of_plan(plan_id: str, acts: Iterable[tuple[str, ...]], text: str = "") -> str:
    """What an approval of a plan binds to. ``acts``: (reference, host, action, fingerprint before, fields...) of all.

    ``text`` is the digest of the manifests, whose policy says what needs approval.

    The acts are in it because a plan file can be edited around its id: who approves must approve what was shown.
    """
    return f"plan:{plan_id}:{_digest([text, *sorted(acts)])}"


def binding_of_request(key: str, method: str, ref: str, body_digest: str) -> str:
    """What an approval of one request binds to: who asks, what is done, to which object, with which body."""
    return f"request:{_digest((key, method, ref, body_digest))}"


def binding_of_approvers(verb: str, name: str, material: bytes) -> str:
    """What an approval of a change among the approvers binds to; ``material`` is the secret or key that would be enrolled."""
    return f"approver:{verb}:{name}:{hashlib.sha256(material).hexdigest()}"


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()
