"""What may be shown. Every env value is a secret; there is no list of names that look like one."""

from __future__ import annotations

ENVIRONMENT = "environment."
BEFORE = "*** (before)"
AFTER = "*** (after)"


def is_secret(key: str) -> bool:
    """Whether the value of an LXD config key may never be shown."""
    return key.startswith((ENVIRONMENT, "user.user-data", "user.vendor-data", "cloud-init."))


def shown(key: str, value: str | None, when: str) -> str:
    """``value`` fit for a plan: masked where it is a secret, "" where it is absent. ``when`` is ``before`` or ``after``."""
    if value is None:
        return ""
    if is_secret(key):
        return BEFORE if when == "before" else AFTER
    return value
