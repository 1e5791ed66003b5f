"""What is declared beside what is there, one row an object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.app.hosts import HostRow, host_rows
from reconciler.app.planning import make
from reconciler.app.verdicts import health_of, verdicts
from reconciler.engine.drift import drifts
from reconciler.model.changes import Action
from reconciler.model.marks import OWNER

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.app.verdicts import Verdicts
    from reconciler.model.changes import Change, Refusal
    from reconciler.model.drift import Drift
    from reconciler.model.names import Ref
    from reconciler.model.resources import Commit


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One object. ``declared`` is "" for one that no manifest names, ``actual`` is "absent" or "unknown" where nothing can be shown."""

    ref: Ref
    host: str
    declared: str
    actual: str
    image: str
    owner: str
    age_seconds: int | None
    note: str
    health: str = ""
    """What the probes of a loop on this state folder found: healthy, unhealthy or unknown; "" for what is not probed."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Everything ``unsandbox status`` shows."""

    rows: tuple[StatusRow, ...]
    hosts: tuple[HostRow, ...]
    commit: Commit
    drift: tuple[Drift, ...] = ()
    """What somebody changed past the manifests."""

    @property
    def exit_status(self) -> int:
        """4 where a host was out of reach, else 0: status reports, it does not judge."""
        return 4 if any(host.grade != "complete" for host in self.hosts) else 0


def status(settings: Settings) -> StatusReport:
    """Look at every host and lay the manifests beside it."""
    return report_of(make(settings), verdicts(settings))


def report_of(made: Made, told: Verdicts) -> StatusReport:
    """The same of what was seen already. ``told``: as ``verdicts`` gives it."""
    refused = {(refusal.ref, refusal.action): refusal for refusal in made.cleared.refusals}
    changes = [change for change in made.changes.items if _is_object(change)]
    seen = [_row(made, change, refused.get((str(change.ref), change.action.value)), told) for change in changes]
    known = {str(row.ref) for row in seen}
    unplaced = [_refused_row(made, refusal) for refusal in made.changes.doubts if "/" in refusal.ref and refusal.ref not in known]
    rows = sorted([*seen, *(row for row in unplaced if row)], key=lambda row: (row.ref, row.host))
    drift = drifts(made.every, made.desired, made.ledger)
    return StatusReport(tuple(rows), host_rows(made.desired, made.observed), made.desired.commit, drift)


def _is_object(change: Change) -> bool:
    return change.action not in {Action.PREPARE, Action.IMPORT}


def _row(made: Made, change: Change, refusal: Refusal | None, told: Verdicts) -> StatusRow:
    found, wanted = change.found, change.wanted
    view = made.observed.hosts.get(change.host)
    return StatusRow(
        ref=change.ref,
        host=change.host,
        declared=wanted.power.value if wanted else "",
        actual=found.status.value if found else "absent",
        image=wanted.image_name if wanted else (found.image[:12] if found else ""),
        owner=wanted.owner if wanted else (found.config.get(OWNER, "") if found else ""),
        age_seconds=_age(found.created_at, made.observed.at) if found else None,
        note=_note(change, refusal),
        health=health_of(change, told, view.skew if view else 0.0)[0],
    )


def _note(change: Change, refusal: Refusal | None) -> str:
    if refusal:
        return f"refused {refusal.code}: {refusal.cause}"
    if change.action is Action.KEEP:
        return change.note
    return f"to {change.action}" + (f": {change.note}" if change.note else "")


def _refused_row(made: Made, refusal: Refusal) -> StatusRow | None:
    wanted = next((workload for workload in made.desired.workloads if str(workload.ref) == refusal.ref), None)
    if wanted is None:
        return None
    note = f"refused {refusal.code}: {refusal.cause}"
    return StatusRow(wanted.ref, refusal.host, wanted.power.value, "unknown", wanted.image_name, wanted.owner, None, note)


def _age(created_at: str, at: datetime) -> int | None:
    try:
        return max(0, int((at - datetime.fromisoformat(created_at)).total_seconds()))
    except (ValueError, TypeError):
        return None
