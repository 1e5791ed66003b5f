"""The plan's JSON is a stable interface: the schema, the page and what is written agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.app.planfile import plan_document
from reconciler.model.changes import Action, Reason
from tests.cases.loader import cases
from tests.cli import values
from tests.docs.validator import wrong

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "schema" / "plan.schema.json").read_text())


@pytest.mark.parametrize("case", [param for param in cases("render") if str(param.id).startswith("plan:")])
def test_what_is_written_fits_the_schema(case: dict[str, Any]) -> None:
    assert wrong(json.loads(json.dumps(plan_document(values.plan(case["plan"])))), SCHEMA, SCHEMA) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plan: plan.pop("summary"),
        lambda plan: plan.update(extra=1),
        lambda plan: plan["actions"][0].update(action="explode"),
        lambda plan: plan["actions"][0].update(index="0"),
        lambda plan: plan["refusals"][0]["evidence"].update(count=1),
        lambda plan: plan.update(format="unsandbox/plan/v2"),
    ],
)
def test_the_schema_can_say_no(spoil: Any) -> None:
    case = next(param.values[0] for param in cases("render") if param.id and "refusals, then" in str(param.id))
    assert isinstance(case, dict)
    document = plan_document(values.plan(case["plan"]))
    spoil(document)
    assert wrong(document, SCHEMA, SCHEMA)


def test_the_schema_has_every_action_and_reason() -> None:
    action = SCHEMA["$defs"]["action"]["properties"]
    assert set(action["action"]["enum"]) == {member.value for member in Action if member is not Action.KEEP}
    assert set(action["reason"]["enum"]) == {member.value for member in Reason}
    assert set(SCHEMA["properties"]["summary"]["properties"]) == {*action["action"]["enum"], "refused", "kept", "unseen"}


def test_the_page_shows_every_part_and_no_other() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", (DOCS / "plan-json.md").read_text(), re.DOTALL)
    shown = json.loads(text)
    for part, schema in (
        (shown, SCHEMA),
        (shown["actions"][0], SCHEMA["$defs"]["action"]),
        (shown["actions"][0]["fields"][0], SCHEMA["$defs"]["field"]),
        (shown["refusals"][0], SCHEMA["$defs"]["refusal"]),
    ):
        assert set(part) == set(schema["properties"])
