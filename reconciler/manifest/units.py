"""Sizes and durations as people write them. A bare number has no unit and is refused."""

from __future__ import annotations

import re

SIZE_FORMS = "64MiB, 2GiB (also KiB, TiB, kB, MB, GB, TB)"
DURATION_FORMS = "90s, 15m, 24h, 7d, or 1h30m"

_SIZE = re.compile(r"^([0-9]{1,12})(KiB|MiB|GiB|TiB|kB|MB|GB|TB)$")
_FACTOR = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DURATION = re.compile(r"^(?:([0-9]{1,6})d)?(?:([0-9]{1,7})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,10})s)?$")

SIZE_PATTERN = r"^[0-9]{1,12}(KiB|MiB|GiB|TiB|kB|MB|GB|TB)$"
DURATION_PATTERN = r"^([0-9]{1,6}d)?([0-9]{1,7}h)?([0-9]{1,8}m)?([0-9]{1,10}s)?$"


def size(text: object) -> int:
    """Bytes. Raises ``ValueError`` that shows the accepted forms."""
    match = _SIZE.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"not a size: write a number and a unit, such as {SIZE_FORMS}")
    return int(match[1]) * _FACTOR[match[2]]


def duration(text: object) -> int:
    """Seconds. Raises ``ValueError`` that shows the accepted forms."""
    match = _DURATION.match(text) if isinstance(text, str) and text else None
    if match is None:
        raise ValueError(f"not a duration: write a number and a unit, such as {DURATION_FORMS}")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
