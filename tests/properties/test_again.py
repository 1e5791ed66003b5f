"""A diff beside the one before is the diff from the beginning, whatever moved in between: the world, the text, the journal, the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.diff import diff
from reconciler.model import marks
from reconciler.model.changes import Action, Changes
from reconciler.model.world import Status
from tests.bench import worlds as synthetic
from tests.engine.worlds import build
from tests.properties.worlds import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.world import Instance, Observed

    World = tuple[Desired, Observed, Ledger]

KINDS = ("same", "same", "time", "world", "text", "all")


def shared(observed: Observed, before: Observed) -> Observed:
    """The same world, its rows the objects of the one before where they are equal, as a look gives them."""
    known = {(view.host, row.name): row for view in before.hosts.values() for row in view.instances}

    def rows(host: str, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
        kept = tuple(known[host, row.name] if known.get((host, row.name)) == row else row for row in found)
        last = before.hosts[host].instances if host in before.hosts else ()
        return last if len(kept) == len(last) and all(one is other for one, other in zip(kept, last, strict=True)) else kept

    return replace(observed, hosts={name: replace(view, instances=rows(name, view.instances)) for name, view in observed.hosts.items()})


@given(st.lists(st.tuples(st.sampled_from(KINDS), cases(), st.integers(0, 200_000)), min_size=2, max_size=5))
def test_a_diff_beside_the_one_before_is_the_diff_from_the_beginning(steps: list[tuple[str, dict[str, Any], int]]) -> None:
    desired, observed, ledger = build(steps[0][1])
    last: Changes | None = None
    for kind, case, seconds in steps:
        other_desired, other_observed, other_ledger = build(case)
        if kind in {"text", "all"}:
            desired = other_desired
        if kind in {"world", "all"}:
            observed, ledger = shared(other_observed, observed), other_ledger
        if kind == "time":
            observed = replace(observed, at=observed.at + timedelta(seconds=seconds))
        found = diff(desired, observed, ledger, last)
        assert found == diff(desired, observed, ledger)
        last = found


EDITS: tuple[Callable[[Instance, Instance], Instance], ...] = (
    lambda row, _: replace(row, status=Status.STOPPED),
    lambda row, _: replace(row, status=Status.RUNNING),
    lambda row, _: replace(row, config={**row.config, "limits.memory": "1MiB"}),
    lambda row, _: replace(row, config={**row.config, marks.UID: "another"}),
    lambda row, _: replace(row, config={}),
    lambda row, other: replace(row, config={**row.config, marks.NAME: other.config.get(marks.NAME, "")}),
    lambda row, other: replace(row, name=other.name),
    lambda _, other: other,
)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 3), st.sampled_from(EDITS)), max_size=3), max_size=5)
)
def test_where_a_few_rows_moved_it_is_so_too(rounds: list[list[tuple[int, int, int, Callable[[Instance, Instance], Instance]]]]) -> None:
    desired, observed, ledger = synthetic.world(8, 2, changed_share=0)
    names, last = sorted(observed.hosts), diff(desired, observed, ledger)
    for edits in rounds:
        for host, one, other, edit in edits:
            view = observed.hosts[names[host]]
            rows = list(view.instances)
            rows[one] = edit(rows[one], rows[other])
            observed = replace(observed, hosts={**observed.hosts, view.host: replace(view, instances=tuple(rows))})
        last = diff(desired, observed, ledger, last)
        assert last == diff(desired, observed, ledger)


def test_what_is_as_it_should_be_is_judged_once() -> None:
    desired, observed, ledger = synthetic.world(60, 3, changed_share=0)
    first = diff(desired, observed, ledger)
    later = replace(observed, hosts=dict(observed.hosts), at=observed.at + timedelta(days=1))
    again = diff(desired, later, ledger, first)
    assert all(one is other for one, other in zip(first.items, again.items, strict=True))
    view = observed.hosts["h001"]
    edited = replace(view.instances[3], config={**view.instances[3].config, "limits.memory": "1MiB"})
    moved = replace(view, instances=(*view.instances[:3], edited, *view.instances[4:]))
    third = diff(desired, replace(later, hosts={**later.hosts, "h001": moved}), ledger, again)
    assert [change.action for one, change in zip(again.items, third.items, strict=True) if one is not change] == [Action.UPDATE]


def test_a_quarantine_is_judged_by_the_time_of_each_pass() -> None:
    row = {"of": "a", "status": "frozen", "config": {"user.unsandbox.quarantine": "2025-12-31T23:00:00+00:00"}}
    case = {"hosts": {"h1": {"rows": [row]}}, "policy": {"grace": {"services": 86_400}}}
    desired, observed, ledger = build(case)
    first = diff(desired, observed, ledger)
    assert [change.action for change in first.items] == [Action.KEEP]
    later = replace(observed, at=observed.at + timedelta(days=2))
    assert [change.action for change in diff(desired, later, ledger, first).items] == [Action.DESTROY]
