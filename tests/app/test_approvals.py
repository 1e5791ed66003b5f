"""Approvals end to end below the command: real SQLite, real codes, a clock that the test holds."""

from __future__ import annotations

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest

from reconciler.app import approval_files, approvals, approvers
from reconciler.app.settings import Settings
from reconciler.errors import Refused, StateError, UnsandboxError, UsageError
from reconciler.policy.bindings import binding_of_plan, binding_of_request

if TYPE_CHECKING:
    from pathlib import Path

PLAN = binding_of_plan("p1", [("Service/a", "h1", "destroy", "f1")])
OTHER = binding_of_plan("p1", [("Service/a", "h1", "destroy", "f2")])


@dataclass
class Desk:
    """Approvers with their apps, and a clock."""

    settings: Settings
    time: datetime = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    apps: dict[str, pyotp.TOTP] = field(default_factory=dict)
    recovery: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def code(self, name: str) -> str:
        """A fresh code: the one before it is spent."""
        self.wait(30)
        return self.apps[name].at(self.time)

    def wrong(self, name: str) -> str:
        right = {self.apps[name].at(self.time, counter_offset=offset) for offset in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in right)

    def enrol(self, name: str, voucher: str = "") -> None:
        made = approvers.new_enrolment(self.settings, name)
        app = pyotp.parse_uri(made.uri)
        assert isinstance(app, pyotp.TOTP)
        self.apps[name], self.recovery[name] = app, made.recovery
        if voucher:
            self.approve(made.binding, voucher)
        approvers.enrol(self.settings, made, self.code(name), clock=self.clock)

    def approve(self, binding: str, name: str, code: str = "") -> None:
        approvals.approve_binding(self.settings, binding, name, code or self.code(name), clock=self.clock)

    def redeem(self, binding: str) -> str:
        found = approvals.redeem(self.settings, binding, clock=self.clock)
        return found.by if found else ""

    def notes(self) -> list[tuple[str, str, str]]:
        with sqlite3.connect(self.settings.state_dir / "journal.db") as journal:
            rows = journal.execute("select kind, by, subject from notes order by rowid").fetchall()
        journal.close()
        return rows


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Anna is enrolled."""
    made = Desk(Settings(tmp_path, tmp_path / "state", tmp_path / "config", actor="carl@desk"))
    made.enrol("anna")
    return made


def refusal(call: object) -> str:
    """The code of the rule that refused."""
    assert callable(call)
    with pytest.raises(Refused) as caught:
        call()
    assert caught.value.exit_status == 3
    assert caught.value.hint
    assert str(caught.value).startswith(f"{caught.value.rule}: ")
    return caught.value.rule


def test_an_approval_is_used_once_and_only_for_what_was_approved(desk: Desk) -> None:
    assert desk.redeem(PLAN) == ""
    desk.approve(PLAN, "anna")
    assert desk.redeem(OTHER) == ""
    assert desk.redeem(PLAN) == "anna"
    assert desk.redeem(PLAN) == ""
    assert desk.notes() == [("approver-added", "carl@desk", "anna"), ("approved", "anna", PLAN), ("approval-used", "anna", PLAN)]


def test_an_approval_lives_five_minutes(desk: Desk) -> None:
    desk.approve(PLAN, "anna")
    desk.wait(300)
    assert desk.redeem(PLAN) == ""
    desk.wait(-1)
    assert desk.redeem(PLAN) == "anna"
    desk.approve(PLAN, "anna")
    desk.wait(-1)
    assert desk.redeem(PLAN) == "", "the clock was set back to before it was given"


def test_nobody_enrolled_means_no(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "state", tmp_path / "config")
    assert refusal(lambda: approvals.challenge(settings, PLAN)) == "A20"
    assert refusal(lambda: approvals.answer(settings, "c", binding=PLAN, approver="anna", code="123456")) == "A20"
    assert approvals.redeem(settings, PLAN) is None


def test_a_stranger_s_name_is_refused(desk: Desk) -> None:
    assert refusal(lambda: desk.approve(PLAN, "bert", "123456")) == "A20"


def test_a_challenge_answers_for_what_it_was_asked_for(desk: Desk) -> None:
    request = binding_of_request("unsb-pk-1", "DELETE", "Service/a", "0" * 64)
    asked = approvals.challenge(desk.settings, request, clock=desk.clock)

    def answer(challenge: str, binding: str) -> None:
        approvals.answer(desk.settings, challenge, binding=binding, approver="anna", code=desk.code("anna"), clock=desk.clock)

    tampered = binding_of_request("unsb-pk-1", "DELETE", "Service/a", "1" * 64)
    assert refusal(lambda: answer(asked.id, tampered)) == "A21"
    assert refusal(lambda: answer("no-such", request)) == "A21"
    answer(asked.id, request)
    assert refusal(lambda: answer(asked.id, request)) == "A27"
    asked = approvals.challenge(desk.settings, request, clock=desk.clock)
    desk.wait(271)
    assert refusal(lambda: answer(asked.id, request)) == "A22"


def test_five_wrong_codes_end_a_challenge_and_delays_grow(desk: Desk) -> None:
    for wait in (0, 1, 2, 4, 8):
        if wait:
            desk.wait(wait - 0.1)
            assert refusal(lambda: desk.approve(PLAN, "anna", desk.wrong("anna"))) == "A24"
            desk.wait(0.1)
        assert refusal(lambda: desk.approve(PLAN, "anna", desk.wrong("anna"))) == "A25"
    assert refusal(lambda: desk.approve(PLAN, "anna")) == "A23", "a right code too comes too late"
    assert desk.redeem(PLAN) == ""
    # Something else can be approved, and the same once the challenge is over.
    desk.approve(OTHER, "anna")
    desk.wait(300)
    desk.approve(PLAN, "anna")
    assert [kind for kind, _, _ in desk.notes()].count("approval-refused") == 5


def test_twenty_wrong_codes_an_hour_lock_a_person_for_every_challenge(desk: Desk) -> None:
    for number in range(20):
        assert refusal(lambda n=number: desk.approve(f"plan:{n}", "anna", desk.wrong("anna"))) == "A25"
    assert refusal(lambda: desk.approve(PLAN, "anna")) == "A23"
    assert refusal(lambda: desk.approve(PLAN, "anna", desk.recovery["anna"][0])) == "A23"
    desk.wait(3600)
    desk.approve(PLAN, "anna")


def test_a_code_works_once_and_not_after_a_later_one(desk: Desk) -> None:
    code = desk.code("anna")
    earlier = desk.apps["anna"].at(desk.time, counter_offset=-1)
    desk.approve(PLAN, "anna", code)
    for used in (code, earlier):
        assert refusal(lambda again=used: desk.approve(OTHER, "anna", again)) == "A26"
        desk.wait(1)
    assert desk.redeem(OTHER) == ""


def test_a_recovery_code_stands_in_once(desk: Desk) -> None:
    first, second, *_ = desk.recovery["anna"]
    desk.approve(PLAN, "anna", first)
    assert desk.redeem(PLAN) == "anna"
    assert refusal(lambda: desk.approve(OTHER, "anna", first)) == "A26"
    desk.wait(1)
    desk.approve(OTHER, "anna", second.upper().replace("-", " "))
    (anna,) = approvers.list_approvers(desk.settings, clock=desk.clock)
    assert anna.recovery_left == 6


def test_two_who_answer_with_one_code_get_one_approval(desk: Desk) -> None:
    code = desk.code("anna")
    start = threading.Barrier(8)

    def answer(number: int) -> str:
        start.wait()
        try:
            desk.approve(f"plan:{number}", "anna", code)
        except Refused as error:
            return error.rule
        return "approved"

    with ThreadPoolExecutor(8) as pool:
        came = sorted(pool.map(answer, range(8)))
    assert came == ["A26"] * 7 + ["approved"]


def test_two_who_redeem_one_approval_get_one(desk: Desk) -> None:
    desk.approve(PLAN, "anna")
    start = threading.Barrier(8)

    def redeem(_: int) -> str:
        start.wait()
        return desk.redeem(PLAN)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(redeem, range(8))) == [""] * 7 + ["anna"]


def test_once_somebody_is_enrolled_only_they_let_others_in(desk: Desk) -> None:
    made = approvers.new_enrolment(desk.settings, "mallory")
    app = pyotp.parse_uri(made.uri)
    assert isinstance(app, pyotp.TOTP)
    assert refusal(lambda: approvers.enrol(desk.settings, made, app.at(desk.time), clock=desk.clock)) == "A21"
    # An approval for another secret under the same name does not do.
    desk.approve(approvers.new_enrolment(desk.settings, "mallory").binding, "anna")
    assert refusal(lambda: approvers.enrol(desk.settings, made, app.at(desk.time), clock=desk.clock)) == "A21"
    desk.enrol("bert", voucher="anna")
    assert [found.name for found in approvers.list_approvers(desk.settings)] == ["anna", "bert"]
    assert ("approver-added", "anna", "bert") in desk.notes()
    desk.approve(PLAN, "bert")
    assert desk.redeem(PLAN) == "bert"


def test_a_first_code_that_is_wrong_enrols_nobody(desk: Desk) -> None:
    made = approvers.new_enrolment(desk.settings, "bert")
    desk.apps["bert"] = pyotp.TOTP(made.secret)
    assert refusal(lambda: approvers.enrol(desk.settings, made, desk.wrong("bert"), clock=desk.clock)) == "A25"
    assert [found.name for found in approvers.list_approvers(desk.settings)] == ["anna"]
    for name in ("anna", "", "Not a name", "a;b"):
        with pytest.raises(UsageError):
            approvers.new_enrolment(desk.settings, name)


def test_removing_needs_a_code_and_takes_approvals_along(desk: Desk) -> None:
    desk.enrol("bert", voucher="anna")
    assert refusal(lambda: approvers.remove(desk.settings, "bert", clock=desk.clock)) == "A21"
    desk.approve(PLAN, "bert")
    desk.approve(approvers.removal(desk.settings, "bert"), "anna")
    approvers.remove(desk.settings, "bert", clock=desk.clock)
    assert desk.redeem(PLAN) == ""
    assert refusal(lambda: desk.approve(PLAN, "bert")) == "A20"
    with pytest.raises(UsageError, match="enrolled: anna"):
        approvers.removal(desk.settings, "bert")


def test_what_cannot_be_read_approves_nothing(desk: Desk) -> None:
    desk.approve(PLAN, "anna")
    path = desk.settings.state_dir / "approvals.db"
    whole = path.read_bytes()
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.write_bytes(b"torn" * 500)
    assert desk.redeem(PLAN) == ""
    with pytest.raises(StateError, match="nothing is approved"):
        approvals.challenge(desk.settings, PLAN)
    path.write_bytes(whole)
    path.chmod(0o644)
    assert desk.redeem(PLAN) == ""
    path.chmod(0o600)
    assert desk.redeem(PLAN) == "anna"


def test_without_a_journal_nothing_is_approved_and_nothing_used(desk: Desk) -> None:
    desk.approve(OTHER, "anna")
    journal = desk.settings.state_dir / "journal.db"
    journal.rename(journal.with_suffix(".kept"))
    for path in desk.settings.state_dir.glob("journal.db-*"):
        path.unlink()
    journal.mkdir()
    with pytest.raises(StateError):
        desk.approve(PLAN, "anna")
    assert desk.redeem(OTHER) == ""
    journal.rmdir()
    journal.with_suffix(".kept").rename(journal)
    assert desk.redeem(PLAN) == ""
    assert desk.redeem(OTHER) == "anna"


def test_no_secret_lies_open(desk: Desk) -> None:
    """Recovery codes are stored as hashes only; nothing secret is in the journal, in a name or in a value's text."""
    made = approvers.new_enrolment(desk.settings, "bert")
    key = approval_files.new_key("anna")
    assert not any(secret in f"{made} {key}" for secret in (made.secret, *made.recovery, key.raw.hex()))
    desk.approve(PLAN, "anna", desk.recovery["anna"][0])
    with pytest.raises(Refused) as caught:
        desk.approve(OTHER, "anna", "987654")
    assert "987654" not in str(caught.value)
    kept = {path.name: path.read_bytes() for path in desk.settings.state_dir.rglob("*") if path.is_file()}
    journal = b"".join(content for name, content in kept.items() if name.startswith("journal"))
    both = b"".join(kept.values())
    assert desk.apps["anna"].secret.encode() not in journal
    for code in desk.recovery["anna"]:
        assert code.encode() not in both
        assert code.replace("-", "").encode() not in both


