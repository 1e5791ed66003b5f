from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.records import Applied, Certified, Intent, Known, Outcome, PowerRecord, Writer
from reconciler.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT = "2026-01-01T12:00:00.000+00:00"
OLD_FILE = Path(__file__).parent / "before_the_chain.db"
WEB = Known("u1", "Service/web", "uid-1", "h1", "svc-web", "g1", "", "d1")
H1 = Certified("h1", "lxd1", 1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def entries(journal: Journal) -> int:
    return int(journal._rows("select count(*) as n from chain", {})[0]["n"])  # noqa: SLF001 - whether anything was written has no other sign


def deed(number: int, seconds_ago: float, outcome: Outcome | None) -> tuple[Intent, Outcome | None]:
    at = (NOW - timedelta(seconds=seconds_ago)).isoformat(timespec="milliseconds")
    made = Intent(
        f"i{number}",
        "p",
        "h1",
        "Service/web",
        "svc-web",
        "UpdateInstance",
        at,
        uuid="u1",
        action="update",
        owner="anna",
        paths="cpu memory",
    )
    return made, outcome


def test_deeds_are_the_calls_of_the_last_hour_oldest_first(journal: Journal) -> None:
    outcomes = [(3601, Outcome.DONE), (3599, Outcome.DONE), (30, Outcome.FAILED), (20, Outcome.UNKNOWN), (10, None), (5, Outcome.SKIPPED)]
    for number, (seconds, outcome) in enumerate(outcomes):
        intent, outcome = deed(number, seconds, outcome)  # noqa: PLW2901 - the pair that it makes
        journal.intend(intent)
        if outcome:
            journal.record(intent.id, outcome, detail="", at=AT)
    deeds = journal.ledger(NOW).deeds
    assert [(NOW - item.at).total_seconds() for item in deeds] == [3599, 30, 20, 10]
    assert [item.done for item in deeds] == [True, False, True, True], "what may have happened counts against a budget"
    assert (deeds[0].call, deeds[0].action, deeds[0].owner, deeds[0].uuid) == ("UpdateInstance", "update", "anna", "u1")
    assert deeds[0].paths == ("cpu", "memory")


def begun(number: int, plan: str, outcome: Outcome | None) -> tuple[Intent, Outcome | None]:
    return Intent(f"c{number}", plan, "h1", "Service/web", "svc-web", "CreateInstance", AT), outcome


def test_what_was_begun_is_every_create_that_was_never_heard_to_be_done(journal: Journal) -> None:
    told = [
        begun(1, "done", Outcome.DONE),
        begun(2, "open", None),
        begun(3, "failed", Outcome.FAILED),
        begun(4, "lost", Outcome.UNKNOWN),
        begun(5, "settled", Outcome.SKIPPED),
        begun(6, "again", Outcome.FAILED),
        begun(7, "again", Outcome.DONE),
        deed(8, 5, Outcome.FAILED),
    ]
    for intent, outcome in told:
        journal.intend(intent)
        if outcome:
            journal.record(intent.id, outcome, detail="", at=AT)
    assert journal.ledger(NOW).begun == {("h1", "svc-web", plan) for plan in ("open", "failed", "lost", "settled")}


def test_what_was_being_deleted_is_every_delete_that_was_never_heard_to_be_done(journal: Journal) -> None:
    for outcome in (None, *Outcome):
        uuid = f"u-{outcome or 'open'}"
        journal.intend(Intent(uuid, "p", "h1", "Service/web", "svc-web", "DeleteInstance", AT, uuid=uuid))
        if outcome:
            journal.record(uuid, outcome, detail="", at=AT)
    journal.intend(Intent("x", "p", "h1", "Service/web", "svc-web", "DeleteInstance", AT))
    assert journal.ledger(NOW).ending == {"u-open", "u-failed", "u-skipped", "u-unknown"}


def test_what_was_certified_comes_back(journal: Journal) -> None:
    assert journal.certify(H1, [WEB], [], at=AT)
    ledger = journal.ledger(NOW)
    assert (ledger.known, ledger.certified) == ({"u1": WEB}, {"h1": H1})


def test_certifying_the_same_again_writes_nothing(journal: Journal) -> None:
    journal.certify(H1, [WEB], [], at=AT)
    before = entries(journal)
    assert not journal.certify(H1, [WEB], ["never-known"], at=AT)
    assert entries(journal) == before


def test_certifying_a_change_writes_the_change_alone(journal: Journal) -> None:
    other = replace(WEB, uuid="u2", ref="Service/db", instance="svc-db")
    journal.certify(replace(H1, count=2), [WEB, other], [], at=AT)
    moved = replace(WEB, generation="g2")
    assert journal.certify(H1, [moved], ["u2"], at=AT)
    assert journal.ledger(NOW).known == {"u1": moved}
    (body,) = (row["body"] for row in journal._rows("select body from chain order by seq desc limit 1", {}))  # noqa: SLF001 - as above
    assert (body.count('"put"'), body.count('"drop"')) == (2, 1)


def test_one_host_is_certified_without_the_others(journal: Journal) -> None:
    journal.certify(H1, [WEB], [], at=AT)
    far = replace(WEB, uuid="u9", host="h2")
    journal.certify(Certified("h2", "lxd2", 1), [far], [], at=AT)
    journal.certify(Certified("h2", "lxd2", 0), [], ["u9"], at=AT)
    assert set(journal.ledger(NOW).known) == {"u1"} == set(journal.known())
    assert set(journal.ledger(NOW).certified) == {"h1", "h2"}


def test_an_object_that_moved_is_known_once(journal: Journal) -> None:
    journal.certify(H1, [WEB], [], at=AT)
    moved = replace(WEB, host="h2")
    journal.certify(Certified("h2", "lxd2", 1), [moved], [], at=AT)
    assert journal.known() == {"u1": moved}


def test_a_known_object_is_forgotten(journal: Journal) -> None:
    journal.certify(H1, [WEB], [], at=AT)
    journal.forget_known("u1", at=AT)
    written = entries(journal)
    journal.forget_known("u1", at=AT)
    assert (journal.ledger(NOW).known, entries(journal)) == ({}, written)


def test_the_last_apply_is_remembered_once(journal: Journal) -> None:
    first = Applied("c0ffee", "d1", "unsandbox 1", approval=True)
    journal.applied(first, at=AT)
    written = entries(journal)
    journal.applied(first, at=AT)
    assert (journal.ledger(NOW).applied, entries(journal)) == (first, written)
    journal.applied(replace(first, approval=False), at=AT)
    assert journal.ledger(NOW).applied == replace(first, approval=False)


def test_the_circuit_keeps_its_first_reason_until_a_person_closes_it(journal: Journal) -> None:
    assert journal.ledger(NOW).circuit == ""
    journal.open_circuit("3 of 4 hosts unseen", at=AT)
    journal.open_circuit("4 of 4 hosts unseen", at=AT)
    assert journal.ledger(NOW).circuit == "3 of 4 hosts unseen"
    journal.close_circuit(at=AT, by="anna@desk")
    written = entries(journal)
    journal.close_circuit(at=AT, by="anna@desk")
    assert (journal.ledger(NOW).circuit, entries(journal)) == ("", written)


def acceptance(digest: str, until: str) -> dict[str, str]:
    words = dict.fromkeys(("code", "ref", "host", "action", "evidence", "by", "reason"), "x")
    return {**words, "digest": digest, "at": AT, "until": until}


def test_an_acceptance_ends(journal: Journal) -> None:
    journal.accept(acceptance("d1", "2026-01-01T12:00:01.000+00:00"))
    assert journal.ledger(NOW).accepted == frozenset({"d1"})
    assert journal.ledger(NOW + timedelta(seconds=1)).accepted == frozenset()


def test_an_acceptance_with_a_field_missing_is_not_written(journal: Journal) -> None:
    with pytest.raises(ValueError, match="until"):
        journal.accept({key: value for key, value in acceptance("d1", AT).items() if key != "until"})
    assert journal.ledger(NOW - timedelta(days=1)).accepted == frozenset()


def test_a_plan_is_used_once_whoever_is_first(tmp_path: Path) -> None:
    """Eight processes' worth of connections, not threads of one: the transaction decides, not the lock."""
    journals = [Journal(tmp_path / "journal.db") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda item: item.use_plan("plan-1", by="anna@desk", at=AT), journals))
    assert won.count(True) == 1
    assert (journals[0].plan_used("plan-1"), journals[0].plan_used("plan-2")) == (True, False)
    for item in journals:
        item.close()


def test_a_file_from_before_the_chain_opens_with_all_it_held(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    shutil.copy(OLD_FILE, path)
    with Journal(path) as journal:
        assert [row.id for row in journal.entries(None, 9)] == ["i4", "i3", "i2", "i1", "i0"]
        assert [row.id for row in journal.dangling()] == ["i3", "i4"]
        assert journal.entries(None, 1)[0].term == "", "a column it did not have is empty"
        ledger = journal.ledger(datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
        assert ledger.powers == {"u0": PowerRecord("running", Writer.GIT)}
        assert ledger.ended == frozenset({"s1"})
        assert [(item.call, item.done) for item in ledger.deeds][2:] == [
            ("CreateInstance", False),
            ("CreateInstance", True),
            ("DeleteInstance", True),
        ]
        written = entries(journal)
        journal.intend(Intent("i9", "p", "h1", "Service/web", "svc-web", "CreateInstance", AT, action="create"))
    with Journal(path) as journal:
        assert entries(journal) == written + 1, "opening it once more takes nothing in twice"
        assert journal.entries(None, 1)[0].action == "create"


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(StateError, match="version 99") as caught:
        Journal(path)
    assert "mv" not in caught.value.hint, "a good file is not to be thrown away"
