"""Checks and their mends."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.doctor import Check
    from reconciler.cli.render.screen import Line

_STYLES = {"ok": "good", "warn": "warn", "fail": "bad", "unknown": "dim"}


def check_lines(checks: Sequence[Check]) -> list[Line]:
    """Checks by scope, a mend below each that needs one, the counts last."""
    lines: list[Line] = []
    for scope, group in groupby(checks, key=lambda check: check.scope):
        lines += [((scope, "title"),)]
        for check in group:
            lines.append(
                (("  ", ""), (f"{check.verdict.ljust(7)} ", _STYLES.get(check.verdict, "")), (f"{check.name}: {check.finding}", ""))
            )
            if check.mend and check.verdict != "ok":
                lines.append((("          mend: ", ""), (check.mend, "info")))
        lines.append(())
    counts = ", ".join(f"{sum(check.verdict == verdict for check in checks)} {verdict}" for verdict in _STYLES)
    return [*lines, ((f"Doctor: {counts}", "title"),)]


def check_document(check: Check) -> dict[str, object]:
    """One check as JSON values."""
    return asdict(check)
