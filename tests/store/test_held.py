"""The ledger in memory is never another than the one in the file, whoever wrote and whatever failed."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StateError
from reconciler.model.records import Applied, Certified, Intent, Outcome, PowerRecord, Writer
from reconciler.store.journal import Journal
from tests.store.test_ledger import AT, H1, NOW, WEB, acceptance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from reconciler.model.records import Ledger

CALLS = ("CreateInstance", "DeleteInstance", "SetPower:start")


def at(number: int) -> str:
    return (NOW - timedelta(minutes=7 * number)).isoformat(timespec="milliseconds")


def intend(journal: Journal, number: int) -> None:
    call = CALLS[number % 3]
    journal.intend(Intent(f"i{number}", f"p{number % 2}", "h1", f"Service/s{number % 2}", "svc", call, at(number), uuid=f"u{number % 4}"))


def twice(journal: Journal, number: int) -> None:
    """The second of the same id is refused by the table: nothing of it may stay in memory."""
    for _ in range(2):
        try:
            intend(journal, number)
        except StateError:
            return


def outcome(journal: Journal, number: int) -> None:
    power = PowerRecord("frozen", Writer.GIT) if number % 2 else None
    journal.record(f"i{number}", list(Outcome)[number % 4], detail="", at=AT, uuid=f"u{number % 4}", power=power, gone=number % 3 == 1)


WRITES: list[Callable[[Journal, int], object]] = [
    twice,
    outcome,
    lambda journal, number: journal.certify(Certified("h1", "lxd1", number % 3), [replace(WEB, uuid=f"u{number % 5}")], ["u3"], at=AT),
    lambda journal, number: journal.certify(Certified(f"h{number}", "", 0), [], [f"u{number % 5}"], at=AT),
    lambda journal, number: journal.power_set(f"u{number % 4}", "running", Writer.API, AT),
    lambda journal, number: journal.session_ended(f"s{9 - number % 10}", "Session/a", AT),
    lambda journal, number: journal.applied(Applied(f"c{number % 3}", "d", "t", approval=number % 2 == 0), at=AT),
    lambda journal, number: journal.open_circuit(f"why {number}", at=AT),
    lambda journal, _: journal.close_circuit(at=AT, by="anna"),
    lambda journal, number: journal.accept(acceptance(f"d{number % 3}", at(number % 5 - 2))),
    lambda journal, number: journal.forget_known(f"u{number % 5}", at=AT),
]

STEPS = st.tuples(st.integers(0, 2), st.integers(0, len(WRITES) - 1), st.integers(0, 11), st.integers(-200, 200))


def spread(ledger: Ledger) -> list[object]:
    """With the order of every table, on which the words of a refusal may depend."""
    return [ledger, *(list(table.items()) for table in (ledger.known, ledger.certified, ledger.powers))]


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_it_is_that_of_a_fresh_reading_after_any_writes_of_two(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, ...]]
) -> None:
    path = tmp_path_factory.mktemp("held") / "journal.db"
    with Journal(path) as one, Journal(path) as other:
        for who, choice, number, minutes in steps:
            if who < 2:
                WRITES[choice]((one, other)[who], number)
            now = NOW + timedelta(minutes=minutes)
            with Journal(path) as fresh:
                expected = spread(fresh.ledger(now))
            assert spread(one.ledger(now)) == expected
            assert spread(other.ledger(now)) == expected


def test_what_was_given_out_does_not_change(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.certify(H1, [WEB], [], at=AT)
        before = journal.ledger(NOW)
        journal.forget_known("u1", at=AT)
        journal.power_set("u1", "frozen", Writer.GIT, AT)
        assert (set(before.known), dict(before.powers)) == ({"u1"}, {})
        assert (dict(journal.ledger(NOW).known), set(journal.ledger(NOW).powers)) == ({}, {"u1"})


def test_what_another_certified_is_certified_against(tmp_path: Path) -> None:
    """The first believes that nothing differs; the other has taken the object out since."""
    with Journal(tmp_path / "journal.db") as one, Journal(tmp_path / "journal.db") as other:
        one.certify(H1, [WEB], [], at=AT)
        other.forget_known("u1", at=AT)
        assert one.certify(H1, [WEB], [], at=AT)
        assert dict(other.known()) == {"u1": WEB}


def test_nothing_is_read_again_while_nobody_else_wrote(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.certify(H1, [WEB], [], at=AT)
        held = journal._held  # noqa: SLF001 - whether the file was read has no other sign
        journal.ledger(NOW)
        journal.power_set("u1", "frozen", Writer.GIT, AT)
        journal.ledger(NOW)
        assert held is not None
        assert journal._held is held  # noqa: SLF001 - as above


def test_a_call_is_kept_for_little_more_than_its_hour_and_in_few_bytes(tmp_path: Path) -> None:
    many, most, later = 80, 600, timedelta(minutes=75)
    with Journal(tmp_path / "journal.db") as journal:
        for number in range(20):
            _call(journal, number)
        journal.ledger(NOW)
        tracemalloc.start()
        try:
            for number in range(20, 20 + many):
                _call(journal, number)
            assert len(journal.ledger(NOW).deeds) == many + 20
            kept = tracemalloc.get_traced_memory()[0]
            assert kept < many * most
            assert not journal.ledger(NOW + later).deeds
            assert tracemalloc.get_traced_memory()[0] < kept / 2
        finally:
            tracemalloc.stop()


def _call(journal: Journal, number: int) -> None:
    journal.intend(Intent(f"{number:032}", "p", "h1", f"Service/s{number}", f"svc-s{number}", "SetPower:start", AT, uuid=f"{number:036}"))
    journal.record(f"{number:032}", Outcome.DONE, detail="", at=AT, uuid=f"{number:036}")


def test_what_was_deleted_has_no_power_any_more(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        for uuid in ("u1", "u2"):
            journal.power_set(uuid, "running", Writer.GIT, AT)
        journal.intend(Intent("i1", "p", "h1", "Service/web", "svc-web", "DeleteInstance", AT, uuid="u1"))
        journal.record("i1", Outcome.DONE, detail="", at=AT, uuid="u1", gone=True)
        assert set(journal.ledger(NOW).powers) == {"u2"}
        assert not journal.verify().why
