"""Signed approval files: making a key, signing for a run that nobody attends, and using such a file up once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING

from reconciler.app.approvals import note, opened, refused
from reconciler.app.clock import now
from reconciler.errors import UsageError
from reconciler.files import read_json, write_new, write_over
from reconciler.model.approvals import Approved, SignedApproval
from reconciler.policy.approval_files import (
    FILE_LIFE,
    SIGN,
    Presented,
    approval_from,
    document_of,
    is_genuine,
    public_half,
    sign,
)
from reconciler.policy.otp import judge_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from reconciler.app.settings import Settings

    Clock = Callable[[], datetime]

KEY_FORMAT = "unsandbox/approval-key/v1"
MAKE = "unsandbox approvers key NAME FILE"
MAX_SIZE = 64 * 1024
_PRIVATE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A person's private key, raw. It is in the file that they named and nowhere else."""

    by: str
    raw: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """The public half, hexadecimal."""
        return public_half(self.raw)


def new_key(name: str) -> SigningKey:
    """A key for one person."""
    return SigningKey(name, token_bytes(32))


def write_key(key: SigningKey, path: Path) -> None:
    """Write the key for its owner alone, never over another file. Raises ``UsageError``."""
    _write(path, {"format": KEY_FORMAT, "by": key.by, "private_key": key.raw.hex()}, write_new)


def read_key(path: Path) -> SigningKey:
    """Raises ``UsageError`` where the file is no key of ours, or others can read it."""
    document = _read(path, "key file", MAKE)
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path} can be opened by others, so its key may be known", hint=f"chmod 600 {path}; or make another key")
    by, text = str(document.get("by", "")), str(document.get("private_key", ""))
    if document.get("format") != KEY_FORMAT or not by or not _PRIVATE.fullmatch(text):
        raise UsageError(f"{path} is not a key file of ours", hint=MAKE)
    return SigningKey(by, bytes.fromhex(text))


def sign_file(key: SigningKey, binding: str, life: timedelta, path: Path, *, clock: Clock = now) -> SignedApproval:
    """Write an approval of ``binding`` that holds for ``life`` and can be used once. Raises ``UsageError``."""
    if not life.total_seconds() > 0 or life > FILE_LIFE:
        raise UsageError(f"an approval file lives at most {FILE_LIFE}, not {life}", hint=f"{SIGN} --expires 1h")
    at = clock()
    made = sign(SignedApproval(binding, key.by, at, at + life, token_hex(16), ""), key.raw)
    _write(path, document_of(made), write_over)
    return made


def redeem_file(settings: Settings, path: Path, binding: str, *, clock: Clock = now) -> Approved:
    """Use a signed approval of ``binding`` up. Raises ``Refused``, ``UsageError`` where the file is none, or ``StateError``."""
    try:
        file = approval_from(_read(path, "approval file", SIGN))
    except ValueError as error:
        raise UsageError(f"{path} is not an approval file: {error}", hint=SIGN) from error
    with opened(settings) as store, store.changing():
        at = clock()
        signer = store.approver(file.by, at)
        genuine = signer is not None and is_genuine(file, signer.public_key)
        verdict = judge_file(Presented(file, signer, genuine=genuine, used=store.nonce_used(file.nonce), binding=binding, now=at))
        if verdict.no is not None:
            raise refused(verdict)
        approved = Approved(file.by, binding, at)
        store.use_nonce(file.nonce, approved)
        note(settings, "approval-file-used", by=file.by, subject=binding, at=at, detail=f"signed {file.made_at.isoformat()}")
    return approved


def _read(path: Path, what: str, hint: str) -> dict[str, object]:
    return read_json(path, what, most=MAX_SIZE, hint=hint)[1]


def _write(path: Path, document: Mapping[str, str], write: Callable[[Path, str], None]) -> None:
    try:
        write(path, json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="name another file") from error