@pytest.fixture
def key(desk: Desk) -> approval_files.SigningKey:
    """Anna's key is enrolled."""
    made = approval_files.new_key("anna")
    desk.approve(approvers.keying(desk.settings, "anna", made.public), "anna")
    approvers.enrol_key(desk.settings, "anna", made.public, clock=desk.clock)
    return made


def test_a_signed_file_is_an_approval_once(desk: Desk, key: approval_files.SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "approval.json"
    approval_files.sign_file(key, PLAN, timedelta(hours=1), path, clock=desk.clock)

    def redeem(binding: str = PLAN) -> str:
        return approval_files.redeem_file(desk.settings, path, binding, clock=desk.clock).by

    assert refusal(lambda: redeem(OTHER)) == "A29"
    desk.wait(3600)
    assert refusal(redeem) == "A29"
    desk.wait(-1)
    assert redeem() == "anna"
    assert refusal(redeem) == "A29"
    assert desk.notes()[-1] == ("approval-file-used", "anna", PLAN)
    for life in (timedelta(0), timedelta(hours=25)):
        with pytest.raises(UsageError):
            approval_files.sign_file(key, PLAN, life, path)


def test_a_file_signed_by_anybody_else_is_none(desk: Desk, key: approval_files.SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "approval.json"

    def redeem() -> None:
        approval_files.redeem_file(desk.settings, path, PLAN, clock=desk.clock)

    for stranger in (approval_files.new_key("anna"), approval_files.new_key("bert")):
        approval_files.sign_file(stranger, PLAN, timedelta(hours=1), path, clock=desk.clock)
        assert refusal(redeem) == "A28"
    approval_files.sign_file(key, OTHER, timedelta(hours=1), path, clock=desk.clock)
    path.write_text(json.dumps({**json.loads(path.read_text()), "binding": PLAN}))
    assert refusal(redeem) == "A28"
    for text in ("", "[]", "{}", "\x00"):
        path.write_text(text)
        with pytest.raises(UnsandboxError):
            redeem()
    # A removed person's key opens nothing.
    approval_files.sign_file(key, PLAN, timedelta(hours=1), path, clock=desk.clock)
    desk.approve(approvers.removal(desk.settings, "anna"), "anna")
    approvers.remove(desk.settings, "anna", clock=desk.clock)
    assert refusal(redeem) == "A28"


def test_one_file_presented_by_many_is_used_once(desk: Desk, key: approval_files.SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "approval.json"
    approval_files.sign_file(key, PLAN, timedelta(hours=1), path, clock=desk.clock)
    start = threading.Barrier(6)

    def redeem(_: int) -> str:
        start.wait()
        try:
            return approval_files.redeem_file(desk.settings, path, PLAN, clock=desk.clock).by
        except Refused as error:
            return error.rule

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(redeem, range(6))) == ["A29"] * 5 + ["anna"]


def test_nobody_gives_a_key_to_somebody_else(desk: Desk) -> None:
    desk.enrol("bert", voucher="anna")
    made = approval_files.new_key("bert")
    desk.approve(approvers.keying(desk.settings, "bert", made.public), "anna")
    with pytest.raises(Refused, match="anna cannot enrol a key for bert"):
        approvers.enrol_key(desk.settings, "bert", made.public, clock=desk.clock)
    assert [found.public_key for found in approvers.list_approvers(desk.settings)] == ["", ""]


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    made = approval_files.new_key("anna")
    approval_files.write_key(made, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert approval_files.read_key(path) == made
    with pytest.raises(UsageError, match="cannot be written"):
        approval_files.write_key(made, path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="can be opened by others"):
        approval_files.read_key(path)
    path.chmod(0o600)
    path.write_text(path.read_text().replace("v1", "v9"))
    with pytest.raises(UsageError, match="not a key file"):
        approval_files.read_key(path)
    with pytest.raises(UsageError):
        approval_files.read_key(tmp_path / "absent")
