"""What a pass writes down of the world before and after its steps: what it certified, an open circuit, what was applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.app.certify import certify
from reconciler.app.clock import stamp
from reconciler.app.observe import observe
from reconciler.app.planning import TOOL
from reconciler.engine.certify import index_of
from reconciler.engine.guard import tripped
from reconciler.engine.refuse.signed import flaw_of
from reconciler.model.changes import Action
from reconciler.model.records import Applied
from reconciler.model.resources import Approval, Signatures

if TYPE_CHECKING:
    from reconciler.app.doors import Doors
    from reconciler.app.events import Report
    from reconciler.app.planning import Made
    from reconciler.engine.certify import Index
    from reconciler.model.world import HostView, Observed
    from reconciler.store.journal import Journal

OF_A_HOST = frozenset({"O01", "O02", "O05", "O16", "D14", "F08", "F12"})
"""Codes that are about a host: nothing is certified of it."""
OF_THE_FLEET = frozenset({"O03", "O04", "O16", "F10"})
"""Codes that doubt what was certified itself: nothing at all is, until a person accepted it."""


class Bearing(NamedTuple):
    """What a decision over the whole fleet means for what is certified of any one host; the same for every part of that decision."""

    trips: str
    """Why the circuit opens; "" where it does not."""
    pending: frozenset[str]
    """``Kind/name`` of all that would change."""
    fleet: Index


def bearing_of(journal: Journal, made: Made, before: Bearing | None = None) -> Bearing:
    """``before``: of an earlier decision; it makes this one quicker."""
    return Bearing(
        trips="" if made.ledger.circuit else tripped(made.desired, made.observed, made.ledger),
        pending=frozenset(str(change.ref) for change in made.every.items if change.action is not Action.KEEP),
        fleet=index_of(made.observed, made.desired, journal.known(), before.fleet if before else None),
    )


def before_steps(journal: Journal, made: Made, host: str = "", bearing: Bearing | None = None) -> None:
    """Certify what was seen, of ``host`` alone if given, and open the circuit where too much is wrong at once. Raises ``StateError``."""
    bearing = bearing or bearing_of(journal, made)
    if bearing.trips:
        journal.open_circuit(bearing.trips, at=stamp(), by="the guard")
    if made.ledger.applied is None:
        # What this pass asks a person for is what the next is held against, however this one ends.
        journal.applied(_applied(made, "", ""), at=stamp())
    _certify(journal, made, made.observed, bearing, only=host)


def after_steps(journal: Journal, made: Made, report: Report, doors: Doors, bearing: Bearing | None = None) -> Observed | None:
    """Look once more at every host that was worked on and certify what came of it; remember what was applied.

    Gives back the look, if there was one.
    """
    worked = {event.host for event in (*report.done, *report.failed) if event.host}
    hosts = [host for host in made.desired.hosts if host.name in worked]
    seen = observe(hosts, doors) if hosts else None
    if seen is not None:
        worked_on = frozenset(event.ref for event in report.done)
        bearing = bearing or bearing_of(journal, made)
        # The hosts that nothing was done on count as they were seen before: a uuid must be unique over all of them.
        whole = replace(seen, hosts={**made.observed.hosts, **seen.hosts})
        _certify(journal, made, whole, bearing, worked_on, only=next(iter(worked)) if len(worked) == 1 else "")
    if not report.stopped and not made.plan.scope and not _holds_back(made):
        done = _applied(made, made.plan.commit.id, made.plan.commit.digest)
        if done != made.ledger.applied:
            journal.applied(done, at=stamp())
    return seen


def _applied(made: Made, commit: str, digest: str) -> Applied:
    policy = made.desired.policy
    return Applied(commit, digest, TOOL, policy.approval is Approval.REQUIRED, policy.signatures is Signatures.REQUIRED)


def _holds_back(made: Made) -> bool:
    """Whether the text takes a step back that was refused, or is not signed as it must be.

    It does not become the one that others are judged by for having been tried, whether or not there was anything to do.
    """
    return bool(flaw_of(made.desired, made.ledger)) or (made.desired.origin.descends is False and bool(made.refused))


def _certify(
    journal: Journal, made: Made, seen: Observed, bearing: Bearing, worked: frozenset[str] = frozenset(), *, only: str = ""
) -> None:
    refusals = made.refused
    doubted = any(refusal.code in OF_THE_FLEET for refusal in refusals)
    hosts = frozenset(seen.hosts) if doubted else frozenset(refusal.host for refusal in refusals if refusal.code in OF_A_HOST)
    renamed = {view.host for view in seen.hosts.values() if _calls_itself_otherwise(view, made)}
    others = frozenset(seen.hosts) - {only} if only else frozenset()
    refs, pending = frozenset(refusal.ref for refusal in refusals), bearing.pending - worked
    certify(journal, seen, made.desired, hosts | renamed | others, refs, pending, worked, bearing.fleet)


def _calls_itself_otherwise(view: HostView, made: Made) -> bool:
    """Whether the host gives another name than was certified, and nobody declared or accepted that one."""
    before = made.ledger.certified.get(view.host)
    if before is None or view.identity is None or before.server_name in {"", view.identity.server_name}:
        return False
    declared = next((host.server_name for host in made.desired.hosts if host.name == view.host), "")
    return declared != view.identity.server_name
