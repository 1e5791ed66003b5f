"""Approval by a person, as values: who may approve, what is asked, what was given. No secret is in any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approver:
    """A named person who is enrolled. ``wrong`` counts the wrong codes given in that name within the last hour."""

    name: str
    enrolled_at: datetime
    last_step: int
    """The last 30 s step of which a code was accepted; earlier ones are spent with it."""
    wrong: int
    recovery_left: int
    public_key: str
    """Ed25519, hexadecimal, that approval files of this person are signed with; "" where there is none."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question that one code of a person answers, once. ``binds_to`` says what exactly would be approved."""

    id: str
    binds_to: str
    made_at: datetime
    expires_at: datetime
    tries: int = 0
    last_try_at: datetime | None = None
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What a typed code matched: a step of the person's clock code, or one of the recovery codes, or neither."""

    step: int | None = None
    recovery: bool = False
    recovery_used: bool = False


@dataclass(frozen=True, slots=True)
class Approved:
    """A person's yes to one thing."""

    by: str
    binding: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval for a run that nobody attends. ``signature``: Ed25519, hexadecimal, over all the rest."""

    binding: str
    by: str
    made_at: datetime
    expires_at: datetime
    nonce: str
    signature: str
