"""Figures of the benchmarks: medians, ratios, and one line each."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Figure:
    """One row of the table. ``must`` is the bound as text; ``holds`` whether this run met it, None where there is no bound."""

    name: str
    value: str
    must: str
    holds: bool | None


def seconds(action: Callable[[], object]) -> float:
    """How long ``action`` takes, by the wall."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def middle(values: list[float]) -> float:
    """The median."""
    return float(median(values))


def show(figures: list[Figure]) -> None:
    """The table, widest name first in mind; the last column says whether the bound held in this run."""
    rows = [("figure", "measured", "must be", "")] + [
        (figure.name, figure.value, figure.must, {True: "holds", False: "DOES NOT HOLD", None: ""}[figure.holds]) for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
