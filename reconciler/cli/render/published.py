"""An image that was published: how each host stands to it, and the edit that pins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.spread.publish import ALREADY, SERVES
from reconciler.cli.render.screen import Line, columns, duration
from reconciler.cli.render.trials import trial_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.spread.publish import Published, Standing
    from reconciler.manifest.pin import Edit
    from reconciler.model.recipe import Built

SHORT = 12
_STATES = {SERVES: "good", ALREADY: "good"}


def published_lines(published: Published) -> list[Line]:
    """One row a host, then why some do not serve it."""
    head: Line = tuple((word, "dim") for word in ("HOST", "STATE", "CAME BY", "TOOK", "BEFORE"))
    rows = columns([head, *(_standing(standing) for standing in published.standings)])
    failed = [standing for standing in published.standings if not standing.serves]
    lines: list[Line] = list(rows)
    for standing in failed:
        lines.append(((f"{standing.host}: ", "title"), (standing.why, "bad")))
        lines.append(((f"  the image before goes on there; next: {standing.hint}", "dim"),))
    serve = len(published.standings) - len(failed)
    built = published.built
    lines.append(((f"{built.name} {built.fingerprint[:SHORT]} is served by {serve} of {len(published.standings)} hosts.", "title"),))
    return lines


def _standing(standing: Standing) -> Line:
    before = standing.before[:SHORT] or "-"
    took = duration(standing.seconds) if standing.seconds else "-"
    return (
        (standing.host, "title"),
        (standing.state, _STATES.get(standing.state, "bad")),
        (standing.came or "-", ""),
        (took, ""),
        (before, "dim"),
    )


def pin_lines(edits: Sequence[Edit] | None, built: Built, *, written: bool) -> list[Line]:
    """The edit of the manifest that pins the image."""
    if edits is None:
        return [((f"No Image manifest names the recipe {built.name}. Its fingerprint: {built.fingerprint}", "dim"),)]
    if not edits:
        return [((f"The manifest that names {built.name} pins {built.fingerprint[:SHORT]} already.", "dim"),)]
    word = "Written" if written else "To pin it, edit"
    lines: list[Line] = []
    for edit in edits:
        lines.append(((f"{word} {edit.file}:{edit.line}: ", "title"), (f"{edit.path}:", "")))
        lines.append(((f"  - {edit.old}", "bad"),))
        lines.append(((f"  + {edit.new}", "good"),))
    return lines


def published_document(published: Published, edits: Sequence[Edit] | None) -> dict[str, object]:
    """What was spread as JSON values."""
    return {
        "name": published.built.name,
        "fingerprint": published.built.fingerprint,
        "hosts": [
            {
                "host": standing.host,
                "state": standing.state,
                "serves": standing.serves,
                "came": standing.came,
                "seconds": round(standing.seconds, 3),
                "before": standing.before,
                "why": standing.why,
                "next": standing.hint,
                "trial": trial_document(standing.trial) if standing.trial else None,
            }
            for standing in published.standings
        ],
        "pin": [{"file": edit.file, "line": edit.line, "path": edit.path, "old": edit.old, "new": edit.new} for edit in edits or ()],
    }
