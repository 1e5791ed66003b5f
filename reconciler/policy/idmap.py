"""Whether a version of LXD finds the id-mapped mounts of a kernel (decision 0038)."""

from __future__ import annotations

import re

MENDED_IN = (((5, 0), (5, 0, 4)), ((5, 21), (5, 21, 2)), ((6, 0), (6, 1)))
"""Up to which series LXD's own test fails, and the first version of it whose test does not."""
STRICT_SINCE = (6, 9)
"""The first Linux on which it fails."""
_NUMBERS = re.compile(r"\d+(?:\.\d+)+")


def finds_idmapped(lxd: str, kernel: str) -> bool | None:
    """By version alone, as ``5.0.2`` and ``6.18.44-cloud`` are told. None where one is not a version."""
    ours, host = _numbers(lxd), _numbers(kernel)
    if ours is None or host is None:
        return None
    return host < STRICT_SINCE or next((ours >= mended for series, mended in MENDED_IN if ours[:2] <= series), True)


def _numbers(version: str) -> tuple[int, ...] | None:
    found = _NUMBERS.match(version)
    return tuple(int(part) for part in found.group().split(".")) if found else None
