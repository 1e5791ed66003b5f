"""Each lie, told while we look and while we act: nothing is certified, made or ended on the strength of it, and the refusal has a name."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.model.changes import Action
from reconciler.store.journal import FILE_NAME, Journal
from tests.fake.estate import Estate, codes
from tests.fake.lies import LIES, Lie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.records import Ledger

BEFORE = {"edited": "", "kept": "", "leaves": ""}
AFTER = {"edited": "env: {A: one}", "kept": "", "comes": "network: semitrusted, env: {B: two}"}
TRULY = {"update Service/edited", "create Service/comes", "destroy Service/leaves"}
UPDATE = frozenset({"update Service/edited"})
NOTHING: frozenset[str] = frozenset()
MEMBERS = {"h1": "Online", "h2": "Online", "h3": "Online"}
TELLING_NO_LIE = frozenset({Action.UPDATE, Action.FREEZE, Action.HIBERNATE, Action.START, Action.UNFREEZE, Action.KEEP})
"""What may be done to an object that was seen, whatever else was not."""


@dataclass(frozen=True)
class Seen:
    """A lie while we look: what is left of the plan, and codes that must be among the refusals."""

    lie: Lie
    left: frozenset[str]
    codes: frozenset[str]
    names: tuple[str, ...] = ()
    seconds: float = 0.0
    members: dict[str, str] = field(default_factory=dict)
    certified: bool = False
    """Whether what was seen may be certified all the same: the lie is about one object, or about time."""


LOOKING = (
    Seen(Lie.SHORT_LIST, UPDATE, frozenset({"O01", "O05"}), ("svc-kept",)),
    Seen(Lie.SHORT_LIST, NOTHING, frozenset({"O01", "O05"}), ("svc-edited",)),
    Seen(Lie.EMPTY_LIST, NOTHING, frozenset({"O01"})),
    Seen(Lie.HIDDEN, NOTHING, frozenset({"O03"})),
    Seen(Lie.HOLLOW_ROWS, NOTHING, frozenset({"O01"})),
    Seen(Lie.HOLLOW_ROWS, UPDATE, frozenset({"O01", "O05"}), ("svc-kept",)),
    Seen(Lie.NO_USER_CONFIG, frozenset({"create Service/comes"}), frozenset({"O07"})),
    Seen(Lie.ROW_TWICE, UPDATE, frozenset({"O01", "O05"}), ("svc-kept",)),
    Seen(Lie.OTHER_NAMES, UPDATE, frozenset({"O01", "O05"}), ("svc-kept",)),
    Seen(Lie.OTHER_UUID, frozenset({"create Service/comes"}), frozenset({"I03"})),
    Seen(Lie.UNKNOWN_STATUS, frozenset({"create Service/comes"}), frozenset({"O10"})),
    Seen(Lie.PROJECT_HIDDEN, NOTHING, frozenset({"O16"})),
    Seen(Lie.OTHER_CERTIFICATE, NOTHING, frozenset({"O02"})),
    Seen(Lie.OTHER_SERVER_NAME, NOTHING, frozenset({"O02"})),
    Seen(Lie.UNTRUSTED, NOTHING, frozenset({"O01"})),
    Seen(Lie.MEMBER_OFFLINE, NOTHING, frozenset({"F06", "O01", "O05"}), members=MEMBERS),
    Seen(Lie.MEMBER_EVACUATED, NOTHING, frozenset({"F06", "O01", "O05"}), members=MEMBERS),
    Seen(Lie.CLOCK_SKEW, UPDATE, frozenset({"O11"}), seconds=600, certified=True),
    Seen(Lie.NOT_FOUND, NOTHING, frozenset({"O01"})),
    Seen(Lie.LOCKED, NOTHING, frozenset({"O01"})),
    Seen(Lie.SLOW, NOTHING, frozenset({"O01"}), seconds=2),
    Seen(Lie.HALF_CLOSED, NOTHING, frozenset({"O01"})),
    Seen(Lie.CUT, NOTHING, frozenset({"O01"})),
    Seen(Lie.NOT_JSON, NOTHING, frozenset({"O01"})),
)
"""``OTHER_PROCESS`` and every lie about writes say nothing while we look; they are told below."""


@dataclass(frozen=True)
class Acted:
    """A lie while we act, told once about one request: the action that fails of it, and a word of why. "" where none may fail."""

    lie: Lie
    fails: str
    why: str = ""
    path: str = ""
    method: str = ""
    after: int = 0
    seconds: float = 0.0


CREATING, DELETING, EDITING = r"/1\.0/instances", r"/1\.0/instances/svc-leaves", r"/1\.0/instances/svc-edited"
ACTING = (
    Acted(Lie.PRECONDITION, "update Service/edited", "P11", EDITING),
    Acted(Lie.PRECONDITION, "destroy Service/leaves", "P11", DELETING),
    Acted(Lie.CONFLICT, "create Service/comes", "taken by an instance", CREATING),
    Acted(Lie.CONFLICT, "destroy Service/leaves", "409", DELETING, "DELETE"),
    Acted(Lie.LOCKED, "", path=CREATING, method="POST"),
    Acted(Lie.FORGOTTEN, "", path=r"/1\.0/operations/.*"),
    Acted(Lie.LOST_ANSWER, "create Service/comes", "no connection", CREATING),
    Acted(Lie.LOST_ANSWER, "destroy Service/leaves", "no connection", DELETING, "DELETE"),
    Acted(Lie.SILENT, "create Service/comes", "no answer in time", CREATING, seconds=1.5),
    Acted(Lie.SILENT, "destroy Service/leaves", "no answer in time", DELETING, "DELETE", seconds=1.5),
    Acted(Lie.LATE, "create Service/comes", "no answer in time", CREATING, seconds=1.2),
    Acted(Lie.LATE, "destroy Service/leaves", "no answer in time", DELETING, "DELETE", seconds=1.2),
    Acted(Lie.SLOW, "", path=CREATING, method="POST", seconds=0.3),
    Acted(Lie.HALF_CLOSED, "create Service/comes", "no connection", CREATING, "POST"),
    Acted(Lie.CUT, "create Service/comes", "no connection", CREATING, "POST"),
    Acted(Lie.NOT_JSON, "create Service/comes", "not JSON", CREATING, "POST"),
    Acted(Lie.NOT_FOUND, "destroy Service/leaves", "404", DELETING, "GET", 1),
    Acted(Lie.NOT_FOUND, "destroy Service/leaves", "is there as", DELETING, "GET", 3),
    Acted(Lie.NOT_FOUND, "destroy Service/leaves", "is there as", DELETING, "DELETE"),
    Acted(Lie.OTHER_UUID, "destroy Service/leaves", "P02", DELETING),
    Acted(Lie.OTHER_UUID, "destroy Service/leaves", "another instance", DELETING, after=1),
    Acted(Lie.OTHER_UUID, "update Service/edited", "another instance", EDITING, after=1),
    Acted(Lie.OTHER_GENERATION, "destroy Service/leaves", "P02", DELETING),
    Acted(Lie.UNKNOWN_STATUS, "destroy Service/leaves", "P02", DELETING),
    Acted(Lie.HOLLOW_ROWS, "destroy Service/leaves", "P02", DELETING),
    Acted(Lie.NO_USER_CONFIG, "destroy Service/leaves", "P02", DELETING),
    Acted(Lie.OTHER_PROCESS, "destroy Service/leaves", "restarted", r"/1\.0", after=1),
)


@pytest.fixture
def estate() -> Iterator[Estate]:
    """One host, three services on it, everything certified."""
    with Estate(services=dict(BEFORE), read_timeout=1.0) as made:
        report = made.apply()
        assert not report.failed
        assert not made.plan().plan.actions
        made.services = dict(AFTER)
        yield made


def ledger(estate: Estate) -> Ledger:
    with Journal(estate.settings.state_dir / FILE_NAME) as journal:
        return journal.ledger(now())


def uuids(estate: Estate) -> dict[str, str]:
    return {name: row["config"]["volatile.uuid"] for name, row in estate.rows().items()}


def test_the_truth_is_acted_on(estate: Estate) -> None:
    made = estate.plan()
    assert {f"{action.action} {action.ref}" for action in made.plan.actions} == TRULY
    assert not made.plan.refusals
    estate.carry_out(made)
    assert set(estate.rows()) == {"svc-edited", "svc-kept", "svc-comes"}
    assert not estate.plan().plan.actions


@pytest.mark.parametrize("case", LOOKING, ids=lambda case: f"{case.lie}-{'-'.join(case.names)}".rstrip("-"))
def test_a_lie_while_we_look(estate: Estate, case: Seen) -> None:
    fake = estate.fakes[0]
    fake.state.members = dict(case.members)
    before, known, certified, writes = uuids(estate), ledger(estate).known, ledger(estate).certified, len(fake.writes)
    told = fake.liar.tell(case.lie, times=None, names=case.names, seconds=case.seconds)
    made = estate.plan()
    assert told.count
    assert {f"{action.action} {action.ref}" for action in made.plan.actions} == case.left
    assert case.codes <= codes(made.plan.refusals)
    assert all(refusal.unblock for refusal in made.plan.refusals)
    fake.liar.stop()
    # The lie was told; what was planned on the strength of it is carried out in the true world.
    estate.carry_out(made)
    after = uuids(estate)
    assert before.items() <= after.items()
    assert set(after) - set(before) == ({"svc-comes"} if "create Service/comes" in case.left else set())
    assert not [item for item in fake.writes[writes:] if item.method == "DELETE" and "/profiles/lease-" not in item.path]
    if not case.certified and not case.left:
        assert (ledger(estate).known, ledger(estate).certified) == (known, certified)


@pytest.mark.parametrize("case", ACTING, ids=lambda case: f"{case.lie}-{case.fails.partition(' ')[0] or 'none'}-{case.method}{case.after}")
def test_a_lie_while_we_act(estate: Estate, case: Acted) -> None:
    fake = estate.fakes[0]
    made, before = estate.plan(), uuids(estate)
    told = fake.liar.tell(case.lie, path=case.path, method=case.method, after=case.after, seconds=case.seconds)
    report = estate.carry_out(made)
    assert told.count == 1
    failed = {f"{event.action} {event.ref}": event.detail for event in report.failed}
    if case.fails:
        assert case.why in failed[case.fails]
    else:
        assert not failed
    assert {"svc-kept", "svc-edited"} <= set(uuids(estate))
    _converges(estate, before)


@pytest.mark.parametrize(
    "services", [{"edited": AFTER["edited"]}, {"comes": AFTER["comes"]}, {"leaves": None}], ids=["update", "create", "destroy"]
)
@pytest.mark.parametrize("after", [0, 1])
def test_whichever_operation_is_forgotten_its_object_tells_that_it_was_done(
    estate: Estate, services: dict[str, str | None], after: int
) -> None:
    """One action at a time, for of several any may be the first to wait. An update is the one operation of its own."""
    estate.services = {name: spec for name, spec in {**BEFORE, **services}.items() if spec is not None}
    made = estate.plan()
    told = estate.fakes[0].liar.tell(Lie.FORGOTTEN, path=r"/1\.0/operations/.*", after=after)
    report = estate.carry_out(made)
    assert told.count == (0 if after and "edited" in services else 1)
    assert not report.failed
    estate.fakes[0].liar.stop()
    assert not estate.plan().plan.actions


def _converges(estate: Estate, before: dict[str, str]) -> None:
    """The next passes bring the world to what is declared: nothing of ours is lost or doubled, and nothing is recreated that was kept."""
    estate.fakes[0].liar.stop()
    estate.fakes[0].router.operations.rest()
    # On a busy machine what was late may come only after the next pass has looked.
    for _ in range(3):
        estate.apply()
        made = estate.plan()
        if not made.plan.actions:
            break
    after = uuids(estate)
    assert set(after) == {"svc-edited", "svc-kept", "svc-comes"}
    assert all(after[name] == before[name] for name in ("svc-edited", "svc-kept"))
    assert (made.plan.actions, made.plan.refusals) == ((), ())


def test_an_object_that_appears_after_its_create_timed_out_is_not_made_again(estate: Estate) -> None:
    fake = estate.fakes[0]
    made = estate.plan()
    fake.liar.tell(Lie.LATE, path=CREATING, seconds=1.4)
    estate.carry_out(made)
    assert "svc-comes" not in estate.rows()
    _wait_for(estate, "svc-comes")
    uuid = uuids(estate)["svc-comes"]
    report = estate.apply()
    assert [(event.action, event.ref) for event in report.done] == [("start", "Service/comes")]
    assert uuids(estate)["svc-comes"] == uuid


def _wait_for(estate: Estate, name: str) -> None:
    for _ in range(100):
        if name in estate.rows():
            return
        time.sleep(0.05)


@pytest.mark.parametrize("lie", [Lie.MEMBER_OFFLINE, Lie.HIDDEN, Lie.EMPTY_LIST])
def test_a_pass_on_a_lie_does_not_teach_the_next_one(estate: Estate, lie: Lie) -> None:
    """A list that told less must not become what the next list is held against."""
    fake = estate.fakes[0]
    fake.state.members = dict(MEMBERS)
    fake.liar.tell(lie, times=None)
    for _ in range(3):
        report = estate.apply()
        assert not report.done
    assert {"svc-edited", "svc-kept", "svc-leaves"} == set(estate.rows())


def test_every_lie_is_told() -> None:
    told = {case.lie for case in LOOKING} | {case.lie for case in ACTING}
    assert set(Lie) == set(LIES)
    assert told == {lie for lie, deceit in LIES.items() if deceit.streaming is None}


def test_nothing_is_made_or_ended_on_a_lie_about_what_is_there() -> None:
    """Of the table itself: under a lie about what is there no create is left, and under one about what a row says no end of anything."""
    about_one = {Lie.OTHER_UUID, Lie.OTHER_GENERATION, Lie.UNKNOWN_STATUS, Lie.NO_USER_CONFIG}
    for case in LOOKING:
        left = {Action(item.partition(" ")[0]) for item in case.left}
        assert left <= (TELLING_NO_LIE | {Action.CREATE} if case.lie in about_one else TELLING_NO_LIE)
