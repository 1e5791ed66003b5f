"""Text from outside, made fit for one line of a log: bounded, without control characters, and without what looks like a secret.

The first wall is that only named fields are told, none of which holds a secret. This is the second.
"""

from __future__ import annotations

import re

LIMIT = 500
"""Characters of one text."""
MASK = "***"

_PLAIN = re.compile(r"[\w./-]{0,31}|[0-9a-f-]{32,64}", re.ASCII)
"""A name, a number, a digest: nothing to look for in it."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMED = re.compile(
    r"(?i)(passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?|cookie)(\"?\s{0,8}[=:]\s{0,8})(\"[^\"]*\"|'[^']*'|\S+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_ENVIRONMENT = re.compile(r"(environment\.[\w-]{1,64}|(?:user\.(?:user|vendor)-data|cloud-init\.[\w-]{1,64}))(\s{0,8}[=:]\s{0,8})(\S+)")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,16}://)[^\s/@]{1,256}@")
_OTP = re.compile(r"(?i)otpauth://\S+")
_OPAQUE = re.compile(r"(?<![\w/.+-])[A-Za-z0-9+/_-]{32,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F-]+")
_EACH = tuple(re.compile(kind) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def line(text: str, limit: int = LIMIT) -> str:
    """``text`` as one line of at most ``limit`` characters. Digests, uuids and commits stay as they are."""
    if _PLAIN.fullmatch(text):
        return text
    # Cut first, so that a huge answer costs nothing; what the cut halves is masked all the same, since its name stands before it.
    cut = text[: limit * 4]
    safe = _CONTROL.sub(_written, _masked(cut))
    return safe if len(safe) <= limit and len(cut) == len(text) else safe[: limit - 1] + "…"


def _masked(text: str) -> str:
    for pattern, put in (
        (_PEM, MASK),
        (_OTP, MASK),
        (_USERINFO, rf"\1{MASK}@"),
        (_BEARER, rf"\1 {MASK}"),
        (_ENVIRONMENT, rf"\1\2{MASK}"),
        (_NAMED, rf"\1\2{MASK}"),
    ):
        text = pattern.sub(put, text)
    return _OPAQUE.sub(_opaque, text)


def _opaque(found: re.Match[str]) -> str:
    """A long word of small and great letters and digits is a key or a token; one of hex digits is a digest."""
    word = found.group()
    random = not _HEX.fullmatch(word) and "//" not in word and all(kind.search(word) for kind in _EACH)
    return MASK if random and word.count("/") <= len(word) // 16 else word


def _written(found: re.Match[str]) -> str:
    character = found.group()
    return {"\n": "\\n", "\r": "\\r", "\t": " "}.get(character) or f"\\x{ord(character):02x}"
