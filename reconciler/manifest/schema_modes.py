"""What may be done about what a manifest declares, and when: parts that several kinds share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from reconciler.manifest.fields import Duration, Moment, Strict
from reconciler.model.modes import zone_of

LONGEST = 7 * 86_400
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]{1,200}$"

ModeName = Literal["enforce", "detect"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EVERY: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(value: object) -> object:
    if isinstance(value, str):
        try:
            zone_of(value)
        except ValueError as error:
            raise ValueError(f"{error}: write it like Europe/Berlin; the machine's zones are in the package tzdata") from error
    return value


class SuspendSpec(Strict):
    """Nothing is changed before a moment."""

    reason: Annotated[str, Field(pattern=PRINTABLE)] = Field(description="Why, in a line that every refusal shows.")
    until: Moment = Field(description="When it is over, with zone; from then on it means nothing.")


class WindowSpec(Strict):
    """A time at which what is there may be destroyed, replaced or restarted."""

    days: Annotated[list[Day], Field(min_length=1)] = Field(
        default=list(EVERY), description="Days of the week on which it opens: mon to sun; left out, every day."
    )
    opens: Annotated[str, Field(pattern=CLOCK)] = Field(
        alias="from", description="When it opens by the clocks of zone, in quotes: '02:00'."
    )
    length: Duration = Field(
        alias="for", description="How long it stays open, at most 7d; over midnight too, and whatever the clocks do meanwhile."
    )
    zone: Annotated[str, BeforeValidator(_zone)] = Field(
        default="UTC", description="Time zone, such as Europe/Berlin. An opening that the clocks skip comes as much later as they skip."
    )

    @model_validator(mode="after")
    def _some_time(self) -> WindowSpec:
        if not 0 < self.length <= LONGEST:
            raise ValueError("for: a window stays open for more than 0s and at most 7d")
        return self
