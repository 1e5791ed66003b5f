"""Hosts: who is reachable, who they are, what they hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.enrolment import Enrolment
    from reconciler.app.hosts import HostRow

_STYLES = {"complete": "good", "partial": "warn", "unseen": "bad"}
_HEAD: Line = tuple(
    (word, "dim") for word in ("HOST", "SEEN", "STATE", "LOCATION", "LXD", "SERVER", "FINGERPRINT", "OURS", "OTHERS", "CAPACITY", "ADDRESS")
)


def host_lines(rows: Sequence[HostRow]) -> list[Line]:
    """One row a host, then why those not seen in full were not."""
    if not rows:
        return [(("no hosts in inventory/; take one in with: unsandbox hosts add URL", ""),)]
    return [*columns([_HEAD, *(_row(row) for row in rows)]), *unseen_lines(rows)]


def _row(row: HostRow) -> Line:
    powers = " ".join(f"{count} {power}" for power, count in row.powers)
    ours = "-" if row.instances is None else str(row.instances) + (f" ({powers})" if powers else "")
    return (
        (row.name, "title"),
        (row.grade, _STYLES.get(row.grade, "")),
        (row.state, ""),
        (row.location, ""),
        (row.version or "-", ""),
        (f"{row.cluster}/{row.server_name or '-'}" if row.cluster else row.server_name or "-", ""),
        (row.fingerprint[:12], "dim"),
        (ours, ""),
        ("-" if row.foreign is None else str(row.foreign), ""),
        (capacity_text(row), ""),
        (row.address, "dim"),
    )


def capacity_text(row: HostRow) -> str:
    """``8 vcpu, 16GiB, 40 instances``; ``not stated`` where the inventory says nothing."""
    stated = row.capacity
    parts = [f"{stated.vcpu} vcpu"] if stated.vcpu is not None else []
    parts += [size(stated.memory)] if stated.memory is not None else []
    parts += [f"{stated.instances} instances"] if stated.instances is not None else []
    return ", ".join(parts) or "not stated"


def unseen_lines(rows: Sequence[HostRow]) -> list[Line]:
    """Hosts below complete, with why; nothing where all were seen."""
    below = columns([((row.name, "warn"), (row.grade, ""), (row.why, "")) for row in rows if row.grade != "complete"], indent=2)
    return [(), (("Not seen in full", "title"),), *below] if below else []


def host_document(row: HostRow) -> dict[str, object]:
    """One host as JSON values. Sizes are bytes."""
    return {**asdict(row), "powers": dict(row.powers)}


def enrolment_lines(enrolment: Enrolment) -> list[Line]:
    """What a person must compare before a host is trusted."""
    return [
        (("Host ", ""), (enrolment.name, "title"), (f" at {enrolment.url} shows a certificate with the SHA-256 fingerprint", "")),
        (("  ", ""), (enrolment.fingerprint, "title")),
        (("Compare it with what the host itself says: lxc info | grep certificate_fingerprint", "dim"),),
    ]
