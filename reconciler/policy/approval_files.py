"""Signed approval files, for runs that nobody attends: their text, their signature, and the rules about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reconciler.model.approvals import SignedApproval
from reconciler.model.rules import No, Rule

if TYPE_CHECKING:
    from reconciler.model.approvals import Approver

FORMAT = "unsandbox/approval/v1"
FILE_LIFE = timedelta(hours=24)
"""Longest life of a signed approval file."""
SKEW = timedelta(minutes=1)
"""How far the clock of who signed may be ahead of ours."""
SIGN = "unsandbox approve PLAN --sign-with KEYFILE --out APPROVAL"


@dataclass(frozen=True, slots=True)
class Presented:
    """A signed approval file, held against what it shall approve. ``genuine``: its signature is that of the enrolled key of ``by``."""

    file: SignedApproval
    signer: Approver | None
    genuine: bool
    used: bool
    binding: str
    now: datetime


def document_of(file: SignedApproval) -> dict[str, str]:
    """The file as JSON values."""
    return {**_signed_part(file), "signature": file.signature}


def approval_from(document: object) -> SignedApproval:
    """Read what ``document_of`` gives. Raises ``ValueError`` that says what is wrong."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"it has no format {FORMAT}")
    fields = ("binding", "by", "made_at", "expires_at", "nonce", "signature")
    wrong = [name for name in fields if not isinstance(document.get(name), str) or not document[name]]
    if wrong or set(document) != {"format", *fields}:
        raise ValueError(f"fields absent, empty or unknown: {', '.join(wrong or sorted(set(document) - {'format', *fields}))}")
    made, expires = (datetime.fromisoformat(document[name]) for name in ("made_at", "expires_at"))
    if made.tzinfo is None or expires.tzinfo is None:
        raise ValueError("a time without its zone")
    return SignedApproval(document["binding"], document["by"], made, expires, document["nonce"], document["signature"])


def sign(file: SignedApproval, key: bytes) -> SignedApproval:
    """The file with its signature. ``key`` is the raw private key, 32 bytes."""
    return replace(file, signature=Ed25519PrivateKey.from_private_bytes(key).sign(_payload(file)).hex())


def is_genuine(file: SignedApproval, public_key: str) -> bool:
    """Whether the signature is that of ``public_key``, hexadecimal. A key or signature that is none is a no."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(file.signature), _payload(file))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_half(key: bytes) -> str:
    """The public key, hexadecimal, of a raw private key."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw().hex()


def _signed_part(file: SignedApproval) -> dict[str, str]:
    return {
        "format": FORMAT,
        "binding": file.binding,
        "by": file.by,
        "made_at": file.made_at.isoformat(),
        "expires_at": file.expires_at.isoformat(),
        "nonce": file.nonce,
    }


def _payload(file: SignedApproval) -> bytes:
    # The format is in it, so that nothing else that the key ever signs can be taken for an approval.
    return json.dumps(_signed_part(file), sort_keys=True, separators=(",", ":")).encode()


def _a28(asked: Presented) -> No | None:
    by = asked.file.by
    if asked.signer is None or not asked.signer.public_key:
        return No(f"no key of {by!r} is enrolled", (("signed by", by), ("enrolled key", "absent")), "unsandbox approvers")
    if not asked.genuine:
        return No("the signature is not that of the enrolled key", (("signed by", by), ("signature", "wrong")), SIGN)
    return None


def _a29(asked: Presented) -> No | None:
    file = asked.file
    if file.binding != asked.binding:
        return No("the approval file is for something else", (("file", file.binding), ("asked", asked.binding)), SIGN)
    if asked.used:
        return No("the approval file was used already", (("nonce", file.nonce),), SIGN)
    if not file.made_at - SKEW <= asked.now < file.expires_at:
        life = f"{file.made_at.isoformat()} to {file.expires_at.isoformat()}"
        return No("the approval file is not valid at this time", (("valid", life), ("time", asked.now.isoformat(timespec="seconds"))), SIGN)
    if file.expires_at - file.made_at > FILE_LIFE:
        return No("the approval file lives too long", (("life", str(file.expires_at - file.made_at)), ("at most", str(FILE_LIFE))), SIGN)
    return None


FILE_RULES: tuple[Rule[[Presented]], ...] = (
    Rule(
        "A28",
        "The approval file is not signed by the enrolled key of an approver",
        _a28,
        "A file can be written by anybody; only the signature of an enrolled person makes it an approval.",
    ),
    Rule(
        "A29",
        "The approval file is for something else, was used, or is not valid at this time",
        _a29,
        "A signed approval covers one plan, once, for at most 24 hours.",
    ),
)
"""About a signed approval file, in the order in which they speak."""
