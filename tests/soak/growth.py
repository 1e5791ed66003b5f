"""What the loop grew to: of the process that lived longest, the second quarter of its life against the last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.soak.loop import Sample

GROWTH = 0.05
"""Of its memory, at most."""
FEWEST = 200
"""Samples of one process, below which its memory is told and not judged: it is not warm yet."""
HANDLES = 8
"""Handles, and threads, that come and go with what is under way."""
MOST = 24 * 1024 * 1024
"""Bytes of all files in the state folder together, at most."""
MIB = 1024 * 1024


@dataclass(frozen=True)
class Growth:
    """The figures as words, and what is wrong with them."""

    words: str
    problems: tuple[str, ...]


def growth(samples: list[Sample]) -> Growth:
    """Look at them."""
    if not samples:
        return Growth("no samples", ("SAMPLES: there are none",))
    pid = Counter(sample.pid for sample in samples).most_common(1)[0][0]
    life = [sample for sample in samples if sample.pid == pid]
    quarter = max(1, len(life) // 4)
    early, late = life[quarter : 2 * quarter] or life, life[-quarter:]
    rss, handles, threads = (
        [median(getattr(sample, name) for sample in part) for part in (early, late)] for name in ("rss", "handles", "threads")
    )
    most = max(sum(sample.files.values()) for sample in samples)
    last = samples[-1].files
    words = (
        f"rss {rss[0] / MIB:.1f} -> {rss[1] / MIB:.1f} MiB over {life[-1].at - life[0].at:.0f} s, fds {handles[0]:g} -> {handles[1]:g}, "
        f"threads {threads[0]:g} -> {threads[1]:g}, files at most {most / MIB:.1f} MiB, "
        f"at the end {', '.join(f'{name} {size / MIB:.1f}' for name, size in last.items())}"
    )
    wrong = []
    if len(life) >= FEWEST and rss[1] > rss[0] * (1 + GROWTH):
        wrong.append(f"MEMORY grew from {rss[0] / MIB:.1f} to {rss[1] / MIB:.1f} MiB")
    if handles[1] > handles[0] + HANDLES or threads[1] > threads[0] + HANDLES:
        wrong.append(f"HANDLES {handles} or THREADS {threads} grew")
    if most > MOST:
        wrong.append(f"FILES grew to {most / MIB:.1f} MiB")
    return Growth(words, tuple(wrong))
