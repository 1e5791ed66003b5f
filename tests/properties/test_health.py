"""What holds for every world in which somebody asks services how they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.planning import decide
from reconciler.engine.select import Scope
from reconciler.model.changes import Action
from reconciler.model.health import Health, Probe, Verdict
from reconciler.model.plan import SetPower
from reconciler.model.resources import Power
from reconciler.model.world import Status
from tests.bench.worlds import AT
from tests.engine.worlds import build
from tests.properties.test_never import thorough
from tests.properties.worlds import cases

if TYPE_CHECKING:
    from reconciler.app.planning import Made

VERDICTS = st.dictionaries(
    st.sampled_from([f"{host}-{name}" for host in ("h1", "h2", "h3") for name in "abcde"]),
    st.builds(Health, st.sampled_from(Verdict), st.just("asked"), st.just(AT), st.sampled_from(["", "another run"])),
)


def made(case: dict[str, Any], verdicts: dict[str, Health]) -> Made:
    desired, observed, ledger = build(case)
    asked = replace(desired, workloads=tuple(replace(item, health=Probe(command=("well",))) for item in desired.workloads))
    return decide(asked, replace(observed, health=verdicts), ledger, Scope())


@given(cases(), VERDICTS)
@thorough
def test_only_what_runs_and_should_and_is_known_to_be_unhealthy_in_this_run_is_restarted(
    case: dict[str, Any], verdicts: dict[str, Health]
) -> None:
    found = made(case, verdicts)
    for change in found.cleared.changes:
        if change.action is Action.RESTART:
            assert change.found is not None
            assert change.wanted is not None
            health = verdicts[change.found.uuid]
            assert (health.verdict, health.run) == (Verdict.UNHEALTHY, change.found.started_at)
            assert (change.found.status, change.wanted.power) == (Status.RUNNING, Power.RUNNING)
            assert not change.wanted.locked


@given(cases(), VERDICTS)
@thorough
def test_what_is_not_known_to_be_unhealthy_changes_nothing(case: dict[str, Any], verdicts: dict[str, Health]) -> None:
    known = {uuid: replace(health, verdict=Verdict.UNKNOWN) for uuid, health in verdicts.items()}
    assert made(case, known).plan == made(case, {}).plan


@given(cases(), VERDICTS)
@thorough
def test_a_restart_ends_in_a_start(case: dict[str, Any], verdicts: dict[str, Health]) -> None:
    for action in made(case, verdicts).plan.actions:
        if action.action == Action.RESTART:
            assert [call.verb for call in action.calls if isinstance(call, SetPower)] == ["stop", "start"]
            assert not any(call.force for call in action.calls if isinstance(call, SetPower))
