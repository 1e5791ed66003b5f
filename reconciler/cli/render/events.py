"""What a loop told, a line each."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import duration
from reconciler.model.telling import Level, Told

if TYPE_CHECKING:
    from reconciler.cli.render.screen import Line
    from reconciler.model.telling import Telling

_STYLES = {Level.DEBUG: "dim", Level.INFO: "", Level.WARNING: "warn", Level.ERROR: "bad"}
_GOOD = {"done", "changed", "complete", "leader", "read", "gone"}


def event_line(told: Telling) -> Line:
    """When, what and of which host, then the rest in the order of importance."""
    style = "good" if told.state in _GOOD else _STYLES[told.level]
    words = [told.code, told.action, told.ref, *_numbers(told)]
    head = " ".join(word for word in words if word)
    return (
        (f"{told.at[:19].replace('T', ' ')}Z  ", "dim"),
        (f"{told.kind.value:<8} ", ""),
        (f"{told.host or '-':<12} ", ""),
        (f"{told.state:<10} ", style),
        (head, ""),
        (": " if head and told.detail else "", ""),
        (told.detail, "dim" if told.level is Level.DEBUG else ""),
    )


def _numbers(told: Telling) -> list[str]:
    took = [duration(told.seconds)] if told.seconds else []
    if told.kind is Told.LOOP:
        return [f"process {told.process}"]
    if told.kind is Told.PASS:
        return [f"{told.changes} {'difference' if told.changes == 1 else 'differences'},", f"{told.refusals} refused,", *took]
    return took


def event_document(told: Telling) -> dict[str, object]:
    """The same as JSON values."""
    row = asdict(told)
    row["pass"] = row.pop("pass_id")
    return {**row, "kind": told.kind.value, "level": told.level.value, "seconds": round(told.seconds, 3)}
