"""Approval by a person: whether one try at a challenge, or one signed approval file, is a yes. Time and secrets come in as values.

Rules are asked in order and the first no counts; a check that breaks is a no.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pyotp

from reconciler.model.rules import No, Rule, ask
from reconciler.policy.approval_files import FILE_RULES, SIGN, Presented

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reconciler.model.approvals import Approver, Challenge, Proof

LIFE = timedelta(minutes=5)
"""Of a challenge, and of an approval until it is used."""
TRIES = 5
DELAYS = (0, 1, 2, 4, 8)
"""Seconds that must have gone by since the last try, by the number of tries made."""
WRONG_PER_HOUR = 20
DIGITS, STEP = 6, 30
WINDOW = (-1, 0, 1)
"""Steps around the present one whose codes count: clocks differ, and people need time to type."""

AGAIN = "unsandbox approve PLAN"
ENROL = "unsandbox approvers add NAME"

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: who answers which challenge for what, and what the typed code matched. None means that there is no such."""

    approver: Approver | None
    challenge: Challenge | None
    binding: str
    proof: Proof
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """``no`` None means yes; with a no, ``code`` is the rule's and ``title`` its one-line cause."""

    no: No | None
    code: str = ""
    title: str = ""


def matched_step(secret: str, code: str, now: datetime) -> int | None:
    """The step of the clock code that ``code`` is, within the window; None where it is none. Takes equally long either way."""
    clock = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    present = clock.timecode(now)
    fits = {present + offset: hmac.compare_digest(clock.generate_otp(present + offset).encode(), code.encode()) for offset in WINDOW}
    return max((step for step, same in fits.items() if same), default=None)


def _a20(attempt: Attempt) -> No | None:
    if attempt.approver is not None:
        return None
    return No("nobody of that name is enrolled as an approver", (("enrolled", "no"),), ENROL)


def _a21(attempt: Attempt) -> No | None:
    if attempt.challenge is None:
        return No("there is no such challenge", (("challenge", "absent"),), AGAIN)
    if attempt.challenge.binds_to != attempt.binding:
        return No("the challenge is for something else", (("challenge", attempt.challenge.binds_to), ("asked", attempt.binding)), AGAIN)
    return None


def _a22(attempt: Attempt) -> No | None:
    challenge = _of(attempt)
    if challenge.made_at <= attempt.now < challenge.expires_at:
        return None
    life = f"{_iso(challenge.made_at)} to {_iso(challenge.expires_at)}"
    return No("the challenge is not open at this time", (("open", life), ("time", _iso(attempt.now))), AGAIN)


def _a23(attempt: Attempt) -> No | None:
    tries, wrong = _of(attempt).tries, _by(attempt).wrong
    if tries >= TRIES:
        return No("the challenge had all its tries", (("tries", str(tries)), ("limit", str(TRIES))), f"sleep {_seconds(LIFE)}; {AGAIN}")
    if wrong >= WRONG_PER_HOUR:
        evidence = (("wrong codes within an hour", str(wrong)), ("limit", str(WRONG_PER_HOUR)))
        return No(f"too many wrong codes for {_by(attempt).name}", evidence, f"sleep 3600; {AGAIN}")
    return None


def _a24(attempt: Attempt) -> No | None:
    challenge = _of(attempt)
    if challenge.last_try_at is None:
        return None
    wait, gone = DELAYS[challenge.tries], (attempt.now - challenge.last_try_at).total_seconds()
    if gone >= wait:
        return None
    return No("the next try comes too soon", (("since the last try", f"{gone:.1f} s"), ("at least", f"{wait} s")), f"sleep {wait}; {AGAIN}")


def _a25(attempt: Attempt) -> No | None:
    if attempt.proof.step is not None or attempt.proof.recovery:
        return None
    left = TRIES - 1 - _of(attempt).tries
    return No("the code is wrong", (("tries left", str(left)), ("time here", _iso(attempt.now))), AGAIN)


def _a26(attempt: Attempt) -> No | None:
    if attempt.proof.step is not None:
        if attempt.proof.step > _by(attempt).last_step:
            return None
        return No("the code was used already, or a later one was", (("code of step", str(attempt.proof.step)),), f"sleep {STEP}; {AGAIN}")
    if attempt.proof.recovery_used:
        return No("the recovery code was used already", (("recovery codes left", str(_by(attempt).recovery_left)),), AGAIN)
    return None


def _a27(attempt: Attempt) -> No | None:
    return No("the challenge was answered already", (("challenge", "spent"),), AGAIN) if _of(attempt).spent else None


ANSWER_RULES: tuple[Rule[[Attempt]], ...] = (
    Rule(
        "A20",
        "Nobody, or nobody of that name, is enrolled as an approver",
        _a20,
        "Only a person enrolled beforehand can approve; where nobody is, nothing that needs approval is done.",
    ),
    Rule(
        "A21",
        "There is no such challenge, or it is bound to something else",
        _a21,
        "A code approves exactly what was shown when it was asked for: one plan, or one request with its body.",
    ),
    Rule(
        "A27",
        "The challenge was answered already",
        _a27,
        "One challenge gives one approval. What is to be done again is to be approved again.",
    ),
    Rule(
        "A22",
        "The challenge is not open at this time",
        _a22,
        "A challenge lives 5 minutes, so that a person answers what is still before their eyes. One made later than now: the clock moved.",
    ),
    Rule(
        "A23",
        "Too many tries at the challenge, or wrong codes in one name",
        _a23,
        "Six digits withstand guessing only while tries are few: 5 a challenge, 20 wrong codes an hour and person.",
    ),
    Rule(
        "A24",
        "The next try comes too soon",
        _a24,
        "Between tries 1, 2, 4 and 8 seconds must go by: no burden for a person, much for a program that guesses.",
    ),
    Rule(
        "A25",
        "The code is wrong",
        _a25,
        "It is neither the 6 digits of the person's app at this time, 30 seconds either way, nor a recovery code. "
        "Where it should be right, the clock of this machine or of the phone is not.",
    ),
    Rule(
        "A26",
        "The code was used already",
        _a26,
        "A code is seen when it is typed. Once it was accepted, it and those before it approve nothing, though their 30 seconds last.",
    ),
)
"""About a code that a person typed, in the order in which they speak."""

APPROVAL_RULES: tuple[Rule[[Attempt]] | Rule[[Presented]], ...] = (*ANSWER_RULES, *FILE_RULES)


def judge(attempt: Attempt, rules: Sequence[Rule[[Attempt]]] = ANSWER_RULES) -> Verdict:
    """Whether the try is a yes."""
    return _first_no(rules, attempt, AGAIN)


def judge_file(asked: Presented, rules: Sequence[Rule[[Presented]]] = FILE_RULES) -> Verdict:
    """Whether the approval file is a yes."""
    return _first_no(rules, asked, SIGN)


def _first_no(rules: Sequence[Rule[[Asked]]], asked: Asked, unblock: str) -> Verdict:
    for rule in rules:
        no = ask(rule, unblock, asked)
        if no is not None:
            return Verdict(no, rule.code, rule.title)
    return Verdict(None)


def counts_as_try(verdict: Verdict) -> bool:
    """Whether the code was looked at, so that the try counts. What was refused before that told nothing about the code."""
    return verdict.no is None or verdict.code in {"A25", "A26"}


def _of(attempt: Attempt) -> Challenge:
    if attempt.challenge is None:
        raise ValueError("no challenge")
    return attempt.challenge


def _by(attempt: Attempt) -> Approver:
    if attempt.approver is None:
        raise ValueError("no approver")
    return attempt.approver


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
