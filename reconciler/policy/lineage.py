"""From which containers an object was asked for: its ancestors, whom nothing inside it may harm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.model import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.world import Instance

PATTERN = r"^([0-9a-f-]{36}(,[0-9a-f-]{36}){0,31})?$"
"""At most 32 generations: what is deeper was not raised by us."""
_FORM = re.compile(PATTERN)


def ancestors(config: Mapping[str, str]) -> tuple[str, ...]:
    """Uuids that the lineage mark names, the outermost first. Raises ``ValueError`` where it is not of its form."""
    text = config.get(marks.LINEAGE, "")
    if not _FORM.match(text):
        raise ValueError(f"{marks.LINEAGE} is not a list of uuids: {text[:80]!r}")
    return tuple(text.split(",")) if text else ()


def line_below(container: Instance) -> str:
    """The lineage mark of what is asked for from inside ``container``. Raises ``ValueError`` where its own cannot be read or is full."""
    line = ",".join((*ancestors(container.config), container.uuid))
    if not container.uuid or not _FORM.match(line):
        raise ValueError(f"no lineage can be made of {line[-80:]!r}")
    return line
