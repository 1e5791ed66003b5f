"""What a pass may write down of what it saw: only of hosts seen in full, and nothing that a person has yet to accept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reconciler.model import marks
from reconciler.model.records import Certified, Known
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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


class Index(NamedTuple):
    """What certifying any one host needs of all of them. Of a look and of what was known then; it may be a little older than both."""

    declared: Mapping[str, Workload]
    """By ``Kind/name``."""
    times: Counter[str]
    """How often each uuid was seen."""
    rows: Mapping[str, tuple[Instance, ...]]
    """By host, as ``times`` counts them."""
    rivals: Mapping[str, set[str]]
    """``Kind/name`` -> uuids that were certified under it."""
    known_on: Mapping[str, list[str]]
    """Host -> uuids that were certified there."""
    made_of: tuple[tuple[Workload, ...], Mapping[str, Known]]


def index_of(observed: Observed, desired: Desired, known: Mapping[str, Known], before: Index | None = None) -> Index:
    """``before``: what is made of the very same values is taken over."""
    same = before if before is not None and before.made_of[1] is known else None
    rivals: dict[str, set[str]] = {}
    known_on: dict[str, list[str]] = {}
    for item in () if same else known.values():
        rivals.setdefault(item.ref, set()).add(item.uuid)
        known_on.setdefault(item.host, []).append(item.uuid)
    as_before = before is not None and before.made_of[0] is desired.workloads
    return Index(
        declared=before.declared if before and as_before else {str(workload.ref): workload for workload in desired.workloads},
        times=_times(observed, before),
        rows={name: view.instances for name, view in observed.hosts.items()},
        rivals=same.rivals if same else rivals,
        known_on=same.known_on if same else known_on,
        made_of=(desired.workloads, known),
    )


def _times(observed: Observed, before: Index | None) -> Counter[str]:
    """How often each uuid was seen: counted anew only where a host shows other rows than ``before``."""
    times = Counter(before.times) if before else Counter[str]()
    rows = before.rows if before else {}
    for name in rows.keys() | observed.hosts.keys():
        was, now = rows.get(name, ()), observed.hosts[name].instances if name in observed.hosts else ()
        if was is now:
            continue
        if len(was) == len(now):
            pairs = [(one, other) for one, other in zip(was, now, strict=True) if one is not other]
            was, now = tuple(one for one, _ in pairs), tuple(other for _, other in pairs)
        times.update(row.uuid for row in now)
        times.subtract(row.uuid for row in was)
        for row in was:
            if not times[row.uuid]:
                del times[row.uuid]
    return times


def certification(
    observed: Observed, desired: Desired, known: Mapping[str, Known], withheld: Withheld, index: Index | None = None
) -> Iterator[HostRecord]:
    """One record for each host that was seen in full and that no refusal is about."""
    index = index or index_of(observed, desired, known)
    times = _counted(observed, index)
    lost = [uuid for host, uuids in index.known_on.items() if host not in observed.hosts for uuid in uuids]
    for view in observed.hosts.values():
        if view.grade is not Grade.COMPLETE or view.identity is None or view.host in withheld.hosts:
            continue
        ours = [(row, ref) for row in view.instances if (ref := marks.stands_for(row.config, desired.policy.environment))]
        sound, doubted = [], set()
        for row, ref in ours:
            if times(row.uuid) > 1 or not row.uuid or _held(row, ref, view.host, known, index.rivals, withheld):
                doubted.add(ref)
            else:
                wanted = None if ref in withheld.pending else index.declared.get(ref)
                sound.append(_known(row, ref, view.host, known.get(row.uuid), wanted))
        server = Certified(view.host, view.identity.server_name, len(ours))
        maybe = (known[uuid] for uuid in (*index.known_on.get(view.host, ()), *lost) if uuid in known and not times(uuid))
        left = [item for item in maybe if item.ref not in withheld.refs and item.ref not in doubted]
        yield HostRecord(server, tuple(sound), tuple(_gone(view.host, tuple(sound), left, observed)))


def _counted(observed: Observed, index: Index) -> Callable[[str], int]:
    """How often a uuid is seen: as the index counts it, but for hosts that were looked at since."""
    since: Counter[str] = Counter()
    for name, view in observed.hosts.items():
        before = index.rows.get(name, ())
        if before is not view.instances:
            since.update(row.uuid for row in view.instances)
            since.subtract(row.uuid for row in before)
    return lambda uuid: index.times[uuid] + since[uuid]


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
