"""What the C library keeps: few arenas however many threads there are, and nothing of what was freed once it was given back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reconciler.app.heap import ARENAS, CHOSEN

ARENA = 64 << 20
"""Bytes at a multiple of which an arena lies."""
THREADS = f"""
import threading
from reconciler.app.heap import give_back, keep_little
keep_little()
gate = threading.Barrier(9)
def work():
    kept = [bytes(1000) for _ in range(100)]
    gate.wait()
    gate.wait()
for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
gate.wait()
print(sum(int(line.split("-")[0], 16) % {ARENA} == 0 for line in open("/proc/self/maps")))
"""
FREED = """
from reconciler.app.heap import give_back
def rss():
    return int(open("/proc/self/statm").read().split()[1]) >> 8
kept = [bytes(1000) for _ in range(60_000)]
last = kept.pop()
before = rss()
del kept
freed = bytes(1000)
give_back()
print(before - rss())
"""


def run(script: str, **more: str) -> int:
    environ = {name: value for name, value in os.environ.items() if name not in CHOSEN} | more
    return int(subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(("chosen", "most"), [({}, ARENAS - 1), ({"MALLOC_ARENA_MAX": "4"}, 3)])
def test_threads_share_few_arenas_unless_somebody_chose_otherwise(chosen: dict[str, str], most: int) -> None:
    """The first arena is the heap, which lies elsewhere."""
    assert run(THREADS, **chosen) == most


def test_what_was_freed_is_given_back() -> None:
    assert run(FREED) > 40
