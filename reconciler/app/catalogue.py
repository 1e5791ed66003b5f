"""Every refusal there is, from the tables that make them: what ``unsandbox refusals`` and the reference page show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.engine.asked import GuardRule
from reconciler.engine.beside import BESIDE
from reconciler.engine.lease import LEASE_RULES
from reconciler.engine.rules import RULES
from reconciler.engine.table.images import IMAGE_RULES
from reconciler.engine.table.plans import PLAN_RULES
from reconciler.engine.table.steps import STEP_RULES
from reconciler.engine.warm import CELL_RULES, PLACE_RULES
from reconciler.errors import UsageError
from reconciler.manifest.checks import TEXT_RULES
from reconciler.policy.access import ACCESS_RULES
from reconciler.policy.admission import ADMISSION_RULES, MEMORY_RULES, SAME
from reconciler.policy.fencing import FENCING_RULES
from reconciler.policy.otp import APPROVAL_RULES
from reconciler.policy.paths import NAME_RULES, TOGETHER
from reconciler.policy.reuse import AGAIN_RULES, KEEP_RULES
from reconciler.policy.serving import SERVING_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Stage(StrEnum):
    """When a refusal is given, in the order of a pass."""

    TEXT = "text"
    CHANGE = "change"
    FLEET = "fleet"
    PLAN = "plan"
    WRITER = "writer"
    STEP = "step"
    IMAGE = "image"
    REQUEST = "request"
    APPROVAL = "approval"
    RUN = "run"


MEANING: dict[Stage, str] = {
    Stage.TEXT: "the manifests as a whole: nothing is observed or done",
    Stage.CHANGE: "one change: the rest of the plan goes on",
    Stage.FLEET: "what only several objects show: the changes of that kind, the rest goes on",
    Stage.PLAN: "a plan as a whole, before its first step",
    Stage.WRITER: "every call of one host, before it is made",
    Stage.STEP: "one action, just before its first call or where a call failed",
    Stage.IMAGE: "one image on one host: the others go on",
    Stage.REQUEST: "one request of a key or a person",
    Stage.APPROVAL: "one try to approve",
    Stage.RUN: "one run, or the next one in its cell",
}
"""What a refusal of the stage holds up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code. ``actions`` are those it is asked about, "" where it is about no single action."""

    code: str
    title: str
    why: str
    stages: tuple[Stage, ...]
    actions: tuple[str, ...] = ()
    acceptable: bool = False


def catalogue() -> tuple[Entry, ...]:
    """Every code once, sorted; one that is asked at two stages carries both."""
    found: dict[str, Entry] = {}
    for entry in _every():
        before = found.get(entry.code)
        found[entry.code] = entry if before is None else _both(before, entry)
    return tuple(found[code] for code in sorted(found))


def entry_of(code: str) -> Entry:
    """The entry of one code, in any case. Raises ``UsageError`` where there is none."""
    found = next((entry for entry in catalogue() if entry.code == code.upper()), None)
    if found is None:
        raise UsageError(f"{code!r} is the code of no refusal", hint="unsandbox refusals")
    return found


def _both(first: Entry, second: Entry) -> Entry:
    why = first.why if second.why in first.why else f"{first.why} {second.why}"
    stages = (*first.stages, *second.stages)
    return Entry(first.code, first.title, why, stages, first.actions or second.actions, first.acceptable or second.acceptable)


def _every() -> Iterator[Entry]:
    yield from _of(TEXT_RULES, Stage.TEXT)
    yield from _of(RULES, Stage.CHANGE)
    yield from (Entry(row.code, row.title, row.why, (Stage(row.stage),)) for row in BESIDE)
    yield from _of(PLAN_RULES, Stage.PLAN)
    yield from _of(LEASE_RULES, Stage.WRITER)
    yield from _of(STEP_RULES, Stage.STEP)
    yield from _of(IMAGE_RULES, Stage.IMAGE)
    yield from _of(ACCESS_RULES, Stage.REQUEST)
    yield from _of(APPROVAL_RULES, Stage.APPROVAL)
    yield from _of((*KEEP_RULES, *AGAIN_RULES, *FENCING_RULES, *ADMISSION_RULES, *MEMORY_RULES, SAME, *PLACE_RULES, *CELL_RULES), Stage.RUN)
    yield from _of((*NAME_RULES, TOGETHER, *SERVING_RULES), Stage.RUN)


def _of(rules: Iterable[object], stage: Stage) -> Iterator[Entry]:
    for rule in rules:
        actions: Sequence[str] = ()
        if isinstance(rule, GuardRule):
            actions = sorted(action.value for action in rule.actions)
        code, title, why = (str(getattr(rule, name)) for name in ("code", "title", "why"))
        yield Entry(code, title, why, (stage,), tuple(actions), bool(getattr(rule, "acceptable", False)))
