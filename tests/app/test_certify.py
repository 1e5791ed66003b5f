"""Certifying and settling on a real journal: what a second pass finds, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.app.certify import certify
from reconciler.app.settle import open_questions, settle
from reconciler.engine.certify import Withheld, certification, index_of
from reconciler.engine.recover import Verdict, recover
from reconciler.model.records import Intent, Known, Outcome, PowerRecord, Writer
from reconciler.store.journal import Journal
from tests.engine.test_recover import AT, EXPECTED, OURS, WORLDS, at_h1, cut_off
from tests.engine.worlds import build
from tests.properties.worlds import cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TWO = {"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}, {"of": "db"}]}}}
ONE = {"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def look(journal: Journal, case: dict[str, Any], **withheld: set[str]) -> None:
    desired, observed, _ = build(case)
    certify(journal, observed, desired, withheld.get("hosts", set()), withheld.get("refs", set()), withheld.get("pending", set()))


def test_a_pass_that_saw_nothing_new_writes_nothing(journal: Journal) -> None:
    look(journal, TWO)
    before = journal.verify()
    look(journal, TWO)
    assert journal.verify() == before
    assert set(journal.known()) == {"uuid-web", "uuid-db"}


def test_what_vanished_is_forgotten_and_what_was_refused_is_not(journal: Journal) -> None:
    look(journal, TWO)
    look(journal, ONE, refs={"Service/db"})
    assert set(journal.known()) == {"uuid-web", "uuid-db"}
    look(journal, ONE, hosts={"h1"})
    assert set(journal.known()) == {"uuid-web", "uuid-db"}
    look(journal, ONE)
    assert set(journal.known()) == {"uuid-web"}
    _, observed, _ = build(ONE)
    assert journal.ledger(observed.at).certified["h1"].count == 1


def test_a_power_call_that_was_made_is_remembered_as_ours(journal: Journal) -> None:
    """Killed between the freeze and its outcome: otherwise nobody knows afterwards who froze it."""
    _, observed, _ = build(at_h1(status="frozen"))
    journal.intend(cut_off("SetPower:freeze"))
    assert settle(journal, observed) == {}
    assert journal.ledger(observed.at).powers == {"uuid-web": PowerRecord("frozen", Writer.GIT)}
    assert journal.entries(None, 1)[0].outcome is Outcome.DONE


def test_a_power_call_that_was_not_made_is_not_remembered(journal: Journal) -> None:
    _, observed, _ = build(at_h1())
    journal.intend(cut_off("SetPower:freeze"))
    settle(journal, observed)
    assert journal.ledger(observed.at).powers == {}
    assert journal.entries(None, 1)[0].outcome is Outcome.SKIPPED


def test_what_was_deleted_is_no_longer_known(journal: Journal) -> None:
    """Otherwise what a replace makes next would look as if somebody else had made it."""
    look(journal, ONE)
    journal.intend(cut_off("DeleteInstance"))
    _, observed, _ = build(WORLDS["absent"])
    settle(journal, observed)
    assert journal.known() == {}


def test_what_cannot_be_told_stays_open_and_is_told_without_writing(journal: Journal) -> None:
    journal.intend(cut_off("CreateInstance"))
    journal.record("i", Outcome.UNKNOWN, detail="host-unreachable: no answer in time", at=AT)
    _, observed, _ = build(WORLDS["another's mark"])
    before = journal.verify()
    questions = open_questions(journal, observed)
    assert questions == settle(journal, observed)
    assert questions[("h1", "svc-web")][0] == "CreateInstance"
    assert journal.verify() == before
    assert [intent.id for intent in journal.dangling()] == ["i"]


def test_a_create_that_succeeded_after_its_time_out_is_found(journal: Journal) -> None:
    journal.intend(cut_off("CreateInstance", ""))
    journal.record("i", Outcome.UNKNOWN, detail="host-unreachable: no answer in time", at=AT)
    _, observed, _ = build(at_h1(uuid="new", config=OURS))
    assert settle(journal, observed) == {}
    assert journal.entries(None, 1)[0].outcome is Outcome.DONE


def test_a_known_object_is_what_the_ledger_gives(journal: Journal) -> None:
    look(journal, ONE)
    _, observed, _ = build(ONE)
    (known,) = journal.ledger(observed.at).known.values()
    assert isinstance(known, Known)
    assert (known.ref, known.host, known.instance, known.uid) == ("Service/web", "h1", "svc-web", "uid-web")


@settings(max_examples=80, deadline=None)
@given(cases(), cases())
def test_what_is_certified_of_one_host_is_what_a_look_at_all_would_certify(before: dict[str, Any], case: dict[str, Any]) -> None:
    """By an index of the world as it is, and by one that was made before this host alone was looked at again."""
    desired, observed, ledger = build(case)
    _, earlier, _ = build(before)
    whole = {record.host.host: record for record in certification(observed, desired, ledger.known, Withheld())}
    for host in observed.hosts:
        others = replace(observed, hosts={**observed.hosts, **{name: view for name, view in earlier.hosts.items() if name == host}})
        for seen in (observed, others):
            index = index_of(seen, desired, ledger.known)
            withheld = Withheld(hosts=frozenset(observed.hosts) - {host})
            found = list(certification(observed, desired, ledger.known, withheld, index_of(seen, desired, ledger.known, index)))
            assert found == [record for name, record in whole.items() if name == host]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(EXPECTED)), st.sampled_from(["", "uuid-web"]), st.booleans()), max_size=6),
    st.sampled_from(sorted(WORLDS)),
)
def test_settling_twice_is_settling_once(tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, str, bool]], world: str) -> None:
    """And it writes ``done`` for nothing that the world does not show."""
    _, observed, _ = build(WORLDS[world])
    intents = [Intent(f"i{n}", "plan-1", "h1", "Service/web", "svc-web", call, AT, uuid=uuid) for n, (call, uuid, _) in enumerate(calls)]
    with Journal(tmp_path_factory.mktemp("settle") / "journal.db") as journal:
        for intent, (_, _, lost) in zip(intents, calls, strict=True):
            journal.intend(intent)
            if lost:
                journal.record(intent.id, Outcome.UNKNOWN, detail="", at=AT)
        first = settle(journal, observed)
        after = journal.verify()
        assert (settle(journal, observed), journal.verify()) == (first, after)
        assert after.why == ""
        outcomes = {row.id: row.outcome for row in journal.entries(None, 99)}
        for intent in intents:
            shown = recover(intent, observed).verdict
            assert (outcomes[intent.id] is Outcome.DONE) == (shown is Verdict.DONE)
            assert (outcomes[intent.id] is Outcome.SKIPPED) == (shown is Verdict.REDO)
