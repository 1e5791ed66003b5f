"""Access over generated worlds: what is allowed is the owner's, harms nobody around the caller, and strangers see one world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model import marks
from reconciler.model.tenancy import Method
from reconciler.policy.access import HARMING, HIDDEN, judge, told
from reconciler.policy.lineage import ancestors
from tests.policy.access_worlds import subject

if TYPE_CHECKING:
    from reconciler.policy.subject import Subject

NAMES = ["web", "inner", "other"]
ODDITIES: list[tuple[str, object]] = [
    *(("owner", owner) for owner in ("person", "child", "stranger", "")),
    *(("declared_owner", owner) for owner in ("agent", "stranger")),
    *(("declared", where) for where in ("no", "git")),
    *(("at", hosts) for hosts in ([], ["h2"], ["h1", "h2"])),
    *(("lineage", line) for line in (["web"], ["inner"], ["web", "inner"], ["other", "web"])),
    *(("raw_lineage", text) for text in ("nonsense", ",")),
    *(("locked", text) for text in ("true", "false", "perhaps")),
    ("uid", "uid-of-another"),
    ("userlock", "unsb-pk-agent 2026-02-01"),
    ("quarantine", "2026-02-03T11:00:00+00:00"),
    ("power", "frozen"),
]
"""What may be unusual about an object; one without is the agent's, declared by a request, running on h1."""
OBJECTS = st.lists(st.sampled_from(ODDITIES), max_size=2).map(dict)
KEYS = st.sampled_from(["agent"] * 6 + ["person", "child", "stranger", "late", "shared", "made-up", ""])
PLACES = st.sampled_from(["", "", "other", "other", "web", "inner", "gone", "unknown"])
PEOPLE = st.sampled_from(["anna@desk", "anna@desk", "root@desk"])
CALLERS = st.one_of(
    st.fixed_dictionaries({"key": KEYS, "container": PLACES}),
    st.fixed_dictionaries({"operator": PEOPLE, "container": PLACES}),
)
HOSTS: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.dictionaries(st.sampled_from(["h1", "h2"]), st.sampled_from(["unseen", "partial"]))
)
CASES = st.fixed_dictionaries(
    {
        "method": st.sampled_from([*(method.value for method in Method), "sleep"]),
        "ref": st.sampled_from([*NAMES, "web", "none"]),
        "caller": CALLERS,
        "objects": st.fixed_dictionaries({"web": OBJECTS, "other": OBJECTS}, optional={"inner": OBJECTS}),
        "hosts": HOSTS,
        "approver": st.sampled_from(["", "anna"]),
        "approval": st.sampled_from(["required", "off"]),
        "applied": st.sampled_from(["never", "required", "off"]),
    }
)


@settings(max_examples=400)
@given(CASES)
def test_what_is_allowed_is_the_owners_and_harms_nobody_around_the_caller(case: dict[str, Any]) -> None:
    asked = subject(case)
    if judge(asked) is not None:
        return
    caller, method = asked.request.caller, asked.request.method
    assert bool(caller.key) != bool(caller.operator)
    assert caller.operator != "root@desk"
    rows = [row for _, row in asked.rows]
    if method != Method.CREATE and caller.key:
        names = {key.ref.name for key in asked.desired.keys if key.public_id == caller.key}
        assert {row.config.get(marks.OWNER, "") for row in rows} <= names
        assert asked.declared is None or asked.declared.owner in names
    if method in HARMING:
        around = {caller.container, *(uuid for place in asked.place for uuid in ancestors(place.config))}
        assert caller.container is not None
        assert not around & {row.uuid for row in rows}
        assert len(rows) <= 1
    if method in {Method.FREEZE, Method.DESTROY}:
        assert not any(marks.USER_LOCK in row.config or row.config.get(marks.LOCKED, "false") != "false" for row in rows)
    if method in {Method.UNLOCK, Method.DESTROY}:
        assert asked.approver or (case["approval"], case["applied"]) == ("off", "off")
    if method == Method.CREATE:
        assert not rows
        assert asked.declared is None


@settings(max_examples=400)
@given(CASES, st.sampled_from(["stranger", "agent"]))
def test_whoever_does_not_own_it_sees_the_world_without_it(case: dict[str, Any], key: str) -> None:
    case = case | {"caller": {"key": key, "container": case["caller"]["container"]}}
    asked = subject(case)
    if _owns(asked, key) or case["method"] == Method.CREATE:
        return
    without = subject(case | {"objects": {name: words for name, words in case["objects"].items() if name != case["ref"]}})
    answers = []
    for world in (asked, without):
        refusal = judge(world)
        assert refusal is not None
        answers.append(told(refusal, operator=False))
    assert answers[0] == answers[1]
    assert answers[0].code in {HIDDEN, "A16"}


def _owns(asked: Subject, key: str) -> bool:
    return asked.owners == (key,)
