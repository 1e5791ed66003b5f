"""The hosts that images are spread to: active ones, of a cluster one for all its members, for they share their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.model.cluster import by_endpoint
from reconciler.model.resources import HostState

if TYPE_CHECKING:
    from reconciler.model.resources import Desired, Host


def crowd(desired: Desired, names: tuple[str, ...] = ()) -> tuple[Host, ...]:
    """In the order of the inventory; only those of ``names``, where there are any. Raises ``UsageError`` for one that is not active."""
    active = [host for host in desired.hosts if host.state is HostState.ACTIVE]
    unknown = [name for name in names if name not in {host.name for host in active}]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: no active host of the inventory has that name", hint="unsandbox hosts")
    picked = [host for host in active if not names or host.name in names]
    if not picked:
        raise UsageError("the inventory has no active host", hint="unsandbox hosts")
    return tuple(group[0] for group in by_endpoint(picked).values())
