"""Rolling updates over whole worlds: pass after pass until everything is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.app.planning import decide
from reconciler.engine.select import Scope
from reconciler.model.changes import Action
from tests.engine.worlds import build, ledger_of
from tests.properties.worlds import carry_out

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.model.world import Observed

few = settings(max_examples=25, deadline=None)
MOST = {"1": 1, "2": 2, "34%": 2, "100%": 6}
"""Of six."""


def world(old: set[int], hosts: int, update: dict[str, Any], kind: str) -> dict[str, Any]:
    """Six members of one group over one to three hosts; the ``old`` ones have to be made anew."""
    rows: dict[str, list[dict[str, Any]]] = {f"h{number}": [] for number in range(hosts)}
    for number in range(6):
        name = f"py-{number}"
        made = {"network": "semitrusted"} if number in old else {}
        rows[f"h{number % hosts}"].append({"kind": kind, "of": name, "made": made, "uuid": f"uuid-{name}"})
    case: dict[str, Any] = {"hosts": {host: {"rows": found} for host, found in rows.items()}}
    if kind == "cell":
        return case | {"pools": {"py": {"size": 6, "update": update}}}
    services = {f"py-{number}": {"replace": "allowed"} for number in range(6)}
    return case | {"services": services, "policy": {"update": update, "limits": {"replaces": 2, "flaps": 9}}}


OLD = st.sets(st.integers(0, 5), min_size=1)
UPDATE = st.fixed_dictionaries(
    {"maxUnavailable": st.sampled_from(sorted(MOST)).map(lambda text: int(text) if text.isdigit() else text)},
    optional={"canary": st.sampled_from([1, "50%"]), "onFailure": st.sampled_from(["stop", "continue"])},
)


def replaced(plan: Plan) -> list[str]:
    """Who is made anew."""
    return sorted(action.name for action in plan.actions if action.action == Action.REPLACE)


def later(observed: Observed) -> Observed:
    """The same world half a minute on."""
    at = observed.at + timedelta(seconds=30)
    return replace(observed, at=at, hosts={name: replace(view, seen_at=at) for name, view in observed.hosts.items()})


@given(OLD, st.integers(1, 3), UPDATE, st.sampled_from(["cell", "service"]))
@few
def test_pass_after_pass_everything_is_changed_and_never_too_much_at_once(
    old: set[int], hosts: int, update: dict[str, Any], kind: str
) -> None:
    desired, observed, ledger = build(world(old, hosts, update, kind))
    left, most = {f"py-{number}" for number in old}, MOST[str(update["maxUnavailable"])]
    while left:
        plan = decide(desired, observed, ledger, Scope()).plan
        names = replaced(plan)
        assert 0 < len(names) <= most
        assert names == sorted(left)[: len(names)]
        assert {refusal.code for refusal in plan.refusals} <= {"R01", "R04"}
        left -= set(names)
        observed = later(carry_out(plan, observed))
        ledger = ledger_of({}, desired, observed)


@given(OLD, st.integers(1, 3), UPDATE, st.sampled_from(["cell", "service"]))
@few
def test_whoever_carries_out_a_part_gives_the_same_turns(old: set[int], hosts: int, update: dict[str, Any], kind: str) -> None:
    """Each host's worker decides over all and keeps its own; held against the world once more, nothing else comes of it."""
    desired, observed, ledger = build(world(old, hosts, update, kind))
    whole = replaced(decide(desired, observed, ledger, Scope()).plan)
    for number in old:
        name, host = f"py-{number}", f"h{number % hosts}"
        only = frozenset({(f"{'Cell' if kind == 'cell' else 'Service'}/{name}", host, "replace")})
        assert replaced(decide(desired, observed, ledger, Scope(), only).plan) == [name] * (name in whole)


@given(OLD, st.integers(1, 3), UPDATE, st.sampled_from(["cell", "service"]))
@few
def test_what_is_paused_never_moves(old: set[int], hosts: int, update: dict[str, Any], kind: str) -> None:
    desired, observed, ledger = build(world(old, hosts, {**update, "pause": True}, kind))
    plan = decide(desired, observed, ledger, Scope()).plan
    assert not plan.actions
    assert {refusal.code for refusal in plan.refusals} == {"R02"}


@given(OLD, st.integers(1, 3), st.integers(0, 5))
@few
def test_it_is_the_turn_of_what_is_asked_for(old: set[int], hosts: int, number: int) -> None:
    desired, observed, ledger = build(world(old, hosts, {}, "cell"))
    plan = decide(desired, observed, ledger, Scope(targets=(f"Cell/py-{number}",))).plan
    assert replaced(plan) == [f"py-{number}"] * (number in old)
