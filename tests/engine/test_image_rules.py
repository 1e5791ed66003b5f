"""Rules about images on hosts: each refuses, allows, and refuses where its check breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.refuse.images import AwayQuestion, LeftQuestion, MoveQuestion
from reconciler.engine.table.images import AWAY_RULES, IMAGE_RULES, LEFT_RULES, MOVE_RULES
from reconciler.model import marks
from reconciler.model.conformance import Judgement
from reconciler.model.images import SERVED, TRIAL, HeldImage, image_marks
from reconciler.model.language import Check
from reconciler.model.rules import No, Rule, ask
from reconciler.model.trial import Trial, Tried
from reconciler.model.world import Grade, Operation, ProjectView
from tests.engine.worlds import build

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = image_marks("prod", "golden")
OLD, BEFORE, SERVING = "a" * 64, "b" * 64, "c" * 64
HELD = (
    HeldImage(OLD, (), {**OURS, SERVED: "2026-01-01T00:00:00Z"}),
    HeldImage(BEFORE, (), {**OURS, SERVED: "2026-02-01T00:00:00Z"}),
    HeldImage(SERVING, ("golden",), {**OURS, SERVED: "2026-03-01T00:00:00Z"}),
)
VIEW = replace(
    build({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})[1].hosts["h1"],
    project=ProjectView({}, frozenset({"svc-web"}), frozenset({OLD, BEFORE, SERVING})),
    operations=(),
)
ROW = VIEW.instances[0]
AWAY = AwayQuestion(HELD[0], "h1", "prod", (VIEW,), HELD, {SERVING: "manifests/images.yaml:3"})


def marked(**properties: str) -> AwayQuestion:
    return replace(AWAY, image=replace(HELD[0], properties={key: value for key, value in {**OURS, **properties}.items() if value}))


def used_by(image: str, *, view: Any = VIEW) -> AwayQuestion:
    row = replace(ROW, config={**ROW.config, "volatile.base_image": image})
    return replace(AWAY, views=(replace(view, instances=(row,)),))


def failing(why: str = "") -> Trial:
    tried = Tried("python", "Python", "3", 0.1, None, (Judgement(Check.HELLO, "nothing was said"),))
    return Trial("golden", SERVING, "h1", 1.0, 0.1, why, (tried,))


PASSED = Trial("golden", SERVING, "h1", 1.0, 0.1, "", (Tried("python", "Python", "3", 0.1, None, (Judgement(Check.HELLO),)),))
LEFT = replace(ROW, config={"volatile.uuid": ROW.uuid, TRIAL: "golden"})

REFUSES: dict[str, Sequence[object]] = {
    "E01": [
        replace(AWAY, views=(replace(VIEW, grade=Grade.PARTIAL, why=("svc-x: hollow",)),)),
        replace(AWAY, views=(VIEW, replace(VIEW, grade=Grade.UNSEEN, why=("no answer",)))),
        replace(AWAY, views=()),
        replace(AWAY, views=(replace(VIEW, project=None),)),
        replace(AWAY, held=HELD[:2]),
        replace(AWAY, views=(replace(VIEW, project=ProjectView({}, frozenset(), frozenset({OLD}))),)),
    ],
    "E02": [marked(**{marks.ENV: "other"}), marked(**{marks.ENV: ""}), marked(**{marks.NAME: ""})],
    "E03": [replace(AWAY, image=HELD[2]), replace(AWAY, image=replace(HELD[0], aliases=("mine",)))],
    "E04": [replace(AWAY, pinned={OLD: "manifests/images.yaml:3"})],
    "E05": [used_by(OLD), replace(used_by(OLD), views=(VIEW, used_by(OLD).views[0]))],
    "E06": [replace(AWAY, image=HELD[1])],
    "E07": [replace(AWAY, views=(replace(VIEW, operations=(Operation("1", "Creating instance", "svc-new"),)),))],
    "E08": [
        LeftQuestion("h1", ROW),
        LeftQuestion("h1", replace(LEFT, config={"volatile.uuid": ROW.uuid})),
        LeftQuestion("h1", replace(LEFT, uuid="")),
        LeftQuestion("h1", replace(LEFT, config={**LEFT.config, marks.KIND: "Service"})),
        LeftQuestion("h1", replace(LEFT, config={**LEFT.config, marks.USER_LOCK: "key time"})),
        LeftQuestion("h1", replace(LEFT, config={**LEFT.config, "security.protection.delete": "true"})),
    ],
    "E09": [
        MoveQuestion(SERVING, "h1", None),
        MoveQuestion(SERVING, "h2", PASSED),
        MoveQuestion(BEFORE, "h1", PASSED),
        MoveQuestion(SERVING, "h1", failing()),
        MoveQuestion(SERVING, "h1", replace(PASSED, smoke="it ended with 1")),
        MoveQuestion(SERVING, "h1", replace(PASSED, languages=(replace(PASSED.languages[0], judgements=()),))),
    ],
}
ALLOWS: dict[str, Sequence[object]] = {
    "E01": [AWAY],
    "E02": [AWAY],
    "E03": [AWAY],
    "E04": [replace(AWAY, pinned={})],
    "E05": [used_by(SERVING)],
    "E06": [
        AWAY,
        replace(AWAY, held=tuple(replace(image, properties={**OURS}) for image in HELD), image=replace(HELD[1], properties=OURS)),
    ],
    "E07": [replace(AWAY, views=(replace(VIEW, operations=(Operation("1", "Executing command", "svc-web", "websocket"),)),))],
    "E08": [LeftQuestion("h1", LEFT)],
    "E09": [
        MoveQuestion(SERVING, "h1", PASSED),
        MoveQuestion(SERVING, "h1", replace(PASSED, languages=())),
        MoveQuestion(SERVING, "h1", replace(failing(), languages=(replace(failing().languages[0], excused=("hello",)),))),
    ],
}
TABLES: dict[str, tuple[Rule[Any], ...]] = {rule.code: table for table in (AWAY_RULES, LEFT_RULES, MOVE_RULES) for rule in table}


def first(rules: tuple[Rule[Any], ...], question: object) -> tuple[str, No] | None:
    for rule in rules:
        no = ask(rule, "unsandbox images list", question)
        if no is not None:
            return rule.code, no
    return None


@pytest.mark.parametrize("code", REFUSES)
def test_a_rule_about_images(code: str) -> None:
    for question in REFUSES[code]:
        found = first(TABLES[code], question)
        assert found is not None
        assert found[0] == code
        assert found[1].evidence
        assert found[1].unblock
    for question in ALLOWS[code]:
        assert first(TABLES[code], question) is None


@pytest.mark.parametrize("rule", IMAGE_RULES, ids=lambda rule: rule.code)
def test_a_rule_that_breaks_refuses(rule: Rule[Any]) -> None:
    no = ask(rule, "unsandbox images list", None)
    assert no is not None
    assert no.cause.startswith("the check itself failed")
