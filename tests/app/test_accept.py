"""Accepting on a real journal: what the guard goes by afterwards, until when, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from reconciler.app import approvers
from reconciler.app.accept import accept, approve, choose
from reconciler.app.clock import now
from reconciler.app.planning import decide
from reconciler.app.settings import Settings
from reconciler.engine.select import Scope
from reconciler.errors import Refused, UsageError
from reconciler.model.records import Applied, Intent, Outcome
from reconciler.model.resources import Approval
from reconciler.store.journal import FILE_NAME, Journal
from tests.engine.worlds import build

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.accept import Proposal
    from reconciler.app.planning import Made

ACTOR = "anna@desk"
RESTORED: dict[str, Any] = {
    "services": {"web": {"memory": 128}, "db": {"memory": 128}},
    "hosts": {"h1": {"rows": [{"of": "web"}, {"of": "db"}]}},
    "known": {"uuid-web": {"generation": "g0"}, "uuid-db": {"generation": "g0"}},
}
"""Both were restored from a snapshot, and both differ from their manifests: O18."""
LEAVING: dict[str, Any] = {
    "hosts": {"h1": {"rows": [{"of": "web"}]}},
    "known": {"uuid-web": {"generation": "g0"}},
}
"""One that is to be destroyed, and was restored from a snapshot."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "state", tmp_path / "config", actor=ACTOR)


def made(case: dict[str, Any], settings: Settings | None = None) -> Made:
    """The plan of a case, with the acceptances that the journal holds."""
    desired, observed, ledger = build(case)
    if settings is not None:
        with Journal(settings.state_dir / FILE_NAME) as journal:
            ledger = replace(ledger, accepted=journal.ledger(now()).accepted)
    return decide(desired, observed, ledger, Scope())


def refused(result: Made) -> set[tuple[str, str]]:
    return {(item.code, item.ref) for item in result.plan.refusals}


def chosen(case: dict[str, Any], code: str = "O18", ref: str = "Service/web", *, all_alike: bool = False) -> Proposal:
    return choose(made(case), ACTOR, (code, ref, None), all_alike=all_alike)


def test_one_is_accepted_and_the_next_plan_goes_by_it(settings: Settings) -> None:
    assert refused(made(RESTORED)) == {("O18", "Service/web"), ("O18", "Service/db")}
    accept(settings, chosen(RESTORED), reason="restored on purpose")
    after = made(RESTORED, settings)
    assert refused(after) == {("O18", "Service/db")}
    assert {item.ref for item in after.plan.actions} == {"Service/web"}


def test_those_alike_are_accepted_with_it_only_when_asked(settings: Settings) -> None:
    named = chosen(RESTORED)
    assert ([item.ref for item in named.refusals], [item.ref for item in named.others]) == (["Service/web"], ["Service/db"])
    every = chosen(RESTORED, all_alike=True)
    assert ([item.ref for item in every.refusals], every.others) == (["Service/web", "Service/db"], ())
    accept(settings, every, reason="")
    assert refused(made(RESTORED, settings)) == set()


def test_it_holds_for_exactly_the_evidence_that_was_seen(settings: Settings) -> None:
    accept(settings, chosen(RESTORED), reason="")
    again = {**RESTORED, "known": {"uuid-web": {"generation": "g9"}, "uuid-db": {"generation": "g0"}}}
    assert ("O18", "Service/web") in refused(made(again, settings))


def test_it_ends(settings: Settings) -> None:
    until = accept(settings, chosen(RESTORED), reason="", life=timedelta(hours=2))
    with Journal(settings.state_dir / FILE_NAME) as journal:
        assert len(journal.ledger(until - timedelta(seconds=1)).accepted) == 1
        assert journal.ledger(until).accepted == frozenset()


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(days=31)])
def test_it_cannot_last(settings: Settings, life: timedelta) -> None:
    with pytest.raises(UsageError, match="30 days"):
        accept(settings, chosen(RESTORED), reason="", life=life)
    assert refused(made(RESTORED, settings)) == refused(made(RESTORED))


def test_who_and_why_are_in_the_chain(settings: Settings) -> None:
    accept(settings, chosen(RESTORED), reason="restored on purpose")
    with Journal(settings.state_dir / FILE_NAME) as journal:
        (row,) = journal._rows("select * from accepted", {})  # noqa: SLF001 - the row as somebody with SQLite reads it
        assert (row["by"], row["reason"], row["code"], row["ref"]) == (ACTOR, "restored on purpose", "O18", "Service/web")
        assert journal.verify().why == ""


