"""What a pass may write down of what it saw: only of hosts seen in full, and nothing that a person has yet to accept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.records import Certified, Known
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from reconciler.model.resources import Desired, Workload
    from reconciler.model.world import Instance, Observed


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is not to be certified as it was seen. References are ``Kind/name``."""

    hosts: AbstractSet[str] = frozenset()
    """A refusal is about the whole host: nothing is written of it."""
    refs: AbstractSet[str] = frozenset()
    """A refusal is about it: it stays known as it was."""
    pending: AbstractSet[str] = frozenset()
    """It is about to change: what it is, is written; its manifest's text is not yet applied."""
    worked: AbstractSet[str] = frozenset()
    """The pass made it or wrote its marks: that it is another than before is its doing."""


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What to write of one host: its own row, every object of ours on it, and the uuids to forget."""

    host: Certified
    objects: tuple[Known, ...]
    gone: tuple[str, ...]


def certification(observed: Observed, desired: Desired, known: Mapping[str, Known], withheld: Withheld) -> Iterator[HostRecord]:
    """One record for each host that was seen in full and that no refusal is about."""
    declared = {str(workload.ref): workload for workload in desired.workloads}
    times = Counter(row.uuid for view in observed.hosts.values() for row in view.instances)
    rivals: dict[str, set[str]] = {}
    for item in known.values():
        rivals.setdefault(item.ref, set()).add(item.uuid)
    vanished = [item for item in known.values() if item.uuid not in times and item.ref not in withheld.refs]
    for view in observed.hosts.values():
        if view.grade is not Grade.COMPLETE or view.identity is None or view.host in withheld.hosts:
            continue
        ours = [(row, ref) for row in view.instances if (ref := marks.stands_for(row.config, desired.policy.environment))]
        sound, doubted = [], set()
        for row, ref in ours:
            if times[row.uuid] > 1 or not row.uuid or _held(row, ref, view.host, known, rivals, withheld):
                doubted.add(ref)
            else:
                wanted = None if ref in withheld.pending else declared.get(ref)
                sound.append(_known(row, ref, view.host, known.get(row.uuid), wanted))
        server = Certified(view.host, view.identity.server_name, len(ours))
        left = [item for item in vanished if item.ref not in doubted]
        yield HostRecord(server, tuple(sound), tuple(_gone(view.host, tuple(sound), left, observed)))


def _held(row: Instance, ref: str, host: str, known: Mapping[str, Known], rivals: Mapping[str, set[str]], withheld: Withheld) -> bool:
    """Whether a person has yet to say that it is what it seems: what differs in no field may still be another object."""
    before = known.get(row.uuid)
    if ref in withheld.refs or (before is not None and before.ref in withheld.refs):
        return True
    if before is None:
        return bool(rivals.get(ref)) and ref not in withheld.worked
    same_place = (before.host, before.instance, before.inherited) == (host, row.name, row.inherited)
    # An older LXD tells of no generation; the first one that is told is nobody's restore.
    same_time = before.generation in {"", row.generation}
    return not (same_place and same_time and (before.ref == ref or ref in withheld.worked))


def _known(row: Instance, ref: str, host: str, before: Known | None, wanted: Workload | None) -> Known:
    """``wanted`` is None where no manifest declares it, or where what the manifest says is not applied yet."""
    uid = row.config.get(marks.UID, "")
    document = wanted.document if wanted is not None and wanted.uid == uid else (before.document if before is not None else "")
    return Known(row.uuid, ref, uid, host, row.name, row.generation, row.inherited, document)


def _gone(host: str, objects: tuple[Known, ...], vanished: list[Known], observed: Observed) -> Iterator[str]:
    """What was certified here; and what was certified of these objects on a host that is in no inventory any more."""
    refs = {item.ref for item in objects} if vanished else set()
    for item in vanished:
        if item.host == host or (item.host not in observed.hosts and item.ref in refs):
            yield item.uuid
