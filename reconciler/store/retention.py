"""What of the journal may go: what is old and no decision asks for. Pure; rows and the time are values.

Never asked about, for they never go: ``known``, ``certified``, ``applied``, ``circuit``, ``cuts``, and intents of which it is not known
whether their calls were made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.model.world import Grade
from reconciler.store.past import DEEDS, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed

    Row = Mapping[str, str | int | None]

CREATE, DELETE = "CreateInstance", "DeleteInstance"
DECIDED = frozenset({"done", "failed", "skipped"})


@dataclass(frozen=True, slots=True)
class Keep:
    """How long rows and entries stay, and how many entries at most. Rows that a decision needs stay whatever this says."""

    age: timedelta = timedelta(days=30)
    entries: int = 200_000

    def before(self, now: datetime) -> str:
        """What is older is old. Never less than twice as far back as deeds count."""
        return iso(now - max(self.age, 2 * DEEDS))


@dataclass(frozen=True, slots=True)
class There:
    """What exists. The default knows of nothing, so that all stays of which that would have to be known."""

    hosts: frozenset[str] = frozenset()
    """Hosts that were seen in full."""
    every: bool = False
    """Whether these are all hosts of the inventory."""
    uuids: frozenset[str] = frozenset()
    instances: frozenset[tuple[str, str]] = frozenset()
    """(host, instance)."""
    declared: frozenset[str] | None = None
    """uids that manifests declare; None where that is not known."""


def there(observed: Observed, desired: Desired) -> There:
    """What a look at the hosts and the manifests tell. Only for a look that no refusal doubts and manifests that were read in full."""
    views = observed.hosts
    whole = frozenset(name for name, view in views.items() if view.grade is Grade.COMPLETE)
    rows = [(name, row) for name, view in views.items() for row in view.instances]
    doubtful = {(name, instance) for name, view in views.items() for instance in view.doubtful}
    return There(
        hosts=whole,
        every=whole >= {host.name for host in desired.hosts},
        uuids=frozenset(row.uuid for _, row in rows),
        instances=frozenset({(name, row.name) for name, row in rows} | doubtful),
        declared=frozenset(workload.uid for workload in desired.workloads),
    )


@dataclass(frozen=True, slots=True)
class Needed:
    """What rows are held against. ``newest`` are ids of the last call of its kind, ``making`` (ref, plan) of creates not heard done.

    ``made`` are those of them that a later try made.
    """

    before: str
    there: There = field(default_factory=There)
    known: AbstractSet[str] = frozenset()
    newest: AbstractSet[str] = frozenset()
    making: AbstractSet[tuple[str, str]] = frozenset()
    made: AbstractSet[tuple[str, str]] = frozenset()

    def nowhere(self, uuid: str) -> bool:
        """Whether no host has it, which takes a full look at every one, and it was not certified anywhere."""
        return self.there.every and uuid not in self.there.uuids and uuid not in self.known


def needed(before: str, exists: There, known: AbstractSet[str], open_calls: Iterable[Row]) -> Needed:
    """``open_calls`` are the creates and deletes that were not heard to be done, oldest first, with whether they were ``made``."""
    newest: dict[tuple[str, ...], str] = {}
    making: dict[tuple[str, str], bool] = {}
    for row in open_calls:
        newest[_kind(row)] = _of(row, "id")
        if row["call"] == CREATE:
            making[_of(row, "ref"), _of(row, "plan")] = bool(row["made"])
    made = frozenset(what for what, done in making.items() if done)
    return Needed(before, exists, known, frozenset(newest.values()), making.keys(), made)


def spent(table: str, row: Row, need: Needed) -> bool:
    """Whether a row may go."""
    rule = _RULES.get(table)
    return rule is not None and rule(row, need)


def _kind(row: Row) -> tuple[str, ...]:
    """Calls of one kind say the same to a decision, however many they are."""
    columns = ("call", "host", "instance", "plan", "ref") if row["call"] == CREATE else ("call", "uuid")
    return tuple(_of(row, column) for column in columns)


def _intent(row: Row, need: Needed) -> bool:
    if row["outcome"] not in DECIDED or not (_old(row, "at", need) and _old(row, "ended_at", need)):
        return False
    if row["call"] == CREATE:
        return _create(row, need)
    if row["call"] == DELETE and row["outcome"] != "done":
        return _of(row, "id") not in need.newest or not row["uuid"] or need.nowhere(_of(row, "uuid"))
    return True


def _create(row: Row, need: Needed) -> bool:
    """What was half made is told from the calls; that it was made after all is told from the one that was done, which goes last."""
    what = _of(row, "ref"), _of(row, "plan")
    if row["outcome"] == "done":
        return what not in need.making
    if what in need.made:
        return True
    place = _of(row, "host"), _of(row, "instance")
    return _of(row, "id") not in need.newest or (place[0] in need.there.hosts and place not in need.there.instances)


def _pass(row: Row, need: Needed) -> bool:
    return _old(row, "ended_at" if row["ended_at"] else "started_at", need)


def _note(row: Row, need: Needed) -> bool:
    return _old(row, "at", need)


def _until(row: Row, need: Needed) -> bool:
    """A plan of which it was not noted how long it lives is used up for ever."""
    return _old(row, "at", need) and _old(row, "until", need)


def _power(row: Row, need: Needed) -> bool:
    return _old(row, "at", need) and need.nowhere(_of(row, "uuid"))


def _ended(row: Row, need: Needed) -> bool:
    declared = need.there.declared
    return declared is not None and row["uid"] not in declared and _old(row, "at", need)


def _old(row: Row, column: str, need: Needed) -> bool:
    return "" < _of(row, column) < need.before


def _of(row: Row, column: str) -> str:
    return str(row[column] or "")


_RULES: Mapping[str, Callable[[Row, Needed], bool]] = {
    "intents": _intent,
    "passes": _pass,
    "notes": _note,
    "used_plans": _until,
    "accepted": _until,
    "powers": _power,
    "ended": _ended,
}
CUT = tuple(_RULES)
"""The tables that are cut."""
