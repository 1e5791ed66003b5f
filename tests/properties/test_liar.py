"""The reconciler against hosts that lie and people who meddle: whatever the order of events, what must never happen does not.

The real use cases run over real sockets against the fake; the slow test explores further than the one of every day.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from reconciler.app.clock import now, stamp
from reconciler.app.planning import TOOL
from reconciler.engine.accept import digest_of
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.rules import RULES
from reconciler.engine.select import Scope
from reconciler.engine.table.row import row as rule_row
from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.rules import No
from reconciler.model.world import Grade
from reconciler.store.journal import FILE_NAME, Journal
from tests.fake.bystander import Bystander
from tests.fake.estate import ENVIRONMENT, FLEET, Estate
from tests.fake.lies import LIES, Lie

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.app.planning import Made
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change, Refusal
    from reconciler.model.plan import Plan

    Deed = Callable[[Bystander, str], object]

NAMES = ("a", "b", "c", "d")
INSTANCES = ("svc-a", "svc-b", "svc-c", "svc-d", "cell-py-0", "cell-py-1", "cell-py-2")
SPECS = ("", "env: {A: one}", "env: {A: two}, network: semitrusted", "state: frozen", "state: hibernated", "locked: true")
MARKS: tuple[Mapping[str, str], ...] = (
    {},
    {marks.ENV: "production", marks.KIND: "Service", marks.NAME: "a", marks.UID: "other"},
    {marks.ENV: ENVIRONMENT, marks.KIND: "Service", marks.NAME: "a", marks.UID: "forged"},
    {"security.protection.delete": "true"},
)
EDITS: tuple[Mapping[str, str], ...] = (
    {"limits.memory": "96MiB"},
    {"environment.A": "theirs"},
    {"security.protection.delete": ""},
    {marks.OWNER: "stranger"},
    {marks.ENV: "production"},
    {marks.ENV: ""},
    {"volatile.uuid": "00000000-0000-4000-8000-000000000000"},
)
DESTROYS, REPLACES, SHRINK = 1, 1, 1
LIMITS = {**FLEET, "destroys": DESTROYS, "replaces": REPLACES, "shrink": SHRINK, "unseenShare": 1.0, "unhealthyShare": 1.0}
MAKING = frozenset({Action.CREATE, Action.REPLACE, Action.PREPARE, Action.IMPORT})
ENDING = frozenset({Action.DESTROY, Action.REPLACE, Action.QUARANTINE})
ACCEPTED = frozenset({"D03", "D18", "F10", "O03", "O04", "O16", "F05"})
"""What the person in this story accepts: doubts about lists and manifests, never about whose an instance is."""

CAPACITY = "capacity: {vcpu: 64, memory: 64GiB, instances: 100}"
QUICK, DELAY = 0.25, 0.4
"""Seconds: how long an answer is waited for, and how late a late one is."""

ABOUT_LISTS = (
    Lie.SHORT_LIST,
    Lie.EMPTY_LIST,
    Lie.HIDDEN,
    Lie.HOLLOW_ROWS,
    Lie.NO_USER_CONFIG,
    Lie.ROW_TWICE,
    Lie.OTHER_NAMES,
    Lie.OTHER_UUID,
    Lie.PROJECT_HIDDEN,
    Lie.NOT_FOUND,
)
lies = st.sampled_from(sorted(Lie))
names = st.sampled_from(INSTANCES)
hosts = st.integers(0, 1)


def _deeds() -> list[Deed]:
    """What somebody else does to an instance, or under a name."""
    found: list[Deed] = [Bystander.delete, Bystander.recreate, Bystander.snapshot, Bystander.claim, Bystander.claim]
    found.append(lambda somebody, _name: somebody.restart_daemon())
    found += [partial(Bystander.create, config=config) for config in MARKS]
    found += [partial(Bystander.edit, config=config) for config in EDITS]
    found += [partial(Bystander.power, verb=verb) for verb in ("start", "stop", "freeze", "unfreeze")]
    for to in ("theirs", "svc-x", "svc-a", "cell-py-2"):
        found += [partial(Bystander.rename, to=to), partial(Bystander.copy, to=to)]
    return found


HEAVY: list[Deed] = [
    Bystander.delete,
    Bystander.recreate,
    Bystander.claim,
    partial(Bystander.copy, to="theirs"),
    partial(Bystander.copy, to="svc-d"),
    partial(Bystander.create, config=MARKS[2]),
]
deeds = st.sampled_from(HEAVY) | st.sampled_from(_deeds())


def no_to(number: int) -> Any:
    """A rule that says no to one object of the plan, whatever it is."""

    def check(change: Change, world: World) -> No | None:
        refs = sorted({str(item.ref) for item in world.changes if item.action is not Action.KEEP})
        chosen = refs[number % len(refs)] if refs else ""
        return No("it was chosen", (("chosen", chosen),), "unsandbox plan") if str(change.ref) == chosen else None

    return rule_row("X99", "It was chosen", frozenset(Action), check, "A test says no.")


def accepted(refusal: Refusal) -> dict[str, str]:
    """What the journal holds of an acceptance, for a year."""
    told = {"code": refusal.code, "ref": refusal.ref, "host": refusal.host, "action": refusal.action}
    until = now().replace(year=now().year + 1).isoformat()
    return {**told, "digest": digest_of(refusal), "evidence": "", "by": "tester", "reason": "", "at": stamp(), "until": until}


def acts(plan: Plan) -> set[tuple[str, str, str]]:
    return {(action.action, action.ref, action.host) for action in plan.actions}


class Liars(RuleBasedStateMachine):
    """Two hosts, a repository, people, and lies."""

    def __init__(self) -> None:
        super().__init__()
        self.estate = Estate(count=2, limits=LIMITS, host=CAPACITY, read_timeout=QUICK)
        self.estate.__enter__()
        self.people = [Bystander(fake) for fake in self.estate.fakes]

    def teardown(self) -> None:
        self.estate.__exit__(None, None, None)

    @initialize(grace=st.sampled_from(["0s", "24h"]))
    def begin(self, grace: str) -> None:
        self.estate.grace = grace
        self.estate.services = {"a": "", "b": "env: {A: one}"}
        self.estate.pools = {"py": "size: 2"}
        self.estate.apply()

    # What people write, and what bystanders do.

    @rule(name=st.sampled_from(NAMES), spec=st.none() | st.sampled_from(SPECS), host=st.sampled_from(["", "", "h1", "h2"]))
    def declare(self, name: str, spec: str | None, host: str) -> None:
        """None withdraws it."""
        if spec is None:
            self.estate.services.pop(name, None)
            return
        place = f"placement: {{host: {host}}}" if host else ""
        self.estate.services[name] = ", ".join(part for part in (spec, place) if part)

    @rule(kept=st.sampled_from(NAMES))
    def withdraw_all_but_one(self, kept: str) -> None:
        self.estate.services = {name: spec for name, spec in self.estate.services.items() if name == kept}

    @rule()
    def declare_all(self) -> None:
        self.estate.services = {name: self.estate.services.get(name, "") for name in NAMES}

    @rule(size=st.integers(0, 3))
    def resize(self, size: int) -> None:
        self.estate.pools["py"] = f"size: {size}, allowZero: true"

    @rule(host=hosts, name=names, deed=deeds)
    def bystanders_act(self, host: int, name: str, deed: Deed) -> None:
        deed(self.people[host], name)

    # Lies.

    @rule(host=hosts, lie=st.sampled_from(ABOUT_LISTS), times=st.integers(1, 2), name=st.sampled_from(["", *INSTANCES]))
    def apply_on_a_lie(self, host: int, lie: Lie, times: int, name: str) -> None:
        """The next look is lied to."""
        self.estate.fakes[host].liar.tell(lie, times=times, names=(name,) if name else ())
        self._pass(None, None)

    @rule(host=hosts, lie=lies, times=st.integers(1, 4), after=st.integers(0, 6), name=st.sampled_from(["", *INSTANCES]))
    def lie(self, host: int, lie: Lie, times: int, after: int, name: str) -> None:
        about = (name,) if name and LIES[lie].bend and not lie.startswith("member") else ()
        self.estate.fakes[host].liar.tell(lie, times=times, after=after, names=about, seconds=self._seconds(lie))

    def _seconds(self, lie: Lie) -> float:
        return 900.0 if lie is Lie.CLOCK_SKEW else DELAY

    @rule()
    def tell_the_truth(self) -> None:
        for fake in self.estate.fakes:
            fake.liar.stop()

    # What we do.

    @rule()
    def apply(self) -> None:
        self._pass(None, None)

    @rule(host=hosts, lie=lies, after=st.integers(0, 12))
    def apply_while_a_host_lies(self, host: int, lie: Lie, after: int) -> None:
        self._pass(lambda: self.estate.fakes[host].liar.tell(lie, after=after, seconds=self._seconds(lie)), None)

    @rule(host=hosts, name=names, deed=deeds)
    def apply_while_somebody_meddles(self, host: int, name: str, deed: Deed) -> None:
        self._pass(None, lambda: deed(self.people[host], name))

    def _pass(self, lie: Callable[[], object] | None, meddle: Callable[[], object] | None) -> None:
        """A pass. Between the plan and its steps somebody may meddle, and during the steps a host may lie."""
        made = self.estate.plan()
        self._check_plan(made)
        if meddle:
            meddle()
        before = self._everything()
        if lie:
            lie()
        self.estate.carry_out(made)
        self._check_pass(before)

    @precondition(lambda self: self.estate.services or self.estate.pools)
    @rule(number=st.integers(0, 7))
    def one_more_refusal(self, number: int) -> None:
        """To say no to one object adds no action for another."""
        made = self.estate.plan()
        fewer = clear(made.changes, made.desired, made.observed, made.ledger, (no_to(number), *RULES))
        plan = make_plan(fewer, made.desired, made.observed, TOOL, Scope())
        assert acts(plan) <= acts(made.plan), f"a refusal added {acts(plan) - acts(made.plan)}"

    @rule()
    def a_person_looks_into_it(self) -> None:
        """With hosts that tell the truth: accept what may be accepted, close the circuit."""
        self.tell_the_truth()
        made = self.estate.plan()
        with Journal(self.estate.settings.state_dir / FILE_NAME) as journal:
            journal.close_circuit(at=stamp(), by="tester")
            for refusal in made.plan.refusals:
                if refusal.code in ACCEPTED:
                    journal.accept(accepted(refusal))

    # What must hold.

    def _everything(self) -> dict[str, dict[str, Any]]:
        """By uuid the row of every instance on every host, as it truly is."""
        return {row["config"].get("volatile.uuid", row["name"]): row for one in self.people for row in one.rows().values()}

    def _check_plan(self, made: Made) -> None:
        objects = [(action.host, action.instance) for action in made.plan.actions if action.instance]
        assert len(objects) == len(set(objects)), "two actions on one object"
        uuids = [action.uuid for action in made.plan.actions if action.uuid]
        assert len(uuids) == len(set(uuids)), "two actions on one instance"
        ended = Counter((action.action, action.reason) for action in made.plan.actions if Action(action.action) in ENDING)
        surplus = ended.pop((Action.DESTROY, Reason.SURPLUS), 0)
        replaced = sum(count for (verb, _), count in ended.items() if verb == Action.REPLACE)
        assert surplus <= SHRINK
        assert replaced <= REPLACES
        assert sum(ended.values()) - replaced <= DESTROYS, f"more ends in a pass than the budget allows: {ended}"
        for action in made.plan.actions:
            view = made.observed.hosts[action.host]
            assert view.grade is not Grade.UNSEEN
            if Action(action.action) in MAKING | ENDING:
                assert view.grade is Grade.COMPLETE, f"{action.action} {action.ref} on a host that was not certified"
            if Action(action.action) in ENDING - {Action.QUARANTINE}:
                found = next(row for row in view.instances if row.name == action.instance)
                assert marks.CLAIM not in found.config, f"{action.action} of {action.ref}, which is claimed"
                assert found.config.get(marks.ENV) == ENVIRONMENT

    def _check_pass(self, before: dict[str, dict[str, Any]]) -> None:
        after = self._everything()
        gone = [row for uuid, row in before.items() if uuid not in after]
        theirs = {uuid for one in self.people for uuid in one.theirs}
        assert not [row["name"] for row in gone if row["config"].get("volatile.uuid") in theirs], "what is not ours was destroyed"
        assert not [row["name"] for row in gone if row["config"].get(marks.ENV) != ENVIRONMENT], "another environment's was destroyed"
        assert not [row["name"] for row in gone if marks.CLAIM in row["config"]], "a claimed cell was destroyed"
        assert not [row["name"] for row in gone if row["config"].get(marks.LOCKED) == "true"], "a locked one was destroyed"
        assert len(gone) <= DESTROYS + REPLACES + SHRINK, "more was destroyed than the budget allows"
        for uuid in theirs & before.keys() & after.keys():
            assert after[uuid] == before[uuid], f"{before[uuid]['name']}, which is not ours, was touched"

    @invariant()
    def nothing_of_ours_is_doubled(self) -> None:
        theirs = {uuid for one in self.people for uuid in one.theirs}
        ours: list[str] = [marks.stands_for(row["config"], ENVIRONMENT) for uuid, row in self._everything().items() if uuid not in theirs]
        named = [ref for ref in ours if ref]
        assert len(named) == len(set(named)), f"doubled: {sorted(ref for ref in named if named.count(ref) > 1)}"


EVERY_DAY = settings(max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
DEEP = settings(EVERY_DAY, max_examples=150, stateful_step_count=40)


def test_whatever_happens() -> None:
    run_state_machine_as_test(Liars, settings=EVERY_DAY)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_whatever_happens_and_for_longer() -> None:
    run_state_machine_as_test(Liars, settings=DEEP)
