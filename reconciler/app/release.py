"""Giving an object up without destroying it: our marks go, the container stays as it is, its protection too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.app.doors import Doors
from reconciler.app.journaled import journaled
from reconciler.app.planning import make
from reconciler.app.writer import only_writer
from reconciler.errors import Refused
from reconciler.model import marks
from reconciler.model.plan import UpdateInstance
from reconciler.model.world import Grade
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.model.names import Ref
    from reconciler.model.resources import Host
    from reconciler.model.world import Instance


@dataclass(frozen=True, slots=True)
class Release:
    """What releasing would remove. ``declared`` tells where a manifest still names it, or is ""."""

    ref: Ref
    host: Host
    instance: Instance
    removed: tuple[str, ...]
    declared: str
    commit: str


def propose(settings: Settings, ref: Ref, *, host: str | None = None) -> Release:
    """Find the object and say what would be done. Raises ``Refused`` where it is not clear which one is meant."""
    made = make(settings)
    env = made.desired.policy.environment
    unseen = [view.host for view in made.observed.hosts.values() if view.grade is not Grade.COMPLETE and host in {None, view.host}]
    found = [
        (view.host, row)
        for view in made.observed.hosts.values()
        for row in view.instances
        if host in {None, view.host} and (mark := marks.read_marks(row.config)) and mark.env == env and mark.ref == ref
    ]
    if not found:
        blind = f" ({', '.join(unseen)} cannot be seen in full)" if unseen else ""
        raise Refused(f"no instance is marked as {ref} of environment {env}{blind}", hint="unsandbox status")
    if len(found) > 1:
        raise Refused(f"{ref} is marked on {', '.join(name for name, _ in found)}", hint=f"unsandbox release {ref} --host HOST")
    place, row = found[0]
    lock = row.config.get(marks.USER_LOCK) or (row.config.get(marks.LOCKED) == "true" and "locked")
    if lock:
        raise Refused(
            f"{ref} on {place} is locked ({lock}); to give it up would take the lock with it", hint=f"unsandbox unlock {ref}", rule="I10"
        )
    declared = next((str(workload.source) for workload in made.desired.workloads if workload.ref == ref), "")
    removed = tuple(sorted(key for key in row.config if key.startswith(marks.PREFIX)))
    return Release(ref, next(h for h in made.desired.hosts if h.name == place), row, removed, declared, made.desired.commit.id)


def release(settings: Settings, proposal: Release) -> None:
    """Remove the marks. Raises a ``HostError`` where the instance is no longer the one proposed, ``LeaseHeld`` or ``StateError``."""
    call = UpdateInstance(proposal.instance.name, proposal.instance.uuid, {}, remove=proposal.removed)
    with only_writer(settings), Doors(settings) as doors:
        journaled(settings, doors.open(proposal.host), call, ref=proposal.ref, uuid=proposal.instance.uuid, commit=proposal.commit)
        with Journal(settings.state_dir / FILE_NAME) as journal:
            journal.forget_known(proposal.instance.uuid, at=stamp())
