"""What holds for every world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope
from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.marks import stands_for
from reconciler.model.plan import CreateInstance
from reconciler.model.records import PowerRecord, Writer
from reconciler.model.world import Grade, Status
from tests.engine.worlds import TOOL, build
from tests.properties.worlds import carry_out, cases

if TYPE_CHECKING:
    import random

    from reconciler.model.plan import Plan
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed

thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plan_of(desired: Desired, observed: Observed, ledger: Ledger) -> Plan:
    return make_plan(clear(diff(desired, observed, ledger), desired, observed, ledger), desired, observed, TOOL, Scope())


@given(cases())
@thorough
def test_planning_twice_gives_the_same_plan(case: dict[str, Any]) -> None:
    assert plan_of(*build(case)) == plan_of(*build(case))


@given(cases(), st.randoms(use_true_random=False))
@thorough
def test_the_order_of_what_comes_in_does_not_matter(case: dict[str, Any], order: random.Random) -> None:
    desired, observed, ledger = build(case)
    mixed = replace(
        desired,
        workloads=tuple(order.sample(desired.workloads, len(desired.workloads))),
        hosts=tuple(order.sample(desired.hosts, len(desired.hosts))),
    )
    views = {
        name: replace(view, instances=tuple(order.sample(view.instances, len(view.instances))))
        for name, view in order.sample(sorted(observed.hosts.items()), len(observed.hosts))
    }
    assert plan_of(mixed, replace(observed, hosts=views), ledger) == plan_of(desired, observed, ledger)


@given(cases())
@thorough
def test_after_a_plan_is_carried_out_it_is_not_asked_for_again(case: dict[str, Any]) -> None:
    """Converged in one pass: a second plan acts only on what the first refused."""
    desired, observed, ledger = build(case)
    first = plan_of(desired, observed, ledger)
    after = carry_out(first, observed)
    rested = {
        row.uuid: PowerRecord("frozen", Writer.GIT)
        for view in after.hosts.values()
        for row in view.instances
        if row.status.value == "frozen"
    }
    second = plan_of(desired, after, replace(ledger, powers={**rested, **ledger.powers}))
    refused = {refusal.ref for refusal in first.refusals}
    ground = {"Host", "Image"} if refused else set()
    assert not [action for action in second.actions if action.ref not in refused and action.kind not in ground]


@given(cases())
@thorough
def test_nothing_without_our_mark_is_ever_touched(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    for action in plan_of(desired, observed, ledger).actions:
        rows = {row.name: row for row in observed.hosts[action.host].instances}
        for call in action.calls:
            row = rows.get(getattr(call, "name", ""))
            if row is not None and action.kind not in {"Host", "Image"}:
                mark = marks.read_marks(row.config)
                assert mark is not None, f"{action.action} would touch {row.name}, which is not ours"
                assert (mark.env, str(mark.ref)) == (desired.policy.environment, action.ref)


@given(cases())
@thorough
def test_never_two_actions_on_one_object(case: dict[str, Any]) -> None:
    actions = plan_of(*build(case)).actions
    assert len({(action.host, action.instance) for action in actions if action.instance}) == sum(
        bool(action.instance) for action in actions
    )


@given(cases())
@thorough
def test_never_a_create_or_a_destroy_on_less_than_a_complete_view(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    for action in plan_of(desired, observed, ledger).actions:
        grade = observed.hosts[action.host].grade
        assert grade is not Grade.UNSEEN
        assert grade is Grade.COMPLETE or action.action not in {"create", "destroy", "replace", "prepare", "import"}


@given(cases())
@thorough
def test_never_a_claimed_cell_destroyed(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    for action in plan_of(desired, observed, ledger).actions:
        row = {row.name: row for row in observed.hosts[action.host].instances}.get(action.instance)
        assert row is None or marks.CLAIM not in row.config or action.action not in {"destroy", "replace"}


@given(cases())
@thorough
def test_never_more_destroys_than_the_policy_allows(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    actions = plan_of(desired, observed, ledger).actions
    destroys = [action for action in actions if (action.action, action.reason) == ("destroy", "not-declared")]
    assert len(destroys) <= desired.policy.limits.destroys


@given(cases())
@thorough
def test_a_refusal_leaves_no_action_for_its_object(case: dict[str, Any]) -> None:
    plan = plan_of(*build(case))
    assert not {(refusal.ref, refusal.host) for refusal in plan.refusals} & {(action.ref, action.host) for action in plan.actions}


@given(cases())
@thorough
def test_never_a_name_over_an_existing_instance(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    for action in plan_of(desired, observed, ledger).actions:
        view = observed.hosts[action.host]
        names = {row.name for row in view.instances} | set(view.doubtful)
        made = [call for call in action.calls if isinstance(call, CreateInstance)]
        assert not [call for call in made if call.name in names and action.action != "replace"]


@given(cases())
@thorough
def test_every_no_says_what_to_type(case: dict[str, Any]) -> None:
    for refusal in plan_of(*build(case)).refusals:
        assert refusal.unblock
        assert refusal.cause
        assert refusal.evidence


@given(cases())
@thorough
def test_never_an_action_on_what_shows_twice(case: dict[str, Any]) -> None:
    """Neither on an instance that shows on two hosts, nor on one of two that carry the marks of one object."""
    desired, observed, ledger = build(case)
    uuids = Counter(row.uuid for view in observed.hosts.values() for row in {row.uuid: row for row in view.instances}.values())
    who = Counter(stands_for(row.config, desired.policy.environment) for view in observed.hosts.values() for row in view.instances)
    for action in plan_of(desired, observed, ledger).actions:
        assert uuids[action.uuid] <= 1
        assert who[action.ref] <= 1


@given(cases())
@thorough
def test_never_one_objects_container_handed_to_another(case: dict[str, Any]) -> None:
    desired, observed, ledger = build(case)
    uids = {str(workload.ref): workload.uid for workload in desired.workloads}
    for action in plan_of(desired, observed, ledger).actions:
        row = {row.name: row for row in observed.hosts[action.host].instances}.get(action.instance)
        assert row is None or action.ref not in uids or row.config.get(marks.UID) == uids[action.ref]


@given(cases())
@thorough
def test_every_declared_object_is_told_of(case: dict[str, Any]) -> None:
    """Acted on, refused, or kept; what is kept because it is as declared has a settled status."""
    desired, observed, ledger = build(case)
    changes = diff(desired, observed, ledger)
    cleared = clear(changes, desired, observed, ledger)
    told = {str(change.ref) for change in cleared.changes} | {refusal.ref for refusal in cleared.refusals}
    assert {str(workload.ref) for workload in desired.workloads} <= told
    for change in cleared.changes:
        if change.action is Action.KEEP and change.reason is Reason.AS_DECLARED and change.found and not change.note:
            assert change.found.status in {Status.RUNNING, Status.FROZEN, Status.STOPPED}
