"""In which words, and how loudly, it is told what came of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.telling import Level, Telling, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.app.events import Report
    from reconciler.app.telemetry_present import Key
    from reconciler.model.changes import Refusal
    from reconciler.model.resources import Commit


def result_of(report: Report | None) -> tuple[str, Level, str]:
    """What came of a pass: unchanged, changed or incomplete; how much that matters; and counts."""
    if report is None or not (report.done or report.failed or report.skipped):
        return "unchanged", Level.DEBUG, ""
    counts = f": {len(report.done)} done, {len(report.failed)} failed, {len(report.skipped)} skipped"
    if report.failed or report.skipped or report.stopped:
        return "incomplete", Level.WARNING, counts
    return "changed", Level.INFO, counts


def refusal_tellings(came: Sequence[Refusal], gone: Sequence[tuple[Key, str]], host: str, pass_id: str, most: int) -> Iterator[Telling]:
    """One for each refusal that is there since this pass, and for each that is not any more; the rest as a number."""
    for one in came[:most]:
        yield Telling(
            "",
            Told.REFUSAL,
            Level.WARNING,
            "came",
            host=host,
            ref=one.ref,
            pass_id=pass_id,
            code=one.code,
            action=one.action,
            detail=one.cause,
        )
    for (code, ref, action), cause in gone[:most]:
        yield Telling("", Told.REFUSAL, Level.INFO, "gone", host=host, ref=ref, pass_id=pass_id, code=code, action=action, detail=cause)
    for state, count in (("came", len(came)), ("gone", len(gone))):
        if count > most:
            yield Telling("", Told.REFUSAL, Level.WARNING, state, host=host, pass_id=pass_id, detail=f"{count - most} more")


def seen_level(before: str, *, complete: bool) -> Level:
    """A host that is seen in full for the first time is nothing to tell of."""
    if not complete:
        return Level.WARNING
    return Level.INFO if before else Level.DEBUG


def text_words(commit: Commit | None, error: str) -> tuple[Level, str, str]:
    """Of another text, or of none."""
    if error or commit is None:
        return Level.ERROR, "unreadable", error
    return Level.INFO, "read", f"{commit.id or 'in no commit'}{', with uncommitted edits' if commit.dirty and commit.id else ''}"