@pytest.mark.parametrize(
    ("code", "ref", "message"),
    [
        ("O17", "Service/web", "nothing is refused with O17 for Service/web; refused for it: O18"),
        ("O18", "Service/other", "nothing is refused with O18 for Service/other"),
        ("Z99", "Service/web", "nothing is refused with Z99"),
    ],
)
def test_what_is_not_refused_cannot_be_accepted(code: str, ref: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(RESTORED, code, ref)


def test_one_that_is_refused_on_two_hosts_wants_the_host() -> None:
    result = made(RESTORED)
    twice = tuple(replace(item, host=host) for item in result.plan.refusals for host in ("h1", "h2"))
    result = replace(result, plan=replace(result.plan, refusals=twice))
    with pytest.raises(UsageError, match="on h1, h2"):
        choose(result, ACTOR, ("O18", "Service/web", None), all_alike=False)
    assert choose(result, ACTOR, ("O18", "Service/web", "h2"), all_alike=False).refusals[0].host == "h2"


def test_a_rule_that_leaves_nothing_to_a_person_is_a_refusal() -> None:
    unseen = {"services": {"web": {"host": "h1"}}, "hosts": {"h1": {"grade": "unseen"}}}
    (refusal,) = made(unseen).plan.refusals
    with pytest.raises(Refused, match="not left to a person") as caught:
        chosen(unseen, refusal.code)
    assert caught.value.exit_status == 3


def enrol(settings: Settings) -> str:
    """Anna, with one of her recovery codes, for which the second that it is typed in does not matter."""
    enrolment = approvers.new_enrolment(settings, "anna")
    approvers.enrol(settings, enrolment, pyotp.TOTP(enrolment.secret).now())
    return enrolment.recovery[0]


def test_what_lets_something_be_destroyed_wants_a_person(settings: Settings) -> None:
    proposal = chosen(LEAVING)
    assert proposal.binding
    with pytest.raises(Refused, match="one-time code"):
        accept(settings, proposal, reason="")
    code = enrol(settings)
    with pytest.raises(Refused, match="one-time code"):
        accept(settings, proposal, reason="")
    approve(settings, proposal, "anna", code)
    accept(settings, proposal, reason="")
    with Journal(settings.state_dir / FILE_NAME) as journal:
        assert len(journal.ledger(now()).accepted) == 1
    with pytest.raises(Refused, match="one-time code"):
        accept(settings, proposal, reason="used once")


def test_an_approval_of_one_thing_is_none_of_another(settings: Settings) -> None:
    proposal, code = chosen(LEAVING), enrol(settings)
    other = chosen({**LEAVING, "known": {"uuid-web": {"generation": "g7"}}})
    approve(settings, other, "anna", code)
    with pytest.raises(Refused, match="one-time code"):
        accept(settings, proposal, reason="")


def test_no_approval_is_asked_where_the_policy_says_so_or_nothing_is_destroyed() -> None:
    assert chosen(RESTORED).binding == ""
    desired, observed, ledger = build(LEAVING)
    off = replace(desired, policy=replace(desired.policy, approval=Approval.OFF))
    for applied, asked in ((None, False), (Applied("c", "d", "t", approval=False), False), (Applied("c", "d", "t", approval=True), True)):
        result = decide(off, observed, replace(ledger, applied=applied), Scope())
        assert bool(choose(result, ACTOR, ("O18", "Service/web", None), all_alike=False).binding) is asked


def test_accepting_that_the_circuit_is_open_closes_it(settings: Settings) -> None:
    case = {**LEAVING, "known": {"uuid-web": {}}, "circuit": "3 of 4 hosts are out of sight"}
    proposal, code = chosen(case, "F02"), enrol(settings)
    with Journal(settings.state_dir / FILE_NAME) as journal:
        journal.open_circuit("3 of 4 hosts are out of sight", at=now().isoformat(timespec="milliseconds"))
    approve(settings, proposal, "anna", code)
    accept(settings, proposal, reason="they are back")
    with Journal(settings.state_dir / FILE_NAME) as journal:
        assert journal.ledger(now()).circuit == ""
        (row,) = journal._rows("select by from circuit", {})  # noqa: SLF001 - as above
        assert row["by"] == ACTOR


def test_accepting_an_open_call_closes_its_question_for_good(settings: Settings) -> None:
    at = now().isoformat(timespec="milliseconds")
    case = {
        "services": {"web": {}},
        "hosts": {"h1": {"rows": [], "operations": [{"doing": "Creating container", "instance": "svc-web"}]}},
        "open": [{"host": "h1", "instance": "svc-web", "call": "SetPower:start"}],
    }
    result = made(case)
    codes = {item.code for item in result.plan.refusals if item.ref == "Service/web"}
    assert codes == {"P09"}
    with Journal(settings.state_dir / FILE_NAME) as journal:
        journal.intend(Intent("mine", "p", "h1", "Service/web", "svc-web", "CreateInstance", at))
        journal.intend(Intent("other", "p", "h1", "Service/db", "svc-db", "SomethingNewer", at))
    accept(settings, choose(result, ACTOR, ("P09", "Service/web", None), all_alike=False), reason="it never came")
    with Journal(settings.state_dir / FILE_NAME) as journal:
        assert [item.id for item in journal.dangling()] == ["other"]
        outcome = next(item for item in journal.entries(None, 9) if item.id == "mine")
    assert (outcome.outcome, outcome.detail) == (Outcome.SKIPPED, f"given up by {ACTOR}: it never came")
