"""How a Pool and the Policy write a rolling update."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from reconciler.manifest.fields import Duration, Strict
from reconciler.model.rollout import Portion

MOST = 1_000_000
_PERCENT = re.compile(r"^([1-9][0-9]?|100)%$")


def _portion(value: object) -> Portion:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
        return Portion(value)
    match = _PERCENT.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a part of a group: write a number from 1 on, or a share from '1%' to '100%'")
    return Portion(int(match[1]), percent=True)


PortionOf = Annotated[
    Portion,
    BeforeValidator(_portion),
    WithJsonSchema(
        {
            "oneOf": [{"type": "integer", "minimum": 1, "maximum": MOST}, {"type": "string", "pattern": _PERCENT.pattern}],
            "examples": [1, "25%"],
        }
    ),
]


class UpdateSpec(Strict):
    """A rolling update: members change in turns, in the order of their names."""

    max_unavailable: PortionOf = Field(
        default=Portion(1),
        description="Most members that are down, changing or not yet proven at a time: a number, or a share in percent, rounded down."
        " One may always be.",
    )
    canary: PortionOf | None = Field(
        default=None,
        description="Members that change first and must prove themselves before another one does: a number, or a share in percent, rounded"
        " up.",
    )
    proven: Duration = Field(default=30, description="How long a member must have run well since its change to count as available again.")
    pause: bool = Field(default=False, description="Whether nobody changes for the time being.")
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="What a member means that changed and does not run well: nobody else changes until a person steps in, or the others"
        " go on as far as maxUnavailable allows.",
    )
