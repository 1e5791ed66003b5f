"""The catalogue of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.catalogue import MEANING
from reconciler.cli.render.screen import Line, columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.catalogue import Entry

_HEAD: Line = tuple((word, "dim") for word in ("CODE", "REFUSED WHEN", "ASKED OF", "ACCEPT"))


def refusals_lines(entries: Sequence[Entry]) -> list[Line]:
    """One row a code."""
    rows = [
        ((entry.code, "title"), (entry.title, ""), (", ".join(entry.stages), "dim"), ("yes" if entry.acceptable else "", "dim"))
        for entry in entries
    ]
    return columns([_HEAD, *rows])


def refusal_entry_lines(entry: Entry) -> list[Line]:
    """All that is known about one code."""
    lines: list[Line] = [((entry.code, "title"), (f"  {entry.title}", "")), (), ((entry.why, ""),), ()]
    lines += [((f"Asked of {stage}: ", "dim"), (MEANING[stage], "")) for stage in entry.stages]
    if entry.actions:
        lines.append((("Actions: ", "dim"), (", ".join(entry.actions), "")))
    lines.append((("Default: ", "dim"), ("no; a check that fails is a no as well", "")))
    how = f"unsandbox accept {entry.code} REF, for exactly the evidence shown" if entry.acceptable else "the command beside the refusal"
    return [*lines, (("Unblock: ", "dim"), (how, "info"))]


def refusals_document(entries: Sequence[Entry]) -> dict[str, object]:
    """The catalogue as JSON values."""
    return {
        "refusals": [
            {
                "code": entry.code,
                "title": entry.title,
                "why": entry.why,
                "stages": [stage.value for stage in entry.stages],
                "actions": list(entry.actions),
                "acceptable": entry.acceptable,
            }
            for entry in entries
        ]
    }
