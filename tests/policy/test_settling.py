"""After a crash between row, mark and run: what becomes of each claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.execute import Cell, Claim, ClaimState
from reconciler.model.names import cell_ref
from reconciler.model.world import Grade, HostView
from reconciler.policy.settling import SLACK, STRAY, settle_claims
from tests.engine.worlds import build
from tests.policy.cells import AT, OWNER, claim

MARK = f"7:{OWNER}"
LATE = AT + SLACK + 1


def look(mark: str | None = None, at: float = LATE, grade: Grade = Grade.COMPLETE, *, there: bool = True) -> dict[str, HostView]:
    config = {"user.unsandbox.claim": mark} if mark is not None else {}
    rows = [{"kind": "cell", "of": "py-0", "config": config}] if there else []
    view = build({"pools": {"py": {"size": 1}}, "hosts": {"h1": {"rows": rows}}})[1].hosts["h1"]
    return {"h1": replace(view, grade=grade, seen_at=datetime.fromtimestamp(at, UTC))}


def told(had: Claim, views: dict[str, HostView], *dead: str, at: float = LATE) -> list[tuple[str, str]]:
    return [(settled.what.value, settled.why) for settled in settle_claims((had,), views, frozenset(dead), "default", at)]


ENDED = [("spend", "the process that had it ended")]
GONE = [("spend", "the cell is gone")]
LOST = [("spend", "its mark is not the one that was written")]
FORGOTTEN = [("forget", "the cell is gone")]


@pytest.mark.parametrize(
    ("had", "views", "dead", "at", "expect"),
    [
        # A row without its mark: its process may be about to write it, unless it ended.
        (claim(), look(), (), LATE, []),
        (claim(), look(), ("p1",), LATE, ENDED),
        (claim(), look(), ("p2",), LATE, []),
        (claim(), {}, ("p1",), LATE, ENDED),
        # With its mark.
        (replace(claim(), marked=True), look(MARK), (), LATE, []),
        (replace(claim(), marked=True), look(MARK), ("p1",), LATE, ENDED),
        (replace(claim(), marked=True), look(), (), LATE, LOST),
        (replace(claim(), marked=True), look(f"8:{OWNER}"), (), LATE, LOST),
        # A look that began before the claim, or of a host that is not seen in full, tells nothing.
        (replace(claim(), marked=True), look(at=AT + SLACK - 1), (), LATE, []),
        (replace(claim(), marked=True), look(grade=Grade.PARTIAL), (), LATE, []),
        (claim(), look(there=False, at=AT), (), LATE, []),
        (claim(), look(there=False, grade=Grade.UNSEEN), (), LATE, []),
        (claim(), look(there=False), (), LATE, GONE),
        # It is over.
        (claim(), look(), (), AT + 60 + SLACK - 1, []),
        (claim(), look(), (), AT + 60 + SLACK, [("spend", "its run is overdue")]),
        (claim(ClaimState.KEPT), look(MARK), (), AT + 59, []),
        (claim(ClaimState.KEPT), look(MARK), ("p1",), AT + 59, []),
        (claim(ClaimState.KEPT), look(MARK), (), AT + 60, [("spend", "its time is over")]),
        (claim(ClaimState.STRAY), look(MARK), (), AT + 60, [("spend", "its time is over")]),
        # What is spent is forgotten once it is gone, and not before.
        (claim(ClaimState.SPENT, until=0), look("spent:7"), ("p1",), LATE, []),
        (claim(ClaimState.SPENT, until=0), look(there=False), (), LATE, FORGOTTEN),
        (claim(ClaimState.SPENT, until=0), look(there=False, at=AT), (), LATE, []),
        (claim(ClaimState.SPENT, until=0), look(there=False, grade=Grade.PARTIAL), (), LATE, []),
    ],
)
def test_what_becomes_of_a_claim(
    had: Claim, views: dict[str, HostView], dead: tuple[str, ...], at: float, expect: list[tuple[str, str]]
) -> None:
    assert told(had, views, *dead, at=at) == expect


def test_what_is_out_of_sight_may_have_moved_elsewhere() -> None:
    views = look(there=False)
    elsewhere = replace(views["h1"], host="h2", grade=Grade.PARTIAL)
    assert told(claim(), {**views, "h2": elsewhere}) == []


def test_a_mark_without_a_row_is_written_down_until_its_run_must_be_over() -> None:
    found = list(settle_claims((), look(MARK), frozenset(), "default", LATE))
    assert [settled.what.value for settled in found] == ["adopt"]
    cell = Cell("uuid-py-0", cell_ref("py", 0), "h1", "cell-py-0")
    assert found[0].claim == Claim(cell, 7, OWNER, ClaimState.STRAY, "", LATE, LATE + STRAY, marked=True)


@pytest.mark.parametrize("mark", [None, "spent:7", "Session/shell", "key-7", "7:", f"0:{OWNER}", f"7:{OWNER}\n", "7:SHOUTED12345678"])
def test_a_mark_of_another_kind_is_left_to_others(mark: str | None) -> None:
    assert list(settle_claims((), look(mark), frozenset(), "default", LATE)) == []


def test_what_belongs_to_another_environment_is_left_alone() -> None:
    assert list(settle_claims((), look(MARK), frozenset(), "other", LATE)) == []


def test_settling_twice_settles_nothing_more() -> None:
    spent = replace(claim(), state=ClaimState.SPENT, until=LATE)
    assert told(spent, look(), "p1", at=LATE + timedelta(hours=1).total_seconds()) == []
