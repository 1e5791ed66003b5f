"""Every rule about approvals: it refuses, it allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.approvals import Approver, Challenge, Proof, SignedApproval
from reconciler.model.rules import FAILED_CAUSE
from reconciler.policy.approval_files import FILE_LIFE, FILE_RULES, Presented, approval_from, document_of, is_genuine, public_half, sign
from reconciler.policy.bindings import binding_of_approvers, binding_of_plan, binding_of_request
from reconciler.policy.otp import ANSWER_RULES, APPROVAL_RULES, Attempt, counts_as_try, judge, judge_file, matched_step

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
BINDING = "plan:abc:def"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEY = bytes(range(32))
ANNA = Approver("anna", NOW - timedelta(days=9), last_step=10, wrong=0, recovery_left=8, public_key=public_half(KEY))
CHALLENGE = Challenge("c1", BINDING, NOW - timedelta(seconds=60), NOW + timedelta(seconds=240))
GOOD = Attempt(ANNA, CHALLENGE, BINDING, Proof(step=11), NOW)
FILE = sign(SignedApproval(BINDING, "anna", NOW - timedelta(minutes=1), NOW + timedelta(minutes=59), "n1", ""), KEY)
SHOWN = Presented(FILE, ANNA, genuine=True, used=False, binding=BINDING, now=NOW)


def asked(**changes: object) -> Callable[[], Attempt]:
    return lambda: replace(GOOD, challenge=replace(CHALLENGE, **changes))  # type: ignore[arg-type]  # a table of fields


def tried(tries: int, ago: float) -> Callable[[], Attempt]:
    return asked(tries=tries, last_try_at=NOW - timedelta(seconds=ago))


ANSWERS: dict[str, tuple[list[Callable[[], Attempt]], list[Callable[[], Attempt]]]] = {
    "A20": ([lambda: replace(GOOD, approver=None)], [lambda: GOOD]),
    "A21": (
        [lambda: replace(GOOD, challenge=None), asked(binds_to="plan:abc:other"), lambda: replace(GOOD, binding="plan:other:def")],
        [asked(id="another")],
    ),
    "A22": (
        [asked(expires_at=NOW), asked(expires_at=NOW - timedelta(days=1)), asked(made_at=NOW + timedelta(seconds=1))],
        [asked(expires_at=NOW + timedelta(seconds=1)), asked(made_at=NOW)],
    ),
    "A23": (
        [tried(5, 3600), tried(9, 3600), lambda: replace(GOOD, approver=replace(ANNA, wrong=20))],
        [tried(4, 60), lambda: replace(GOOD, approver=replace(ANNA, wrong=19))],
    ),
    "A24": (
        [tried(1, 0.9), tried(2, 1.9), tried(3, 3.9), tried(4, 7.9), tried(1, -30)],
        [tried(1, 1), tried(2, 2), tried(3, 4), tried(4, 8), asked()],
    ),
    "A25": (
        [lambda: replace(GOOD, proof=Proof())],
        [lambda: replace(GOOD, proof=Proof(step=11)), lambda: replace(GOOD, proof=Proof(recovery=True))],
    ),
    "A26": (
        [
            lambda: replace(GOOD, proof=Proof(step=10)),
            lambda: replace(GOOD, proof=Proof(step=9)),
            lambda: replace(GOOD, proof=Proof(recovery=True, recovery_used=True)),
        ],
        [lambda: replace(GOOD, proof=Proof(step=11)), lambda: replace(GOOD, proof=Proof(recovery=True))],
    ),
    "A27": ([asked(spent=True), asked(spent=True, tries=5)], [asked(spent=False)]),
}
FILES: dict[str, tuple[list[Presented], list[Presented]]] = {
    "A28": (
        [replace(SHOWN, signer=None), replace(SHOWN, signer=replace(ANNA, public_key="")), replace(SHOWN, genuine=False)],
        [SHOWN],
    ),
    "A29": (
        [
            replace(SHOWN, binding="plan:abc:other"),
            replace(SHOWN, used=True),
            replace(SHOWN, now=FILE.expires_at),
            replace(SHOWN, now=FILE.made_at - timedelta(minutes=2)),
            replace(SHOWN, file=replace(FILE, expires_at=FILE.made_at + FILE_LIFE + timedelta(seconds=1))),
        ],
        [replace(SHOWN, now=FILE.made_at - timedelta(seconds=30)), replace(SHOWN, file=replace(FILE, expires_at=FILE.made_at + FILE_LIFE))],
    ),
}


def breaks(_: object) -> NoReturn:
    raise ArithmeticError


def test_every_rule_has_its_cases_and_words() -> None:
    codes = [rule.code for rule in APPROVAL_RULES]
    assert sorted(codes) == sorted({*ANSWERS, *FILES}) == [f"A{number}" for number in range(20, 30)]
    assert all(rule.title and rule.why.endswith(".") for rule in APPROVAL_RULES)


@pytest.mark.parametrize("code", ANSWERS)
def test_a_rule_about_a_code(code: str) -> None:
    refused, allowed = ANSWERS[code]
    for case in refused:
        verdict = judge(case())
        assert (verdict.code, verdict.no is not None) == (code, True)
        assert verdict.no is not None
        assert verdict.no.evidence
        assert verdict.no.unblock
        # Without the rule the same try would pass, or another rule would have to speak: it is this rule that holds.
        assert judge(case(), [rule for rule in ANSWER_RULES if rule.code != code]).code != code
    for case in allowed:
        assert judge(case()).no is None
    broken = [replace(rule, check=breaks) if rule.code == code else rule for rule in ANSWER_RULES]
    verdict = judge(GOOD, broken)
    assert verdict.code == code
    assert verdict.no is not None
    assert verdict.no.cause == FAILED_CAUSE


@pytest.mark.parametrize("code", FILES)
def test_a_rule_about_a_file(code: str) -> None:
    refused, allowed = FILES[code]
    for case in refused:
        verdict = judge_file(case)
        assert verdict.code == code
        assert verdict.no is not None
        assert verdict.no.unblock
    for case in allowed:
        assert judge_file(case).no is None
    broken = [replace(rule, check=breaks) if rule.code == code else rule for rule in FILE_RULES]
    verdict = judge_file(SHOWN, broken)
    assert verdict.code == code
    assert verdict.no is not None
    assert verdict.no.cause == FAILED_CAUSE


def test_a_broken_value_is_refused() -> None:
    odd = replace(GOOD, challenge=replace(CHALLENGE, made_at=NOW.replace(tzinfo=None)))
    assert judge(odd).code == "A22"
    assert judge(replace(GOOD, challenge=replace(CHALLENGE, tries=-9, last_try_at=NOW))).code == "A24"


def test_only_a_code_that_was_looked_at_counts_as_a_try() -> None:
    counted = {code for code, (refused, _) in ANSWERS.items() if counts_as_try(judge(refused[0]()))}
    assert counted == {"A25", "A26"}
    assert counts_as_try(judge(GOOD))


@given(st.integers(-400, 400), st.integers(0, 6), st.integers(-5, 40), st.integers(9, 13), st.booleans())
def test_a_yes_is_fresh_unspent_and_within_its_tries(age: int, tries: int, ago: int, step: int, spent: bool) -> None:
    challenge = Challenge(
        "c", BINDING, NOW - timedelta(seconds=age), NOW + timedelta(seconds=300 - age), tries, NOW - timedelta(seconds=ago), spent
    )
    if judge(replace(GOOD, challenge=challenge, proof=Proof(step=step))).no is None:
        assert 0 <= age < 300
        assert tries < 5
        assert ago >= (0, 1, 2, 4, 8)[tries]
        assert step > 10
        assert not spent


def test_a_code_counts_thirty_seconds_either_way() -> None:
    clock, wide = pyotp.TOTP(SECRET), {ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}
    present = clock.timecode(NOW)
    for offset, expected in ((-2, None), (-1, present - 1), (0, present), (1, present + 1), (2, None)):
        assert matched_step(SECRET, clock.at(NOW, counter_offset=offset), NOW) == expected
    for text in ("", "000", "abcdef", clock.at(NOW).translate(wide), clock.at(NOW) + "0"):
        assert matched_step(SECRET, text, NOW) is None


def test_what_is_approved_differs_where_anything_differs() -> None:
    acts = [("Service/a", "h1", "destroy", "f1"), ("Service/b", "h1", "destroy", "f2")]
    assert binding_of_plan("p", acts) == binding_of_plan("p", reversed(acts))
    made = {
        binding_of_plan("p", acts),
        binding_of_plan("q", acts),
        binding_of_plan("p", acts[:1]),
        binding_of_plan("p", [acts[0], ("Service/b", "h1", "destroy", "f3")]),
        binding_of_request("k", "DELETE", "Service/a", ""),
        binding_of_request("k2", "DELETE", "Service/a", ""),
        binding_of_request("k", "POST", "Service/a", ""),
        binding_of_request("k", "DELETE", "Service/b", ""),
        binding_of_request("k", "DELETE", "Service/a", "0" * 64),
        binding_of_request("k", "DELETEService", "/a", ""),
        binding_of_approvers("add", "anna", b"1"),
        binding_of_approvers("add", "anna", b"2"),
        binding_of_approvers("remove", "anna", b"1"),
    }
    assert len(made) == 13


def test_a_signature_holds_every_field() -> None:
    public = public_half(KEY)
    assert is_genuine(FILE, public)
    for change in (
        {"binding": "plan:x:y"},
        {"by": "bert"},
        {"made_at": NOW},
        {"expires_at": NOW + timedelta(days=1)},
        {"nonce": "n2"},
        {"signature": ""},
        {"signature": "zz"},
        {"signature": "00" * 64},
    ):
        assert not is_genuine(replace(FILE, **change), public)
    assert not is_genuine(FILE, public_half(bytes(32)))
    assert not is_genuine(FILE, "")
    assert not is_genuine(FILE, "no key")


def test_a_file_is_read_whole_or_not_at_all() -> None:
    document = document_of(FILE)
    assert approval_from(document) == FILE
    wrongs: tuple[object, ...] = (
        None,
        [],
        {},
        {**document, "format": "other"},
        {**document, "more": "x"},
        {**document, "by": ""},
        {**document, "nonce": 7},
        {**document, "made_at": "yesterday"},
        {**document, "expires_at": "2026-03-01T12:00:00"},
        {name: value for name, value in document.items() if name != "signature"},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r".+"):
            approval_from(wrong)
