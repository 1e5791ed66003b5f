"""May this step be taken, just before it is? And what a call that failed means. Checks of codes P02, P11, P12, S11."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.fingerprint import differences, semantic_fingerprint
from reconciler.engine.unfinished import unpacked
from reconciler.model.changes import ENDING, Reason
from reconciler.model.rules import No

if TYPE_CHECKING:
    from reconciler.model.plan import PlannedAction
    from reconciler.model.world import Instance

SHOWN = 12
TIMED_OUT = "S11"
MOVED = "P11"


@dataclass(frozen=True, slots=True)
class StepQuestion:
    """One action just before its first call, or after one of its calls failed."""

    action: PlannedAction
    planned: Instance | None
    """The object as the plan saw it; None where it was absent."""
    found: Instance | None
    """The object as it is, read a moment ago."""
    process: int = 0
    """Process id of the host's LXD when it was looked at; 0 where it was not told."""
    process_now: int = 0
    ended: bool = True
    """Whether the cell that the action ends was taken for that, so that nobody can claim it any more. True of what is no cell."""
    failure: str = ""
    """What LXD said of the call that failed; "" before the first."""


def moved(asked: StepQuestion) -> No | None:
    """P02: the object is not the one, or not as, it was planned for."""
    action, found = asked.action, asked.found
    if asked.failure:
        return None
    if found is None:
        return No(f"{action.instance} is not there any more", _was(asked), "unsandbox plan") if action.uuid else None
    if action.reason == Reason.UNFINISHED and unpacked(found):
        return No(f"{action.instance} was made to its end after all", (*_was(asked), ("found", found.status_text)), "unsandbox plan")
    seen = semantic_fingerprint(found)
    if (found.uuid, seen) == (action.uuid, action.fingerprint):
        return None
    told = ", ".join(differences(asked.planned, found)) if asked.planned else "it was absent"
    evidence = (*_was(asked), ("found", f"{found.uuid or 'no uuid'}, {seen[:SHOWN]}"), ("differs in", told))
    return No(f"{action.instance} is not as it was planned for", evidence, "unsandbox plan")


def _was(asked: StepQuestion) -> tuple[tuple[str, str], ...]:
    action = asked.action
    return (("planned", f"{action.uuid}, {action.fingerprint[:SHOWN]}" if action.uuid else "absent"),)


def claimed_since(asked: StepQuestion) -> No | None:
    """I13: somebody claimed the cell between the decision and its end."""
    if asked.failure or asked.ended:
        return None
    return No(
        "somebody claimed the cell since it was looked at", (("cell", f"{asked.action.instance} {asked.action.uuid}"),), "unsandbox pools"
    )


def restarted(asked: StepQuestion) -> No | None:
    """P12: the host's LXD was restarted since the look: what it did meanwhile was seen by nobody."""
    if asked.failure or asked.action.action not in {action.value for action in ENDING} or asked.process == asked.process_now > 0:
        return None
    evidence = (("process at the look", str(asked.process)), ("process", str(asked.process_now)))
    return No("LXD was restarted since it was looked at", evidence, "unsandbox plan")


def precondition(asked: StepQuestion) -> No | None:
    """P11: LXD says that the object moved between our reading and our writing."""
    if MOVED not in asked.failure:
        return None
    return No("LXD refused the write, for the object moved since it was read", (("LXD", asked.failure),), "unsandbox plan")


def not_stopping(asked: StepQuestion) -> No | None:
    """S11: it did not stop in time, and is not stopped by force unless the policy says so."""
    if TIMED_OUT not in asked.failure:
        return None
    unblock = f"unsandbox apply again, lxc stop {asked.action.instance} --force, or edit the Policy (forceStop: true)"
    return No("it did not stop in time", (("LXD", asked.failure), ("forced", "no")), unblock)
