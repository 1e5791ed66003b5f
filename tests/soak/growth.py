"""What the loop grew to: of the process that lived longest, the first half of its life against the second."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.soak.loop import Sample

MIB = 1024 * 1024
ROOM = 3 * MIB
"""By how much the most memory of the second half may lie above that of the first.

One for the calls of the last hour, which budgets are counted from: 0.5 KiB each, and a soak makes two thousand. Two because what a pass
takes for a moment is met or missed by samples that are seconds apart. What exists and what is declared does not grow meanwhile.
"""
FEWEST = 200
"""Samples of one process, below which its memory is told and not judged: it is not warm yet."""
HANDLES = 8
"""Handles, and threads, that come and go with what is under way."""
MOST = 24 * MIB
"""Bytes of all files in the state folder together, at most."""
MAKING = frozenset({"create", "replace"})


@dataclass(frozen=True)
class Growth:
    """The figures as words, and what is wrong with them."""

    words: str
    problems: tuple[str, ...]


def growth(samples: list[Sample], logs: Mapping[int, Path]) -> Growth:
    """Look at them. ``logs``: of each process."""
    if not samples:
        return Growth("no samples", ("SAMPLES: there are none",))
    pid = Counter(sample.pid for sample in samples).most_common(1)[0][0]
    life = [sample for sample in samples if sample.pid == pid]
    early, late = life[: len(life) // 2] or life, life[len(life) // 2 :]
    rss = [max(sample.rss for sample in part) for part in (early, late)]
    handles, threads = ([median(getattr(sample, name) for sample in part) for part in (early, late)] for name in ("handles", "threads"))
    most = max(sum(sample.files.values()) for sample in samples)
    words = (
        f"rss at most {rss[0] / MIB:.1f} MiB, then {rss[1] / MIB:.1f} MiB, in the halves of {life[-1].at - life[0].at:.0f} s, "
        f"{_each(life, logs[pid])}, fds {handles[0]:g} -> {handles[1]:g}, threads {threads[0]:g} -> {threads[1]:g}, "
        f"files at most {most / MIB:.1f} MiB, "
        f"at the end {', '.join(f'{name} {size / MIB:.1f}' for name, size in samples[-1].files.items())}"
    )
    wrong = []
    if len(life) >= FEWEST and rss[1] > rss[0] + ROOM:
        wrong.append(f"MEMORY grew from {rss[0] / MIB:.1f} to {rss[1] / MIB:.1f} MiB")
    if handles[1] > handles[0] + HANDLES or threads[1] > threads[0] + HANDLES:
        wrong.append(f"HANDLES {handles} or THREADS {threads} grew")
    if most > MOST:
        wrong.append(f"FILES grew to {most / MIB:.1f} MiB")
    return Growth(words, tuple(wrong))


def _each(life: list[Sample], log: Path) -> str:
    """What the process grew by from the second quarter of its life to the last, which is half of it, by what it did in half of it."""
    quarter = max(1, len(life) // 4)
    grown = median(sample.rss for sample in life[-quarter:]) - median(sample.rss for sample in life[quarter : 2 * quarter] or life)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{") and line.endswith("}")]
    passes = sum(line["event"] == "pass" for line in lines)
    made = sum(line["event"] == "action" and line["state"] == "done" and line.get("action") in MAKING for line in lines)
    each = [
        f"{2 * grown / count / 1024:+.1f} KiB a {name}" if count else f"no {name}"
        for name, count in (("pass", passes), ("container", made))
    ]
    return f"{passes} passes and {made} containers made: {', '.join(each)}"
