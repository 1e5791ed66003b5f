"""What a diff leaves behind for the next one: a verdict holds for as long as all that decided it is the very same.

Kept are only verdicts that an object is as it should be, for nothing but its row and the text decide those. Whatever differs, is doubtful,
leaves, or has an end by the clock is judged at each pass. Two rows count as the same only where they are one object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.marks import stands_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.engine.diff import Scene
    from reconciler.model.changes import Refusal
    from reconciler.model.health import Health
    from reconciler.model.resources import Desired
    from reconciler.model.world import Instance

    Further = tuple[str, Instance]
    Verdicts = Mapping[str, Change | Refusal]

_MOVING = frozenset({"at", "unfinished", "health", "claims"})
_AS_IT_SHOULD_BE = frozenset({Reason.AS_DECLARED, Reason.POWER_NOT_OURS})


class OfHost(NamedTuple):
    """The verdicts of one host's rows."""

    rows: tuple[Instance, ...]
    """All of the host's, as they were seen."""
    first: Mapping[str, Instance]
    """``Kind/name`` -> the row that was judged for it."""
    verdicts: Verdicts
    """By ``Kind/name``."""
    more: tuple[Further, ...]
    """``Kind/name`` and row of each further one that carries the same marks."""
    unsettled: frozenset[str]
    """``Kind/name`` of each verdict that does not hold for a second look."""
    ordered: tuple[Change, ...]
    """The changes among the verdicts, in order of reference."""


class Judged(NamedTuple):
    """The verdicts of a whole pass, and what they were made by."""

    desired: Desired
    scene: Scene
    hosts: Mapping[str, OfHost]


def settled(verdict: Change | Refusal) -> bool:
    """Whether nothing but the row and the text decided it."""
    return (
        isinstance(verdict, Change)
        and verdict.action is Action.KEEP
        and verdict.reason in _AS_IT_SHOULD_BE
        and verdict.wanted is not None
        and not verdict.wanted.ttl
    )


def of_host(
    rows: tuple[Instance, ...], first: Mapping[str, Instance], verdicts: Verdicts, more: tuple[tuple[str, Instance], ...]
) -> OfHost:
    """With what follows from the verdicts."""
    unsettled = frozenset(text for text, verdict in verdicts.items() if not settled(verdict))
    changes = [verdict for verdict in verdicts.values() if isinstance(verdict, Change)]
    return OfHost(rows, first, verdicts, more, unsettled, in_order(changes))


def moved(rows: tuple[Instance, ...], last: OfHost, env: str) -> dict[str, Instance] | None:
    """``Kind/name`` -> each row that is another object than before; None where what stands for what has to be found anew."""
    if last.more or len(rows) != len(last.rows):
        return None
    found: dict[str, Instance] = {}
    for row, before in zip(rows, last.rows, strict=True):
        if row is before:
            continue
        text = stands_for(row.config, env)
        if text != stands_for(before.config, env) or (text and last.first[text] is not before):
            return None
        if text:
            found[text] = row
    return found


def replaced(rows: tuple[Instance, ...], first: Mapping[str, Instance], last: OfHost, anew: Verdicts) -> OfHost:
    """``last`` with the verdicts ``anew``, among which is each that did not hold for a second look."""
    verdicts = {**last.verdicts, **anew}
    pairs = [(last.verdicts[text], verdict) for text, verdict in anew.items()]
    if not all(isinstance(one, Change) and isinstance(other, Change) and _rank(one) == _rank(other) for one, other in pairs):
        return of_host(rows, first, verdicts, last.more)
    instead = {id(one): other for one, other in pairs if isinstance(other, Change)}
    ordered = tuple([instead.get(id(change), change) for change in last.ordered]) if instead else last.ordered
    return OfHost(rows, first, verdicts, last.more, frozenset(text for text, one in anew.items() if not settled(one)), ordered)


def in_order(changes: list[Change]) -> tuple[Change, ...]:
    """Of one host, by reference."""
    return tuple(sorted(changes, key=_rank))


def _rank(change: Change) -> tuple[str, str, str]:
    return change.ref.kind, change.ref.name, change.instance


def same_scene(before: Scene, scene: Scene) -> bool:
    """Whether all that rows are judged by is the same, but the time, what was begun, what probes tell and who has which cell."""
    return all(one is other or one == other for name, one, other in zip(scene._fields, before, scene, strict=True) if name not in _MOVING)


def same_text(before: Desired, desired: Desired) -> bool:
    """Whether both hold the same to judge by: their commits may differ."""
    pairs = [(getattr(before, name), getattr(desired, name)) for name in ("workloads", "pools", "hosts", "policy")]
    return all(one is other or one == other for one, other in pairs)


def turned(before: Mapping[str, Health], health: Mapping[str, Health]) -> frozenset[str]:
    """Uuids of which the probes tell otherwise than before."""
    return frozenset(uuid for uuid in before.keys() | health.keys() if before.get(uuid) != health.get(uuid))
