"""What differs though nobody declared it: fields, power and whole instances that are not as they were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.spec import instance_spec
from reconciler.model import marks
from reconciler.model.changes import Action
from reconciler.model.drift import Drift
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.changes import Change, Changes
    from reconciler.model.hints import Hint
    from reconciler.model.records import Known, Ledger
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import Instance

    Hints = Mapping[tuple[str, str], Hint]

GONE, POWER = "instance", "power"
"""Paths of what is about the whole instance, and about its power."""
ACTIONS = {
    GONE: frozenset({"instance-deleted"}),
    POWER: frozenset(f"instance-{word}" for word in ("started", "stopped", "stopping", "shutdown", "restarted", "paused", "resumed")),
}
WRITES = frozenset({"instance-updated", "instance-restored"})
"""What LXD tells when a field is written. An event of another kind says nothing of who wrote it."""
OURS = frozenset({"bootstrap"})
"""Fields that say how far we came, not what somebody changed."""


def drifts(changes: Changes, desired: Desired, ledger: Ledger, hints: Hints | None = None) -> tuple[Drift, ...]:
    """Every field that differs from what was applied last, in order of host and reference.

    ``hints``: (host, instance) -> the last that was heard of it and was not ours. Hints are no evidence: they name, they decide nothing.
    """
    hosts = {host.name: host for host in desired.hosts}
    absent = {str(change.ref) for change in changes.items if change.found is None}
    # On a host that left the inventory nobody looked: what was there is not known to be gone.
    by_ref = {known.ref: known for known in ledger.known.values() if known.ref in absent and known.host in hosts} if absent else {}
    found: list[Drift] = []
    for change in changes.items:
        if change.action is Action.KEEP or change.wanted is None:
            continue
        if change.found is None:
            found.extend(_gone(change, by_ref.get(str(change.ref)), hints or {}))
        else:
            found.extend(_fields(change, change.found, desired, ledger, hosts.get(change.host), hints or {}))
    return tuple(found)


def _gone(change: Change, known: Known | None, hints: Hints) -> Iterator[Drift]:
    """A cell that is gone was used up, as a rule; of everything else nobody declared the end."""
    if known is not None and change.ref.kind is not Kind.CELL and _as_applied(change, known):
        yield _told(change, known.host, GONE, ("present", "absent"), hints.get((known.host, known.instance)))


def _fields(change: Change, found: Instance, desired: Desired, ledger: Ledger, host: Host | None, hints: Hints) -> Iterator[Drift]:
    known, wanted = ledger.known.get(found.uuid), change.wanted
    if known is None or wanted is None or host is None or not _as_applied(change, known):
        return
    spec = instance_spec(wanted, host, desired.policy, isolated=False, commit="", instance=found.name)
    # Where the digest is another one a tier, an image or the policy moved: what differs may be declared.
    by_hand = found.config.get(marks.SPEC) == spec.digest
    for diff in change.fields:
        if diff.path == POWER or (by_hand and diff.path not in OURS):
            values = diff.new or "absent", diff.old or "absent"
            yield _told(change, change.host, diff.path, values, hints.get((change.host, change.instance)))


def _as_applied(change: Change, known: Known) -> bool:
    return change.wanted is not None and bool(known.document) and known.document == change.wanted.document


def _told(change: Change, host: str, path: str, values: tuple[str, str], hint: Hint | None) -> Drift:
    if hint is None or hint.action not in ACTIONS.get(path, WRITES):
        return Drift(change.ref, host, path, *values)
    return Drift(change.ref, host, path, *values, hint.action, hint.who, hint.at)
