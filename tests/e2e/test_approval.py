"""What destroys waits for a person, through the real command on a real host."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest

from reconciler.app import approval_files, approvals, approvers
from reconciler.app.settings import Settings
from reconciler.policy.bindings import binding_of_plan
from tests.e2e.fleet import POLICY

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

ASKING = POLICY.replace('approval: "off"', "approval: required")


class Anna:
    """The one approver of a fleet, with her recovery codes: none of them waits for the next 30 seconds."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.settings = Settings(fleet.root, fleet.root / ".unsandbox", fleet.root / "config", actor="anna@desk")
        made = approvers.new_enrolment(self.settings, "anna")
        approvers.enrol(self.settings, made, pyotp.TOTP(made.secret).now())
        self.codes = list(made.recovery)

    def approve(self, plan: str = "plan.json") -> str:
        self.fleet.environ["UNSANDBOX_OTP"] = self.codes.pop()
        try:
            return self.fleet.run("approve", str(self.fleet.root / plan)).out
        finally:
            del self.fleet.environ["UNSANDBOX_OTP"]

    def key(self) -> None:
        """A signing key, made and enrolled."""
        made = approval_files.new_key("anna")
        approvals.approve_binding(self.settings, approvers.keying(self.settings, "anna", made.public), "anna", self.codes.pop())
        approvers.enrol_key(self.settings, "anna", made.public)
        approval_files.write_key(made, self.fleet.root / "anna.key")


@pytest.fixture
def asking(single: Fleet) -> Fleet:
    """Three services run, one of them is not declared any more, and destroying it needs a person."""
    single.write("manifests/policy.yaml", ASKING)
    single.services({"one": "", "two": "", "three": ""})
    single.run("apply", "--yes")
    single.services({"two": "", "three": ""})
    return single


def save(fleet: Fleet, name: str = "plan.json") -> str:
    fleet.run("plan", "--out", str(fleet.root / name), expect=2)
    return str(fleet.root / name)


def until_it_destroys(fleet: Fleet) -> None:
    """What left the manifests is put in quarantine first, which asks nobody; its grace is over at once."""
    for _ in range(3):
        actions = {row["action"] for row in fleet.run("plan", "--json", expect=None).json["actions"]}
        if "destroy" in actions:
            return
        assert actions == {"quarantine"}
        fleet.run("apply", "--yes")
    pytest.fail("nothing was ever to be destroyed")


def test_a_destroy_waits_for_a_code_and_uses_it_up(asking: Fleet) -> None:
    until_it_destroys(asking)
    plan = save(asking)
    for arguments in (("apply", "--yes"), ("apply", plan, "--yes")):
        refused = asking.run(*arguments, expect=3)
        assert "A30" in refused.err
    assert sorted(asking.statuses()) == ["svc-one", "svc-three", "svc-two"]

    anna = Anna(asking)
    assert "A30" in asking.run("apply", plan, "--yes", expect=3).err
    shown = anna.approve()
    assert "1 destroy" in shown
    assert "Service/one" in shown
    asking.run("apply", plan, "--yes")
    assert sorted(asking.statuses()) == ["svc-three", "svc-two"]
    with sqlite3.connect(asking.root / ".unsandbox" / "journal.db") as journal:
        notes = journal.execute("select kind, by from notes where kind like 'appro%' order by rowid").fetchall()
        actors = [actor for (actor,) in journal.execute("select actor from passes order by rowid")]
    journal.close()
    assert notes == [("approver-added", "anna@desk"), ("approved", "anna"), ("approval-used", "anna")]
    assert actors[-1].endswith("approved by anna")


def test_a_plan_shown_as_harmless_is_not_approved(asking: Fleet) -> None:
    """The file keeps its id and shows less: whoever approves it has not approved what the plan of that id does."""
    until_it_destroys(asking)
    anna = Anna(asking)
    plan = save(asking)
    whole = (asking.root / "plan.json").read_text()
    document = json.loads(whole)
    document["actions"] = [{**row, "action": "update"} for row in document["actions"]]
    (asking.root / "plan.json").write_text(json.dumps(document))
    assert "destroy" not in anna.approve()
    assert asking.run("apply", plan, "--yes", expect=None).status in {3, 5}
    (asking.root / "plan.json").write_text(whole)
    assert "A30" in asking.run("apply", plan, "--yes", expect=3).err
    assert "A30" in asking.run("apply", "--yes", expect=3).err
    assert sorted(asking.statuses()) == ["svc-one", "svc-three", "svc-two"]


def test_a_signed_file_lets_an_unattended_run_destroy_once(asking: Fleet) -> None:
    until_it_destroys(asking)
    anna = Anna(asking)
    anna.key()
    plan, file = save(asking), str(asking.root / "approval.json")
    stranger = approval_files.new_key("anna")
    approval_files.sign_file(stranger, binding_of_plan("x", ()), timedelta(hours=1), asking.root / "approval.json")
    assert "A28" in asking.run("apply", plan, "--yes", "--approval", file, expect=3).err
    asking.run("approve", plan, "--sign-with", str(asking.root / "anna.key"), "--out", file)
    asking.run("apply", plan, "--yes", "--approval", file)
    assert sorted(asking.statuses()) == ["svc-three", "svc-two"]

    asking.services({"three": ""})
    until_it_destroys(asking)
    assert "A29" in asking.run("apply", save(asking, "next.json"), "--yes", "--approval", file, expect=3).err
    assert sorted(asking.statuses()) == ["svc-three", "svc-two"]
