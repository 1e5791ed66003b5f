"""Images as they are on a host, and the marks on those that we brought there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVED = marks.PREFIX + "served"
"""When the image passed its tests on its host and the alias came to point at it: ISO 8601 in UTC."""
TRIAL = marks.PREFIX + "trial"
"""On a container: the image that is tried in it. Such a container is thrown away, and it stands for no manifest."""


@dataclass(frozen=True, slots=True)
class HeldImage:
    """One image in our project on one host. ``size`` in bytes."""

    fingerprint: str
    aliases: tuple[str, ...]
    properties: Mapping[str, str] = field(repr=False)
    size: int = 0

    @property
    def family(self) -> str:
        """The name that it was brought under; "" where it does not carry our marks."""
        return self.properties.get(marks.NAME, "") if self.properties.get(marks.ENV) else ""

    @property
    def served(self) -> str:
        """When it came to be what its alias points at; "" where it never was."""
        return self.properties.get(SERVED, "")


def image_marks(env: str, name: str) -> dict[str, str]:
    """What an image that we bring carries."""
    return {marks.ENV: env, marks.NAME: name}
