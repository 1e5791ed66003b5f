"""How much of this machine's memory runs may come to hold: what was sent in, and as much as each may say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.app.execute.spec import ARTIFACTS

if TYPE_CHECKING:
    from reconciler.model.run import RunRequest

PART = 4
"""Of the machine's memory one part of so many; the rest is for copies of a moment, and for all else."""
EACH = 64 * 1024
"""Bytes for a run in any case: its thread, its words, its place."""


def most_held() -> int:
    """Bytes for all runs of this process together."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // PART


def sent_in(request: RunRequest) -> int:
    """Bytes of code and input, which a runner is told."""
    return len(request.code) + len(request.stdin) + sum(len(file.data) for file in request.files)


def may_say(request: RunRequest) -> int:
    """Bytes that its runner may tell of it at most."""
    return request.output + (ARTIFACTS["bytes"] if request.artifacts else 0)
