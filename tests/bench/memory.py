"""What 10,000 passes leave behind in the loop's process: a fake host tells of a change, and is looked at, again and again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure, say
from tests.fake.estate import PROJECT, Estate
from tests.surviving.loop import RUNNING, Loop, settled

PASSES, WARM, SERVICES = 10_000, 2_000, 20
GROWTH = 0.05
OTHERS = 4
"""Handles and threads that come and go with what is under way."""
EVERY = 250
"""Passes between two samples."""
LONGEST = 1800.0
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


def measure() -> list[Figure]:
    """Memory, handles and threads after the first passes and after the last."""
    with Estate() as estate:
        estate.services = {f"s{number}": "" for number in range(SERVICES)}
        estate.write()
        with Loop(estate, "--log-level", "info") as loop:
            loop.until(lambda: settled(estate, **dict.fromkeys(estate.services, RUNNING)), 120)
            began = time.monotonic()
            samples = _pass_after_pass(estate, loop)
            took = time.monotonic() - began
    early, late = (
        [median(column) for column in zip(*part, strict=True)] for part in (samples[: len(samples) // 4], samples[-len(samples) // 4 :])
    )
    grown, each = late[0] / early[0] - 1, (late[0] - early[0]) / ((PASSES - WARM) * 3 / 4)
    return [
        Figure(
            f"memory after {WARM:,} passes and after {PASSES:,}",
            f"{early[0] / MIB:.1f} MiB, {late[0] / MIB:.1f} MiB = {grown:+.1%}, {each:+.0f} bytes a pass, in {took:.0f} s",
            f"< {GROWTH:.0%}",
            grown < GROWTH,
        ),
        Figure(
            "handles and threads, the same",
            f"{early[1]:g} and {early[2]:g}, {late[1]:g} and {late[2]:g}",
            f"at most {OTHERS} more",
            late[1] <= early[1] + OTHERS and late[2] <= early[2] + OTHERS,
        ),
    ]


def _pass_after_pass(estate: Estate, loop: Loop) -> list[tuple[int, int, int]]:
    """Samples between the warm passes and the last."""
    samples, due, end = [], WARM, time.monotonic() + LONGEST
    events = estate.fakes[0].state.events
    while (passes := loop.passes()) < PASSES:
        if passes >= due:
            due += EVERY
            samples.append(_sample(loop.process.pid))
            say(f"{passes} passes, {samples[-1][0] / MIB:.1f} MiB")
        if time.monotonic() > end:
            raise TimeoutError
        for _ in range(20):
            events.lifecycle("instance-updated", ("instances", "svc-s0"), PROJECT)
            time.sleep(0.03)
    return samples


def _sample(pid: int) -> tuple[int, int, int]:
    """Bytes, handles, threads."""
    folder = Path(f"/proc/{pid}")
    rss = int((folder / "statm").read_text().split()[1]) * PAGE
    return rss, len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))
