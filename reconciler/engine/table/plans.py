"""Rules about a plan as a whole, asked before its first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.refuse import plans
from reconciler.model.rules import Rule

if TYPE_CHECKING:
    from reconciler.engine.refuse.plans import PlanQuestion

PLAN_RULES: tuple[Rule[[PlanQuestion]], ...] = (
    Rule(
        "P07",
        "Another version of this tool made the plan",
        plans.other_tool,
        "Another version may mean something else by the same words; the plan is made again.",
    ),
    Rule(
        "P13",
        "The plan is too old",
        plans.expired,
        "A plan is an answer to a world that moves. It lives for a day, or as --expires says.",
    ),
    Rule("P08", "The plan was carried out already", plans.used, "What was approved once was approved for once."),
    Rule(
        "P01",
        "The manifests are not those the plan was made from",
        plans.other_commit,
        "The digest covers every file that is read, so a comment counts as well.",
    ),
    Rule(
        "P04",
        "A host that the plan touches is another one",
        plans.other_hosts,
        "A certificate that differs, or a host that cannot be seen: hosts that the plan does not touch play no part.",
    ),
    Rule(
        "P02",
        "An object that the plan touches is not as it was",
        plans.touched_moved,
        "Each object is pinned by its uuid, generation, status, marks, configuration, devices and what its profiles give.",
    ),
    Rule(
        "P14",
        "Something that was refused when the plan was made would be done",
        plans.allowed_since,
        "Whoever approved the plan saw it refused.",
    ),
    Rule(
        "P03",
        "Something that the plan does not touch moved",
        plans.others_moved,
        "This does not make a plan stale, unless apply is asked for --exact.",
    ),
    Rule(
        "D08",
        "The manifests are not a commit that git can place",
        plans.uncommitted,
        "What is in no commit can be neither reviewed nor reverted. A plan of it may be made; to apply it needs --uncommitted.",
    ),
    Rule(
        "A30",
        "The plan needs the approval of a person",
        plans.unapproved,
        "It destroys what left the manifests, replaces, unlocks, or switches approval off. Surplus cells and ended sessions do not ask.",
    ),
)
"""In order; the first no decides."""

STALE = frozenset({"P01", "P02", "P03", "P04", "P07", "P08", "P13", "P14"})
"""Codes that mean that the plan is not the one that is needed."""
