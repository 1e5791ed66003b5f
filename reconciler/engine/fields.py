"""Which fields differ between what is wanted and what was found, and which of them LXD can change in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.spec import ENVIRONMENT
from reconciler.model import marks
from reconciler.model.changes import FieldDiff
from reconciler.policy.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.resources import Workload
    from reconciler.model.world import Instance

OWNED = (ENVIRONMENT, marks.LABEL)
"""Prefixes we own whole: a key below them that is not wanted is taken away."""

UPLINK = "devices.eth1.network"
"""What only a proxy has. Nobody becomes one, or ceases to be one, with what is inside."""

OPTIONAL = (marks.PORTS, marks.DOMAINS, marks.LOCKED, marks.EXPIRES, marks.QUARANTINE)

_FACTORS = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}


MOST_DIGITS = 18


def as_bytes(text: str) -> int | None:
    """Bytes of a size in LXD's form; None where it is none."""
    digits = text.rstrip("BkKMGTi")
    if not digits.isdigit() or len(digits) > MOST_DIGITS:
        return None
    factor = _FACTORS.get(text[len(digits) :] or "B")
    return int(digits) * factor if factor else None


def config_diffs(stated: Mapping[str, str], found: Instance) -> tuple[FieldDiff, ...]:
    """Config keys that differ. Only what is stated is compared, and what lies below the prefixes we own."""
    config = found.config
    gone = [key for key in config.keys() - stated.keys() if key.startswith(OWNED) or key in OPTIONAL]
    # Almost every instance is as it should be; that is told by one comparison of sets.
    if not gone and stated.items() <= config.items():
        return ()
    different = [key for key, value in stated.items() if config.get(key) != value]
    return tuple(
        FieldDiff(f"config.{key}", shown(key, config.get(key), "before"), shown(key, stated.get(key), "after"))
        for key in sorted({*different, *gone})
        if not _same(key, config.get(key), stated.get(key))
    )


def _same(key: str, old: str | None, new: str | None) -> bool:
    """Sizes are compared as numbers, so that 1024MiB written by a person is not a difference from 1GiB."""
    if key != "limits.memory" or old is None or new is None:
        return old == new
    return as_bytes(old) is not None and as_bytes(old) == as_bytes(new)


def device_diffs(stated: Mapping[str, Mapping[str, str]], found: Instance) -> tuple[FieldDiff, ...]:
    """Device keys that differ, as ``devices.root.size``. Devices we do not state are left alone."""
    rows = []
    for name, device in stated.items():
        there = found.devices.get(name, {})
        if there == device:
            continue
        for key in sorted({*device, *there}):
            old, new = there.get(key, ""), device.get(key, "")
            if old != new and not (key == "size" and as_bytes(old) is not None and as_bytes(old) == as_bytes(new)):
                rows.append(FieldDiff(f"devices.{name}.{key}", old, new))
    return tuple(rows)


def immutable(diff: FieldDiff) -> bool:
    """Whether LXD can only make this difference by making the container anew (or, for a disk, by losing data)."""
    if diff.path == "devices.root.size":
        old, new = as_bytes(diff.old), as_bytes(diff.new)
        return new is not None and old is not None and new < old
    return diff.path in {
        "image",
        "devices.root.pool",
        "devices.root.path",
        "devices.eth0.network",
        UPLINK,
        "config.security.nesting",
        "config.security.privileged",
    }


def image_diff(workload: Workload, found: Instance) -> tuple[FieldDiff, ...]:
    """The image, where it differs and LXD told which one it was."""
    if not found.image or found.image == workload.image:
        return ()
    return (FieldDiff("image", found.image[:12], workload.image[:12]),)
