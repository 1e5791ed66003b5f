"""The journal, newest first."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns
from reconciler.model.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.records import Intent
    from reconciler.store.verify import Soundness

_STYLES = {Outcome.DONE: "good", Outcome.FAILED: "bad", Outcome.SKIPPED: "warn", Outcome.UNKNOWN: "warn"}
_HEAD: Line = tuple((word, "dim") for word in ("AT", "WHO", "OBJECT", "HOST", "CALL", "OUTCOME", "COMMIT", "DETAIL"))


def history_lines(entries: Sequence[Intent]) -> list[Line]:
    """One row a call."""
    if not entries:
        return [(("the journal holds nothing of that; it begins with the first: unsandbox apply", ""),)]
    return columns([_HEAD, *(_row(entry) for entry in entries)])


def _row(entry: Intent) -> Line:
    return (
        (entry.at, "dim"),
        (entry.actor or "-", ""),
        (entry.ref, ""),
        (entry.host or "-", ""),
        (entry.call, ""),
        (entry.outcome.value, _STYLES[entry.outcome]) if entry.outcome else ("not known yet", "warn"),
        (entry.commit[:12] or "-", "dim"),
        (entry.detail, ""),
    )


def history_document(entries: Sequence[Intent]) -> dict[str, object]:
    """The entries as JSON values; ``outcome`` null means: not known yet."""
    return {"entries": [{**asdict(entry), "outcome": entry.outcome.value if entry.outcome else None} for entry in entries]}


def soundness_lines(found: Soundness) -> list[Line]:
    """One line: that all holds, with the head to keep elsewhere, or what does not and where."""
    if found.why:
        return [((f"does not hold at entry {found.seq}: {found.why}", "bad"),)]
    count = f"{found.entries} {'entry' if found.entries == 1 else 'entries'}"
    cut = f" after {found.cut} that were cut" if found.cut else ""
    return [((f"holds: {count}{cut}, head ", "good"), (found.head, ""))]


def soundness_document(found: Soundness) -> dict[str, object]:
    """The same as JSON values; ``seq`` 0 and ``why`` "" where all holds."""
    return asdict(found)
