"""Text from outside as one bounded line, without what looks like a secret."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.policy.lines import LIMIT, MASK, line

SECRETS = [
    'the answer was {"token": "eyJjbGllbnRfbmFtZSI6"}',
    "password=hunter2hunter2",
    "Authorization: Bearer abcdef0123456789",
    "api_key: 'hunter2'",
    "environment.TOKEN = hunter2",
    "user.user-data: hunter2",
    "https://anna:hunter2@example.org/repo.git",
    "otpauth://totp/anna?secret=ABCDEFGH",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIr\n-----END EC PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMHcCAQEEIIr",
    "it gave eyJjbGllbnRfbmFtZSI6InVuc2FuZGJveCIsImZpbmdlcnByaW50Ij",
]
PARTS = ("hunter2", "eyJjbGllbnRf", "MHcCAQEEIIr", "abcdef0123456789", "ABCDEFGH")


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    shown = line(text)
    assert MASK in shown
    assert not any(part in shown for part in PARTS)


@pytest.mark.parametrize(
    "text",
    [
        "host-unreachable: h1: no answer within 3 s",
        "commit 0123456789abcdef0123456789abcdef01234567",
        f"its certificate is {'a1' * 32}",
        "uuid 6c0b1b8e-3f7e-4a0e-9d4d-3d2c8f1c2b11 of svc-one",
        "/var/lib/unsandbox/Manifests/production/Service2/web.yaml: unknown key",
        "the token is not known",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert line(text) == text


def test_a_text_cannot_forge_a_line_or_steer_a_terminal() -> None:
    assert line('a\n{"event": "b"}\r\x1b[2J\u202e\x85') == 'a\\n{"event": "b"}\\r\\x1b[2J\\x202e\\x85'


@given(st.text(max_size=4 * LIMIT))
def test_it_is_always_one_bounded_line_that_stays_as_it_is(text: str) -> None:
    shown = line(text)
    assert len(shown) <= LIMIT
    assert shown.isprintable() or all(ord(one) >= 0xA0 for one in shown if not one.isprintable())
    assert shown.splitlines() in ([], [shown])
    shown.encode()


@pytest.mark.parametrize(
    "part", ["a", "a-", "-----BEGIN PRIVATE KEY-----", "x://", "token", "token ", "environment.", "aB3/", "bearer ", "https://a:"]
)
def test_no_text_takes_long(part: str) -> None:
    began = time.perf_counter()
    line(part * 100_000)
    assert time.perf_counter() - began < 0.05
