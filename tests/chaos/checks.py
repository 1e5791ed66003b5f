"""What must hold after every fault, and what must hold again once the next passes ran. Each check gives sentences; none is good."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos import seen
from tests.chaos.declared import DESTROYS, POWERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from tests.chaos.arena import Arena
    from tests.chaos.declared import Edit, Service
    from tests.chaos.seen import Row

OPEN = {None, "", "unknown"}
ENV = f"{seen.MARK}env"


@dataclass
class Excuse:
    """What a bystander did with his own hands: the uuids he took away, those he changed, those he put there."""

    gone: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)


def at_once(arena: Arena, edit: Edit, found: list[Row], excuse: Excuse) -> list[str]:
    """Right after the fault, with the work half done: nothing lost, doubled or touched that was not asked for."""
    return [
        *_kept(arena, edit, found, excuse),
        *_doubled(found, excuse),
        *_foreign(arena, found, excuse),
        *_explained(arena, found, excuse),
        *_budget(arena),
    ]


def settled(arena: Arena, found: list[Row], excuse: Excuse) -> list[str]:
    """After the next passes: what is declared is there once, as declared, and nothing else of ours; the journal leaves nothing open."""
    return [*_as_declared(arena, found), *_hollow(arena, found), *_leftovers(arena, found), *_answered(arena, excuse)]


def _kept(arena: Arena, edit: Edit, found: list[Row], excuse: Excuse) -> Iterator[str]:
    """What was declared before and still is (or rests in quarantine) is the same container with the same data and the same memory."""
    now = {row.uuid: row for row in found}
    for row in seen.ours(arena.before):
        kind, _, name = row.ref.partition("/")
        if kind != "Service" or name in edit.replaced or row.uuid in excuse.gone:
            continue
        service = edit.after.services.get(name) or edit.after.resting.get(name)
        if service is not None:
            yield from _same(arena, row, now.get(row.uuid), service, touched=row.uuid in excuse.changed)


def _same(arena: Arena, was: Row, row: Row | None, service: Service, *, touched: bool) -> Iterator[str]:
    if row is None:
        yield f"LOST {was.ref}: {was.place} ({was.uuid}) is gone, though it is still declared or in quarantine"
        return
    if seen.token(arena.daemon(row.host), row.name) != arena.tokens[row.uuid]:
        yield f"DATA {row.ref}: the data of {row.place} are not what was written"
    if touched:
        return
    if row.ref != was.ref or row.place != was.place:
        yield f"MOVED {was.ref}: {was.place} is now {row.place} as {row.ref or 'nobody'}"
    if was.pid and service.lives and row.pid != was.pid:
        yield f"MEMORY {row.ref}: {row.place} was to live on, its first process was {was.pid} and is {row.pid}, status {row.status}"


def _doubled(found: list[Row], excuse: Excuse) -> Iterator[str]:
    ours = [row for row in seen.ours(found) if ENV in row.config and row.uuid not in excuse.made]
    for ref, count in Counter(row.ref for row in ours).items():
        if count > 1:
            places = ", ".join(row.place for row in found if row.ref == ref)
            yield f"DOUBLED {ref}: {count} containers carry it: {places}"


def _foreign(arena: Arena, found: list[Row], excuse: Excuse) -> Iterator[str]:
    now = {row.uuid: row for row in found}
    for uuid, was in arena.foreign.items():
        row = now.get(uuid)
        if row is None and uuid not in excuse.gone:
            yield f"FOREIGN {was.place} ({uuid}) is gone"
        elif row is not None and row.steady != was.steady:
            differs = [f"{old} -> {new}" for old, new in zip(was.steady, row.steady, strict=True) if old != new]
            yield f"FOREIGN {was.place} was touched: {'; '.join(differs)}"


def _explained(arena: Arena, found: list[Row], excuse: Excuse) -> Iterator[str]:
    """Every container of ours that came, went, slept or woke since all was well has an intent for it. A lost journal explains nothing."""
    if arena.journal_lost:
        return
    told = seen.intents(*arena.states)
    before, now = {row.uuid: row for row in seen.ours(arena.before)}, {row.uuid: row for row in seen.ours(found)}
    deletes = {row["uuid"] for row in told if row["call"] == "DeleteInstance"}
    creates = {(row["host"], row["instance"]) for row in told if row["call"] == "CreateInstance"}
    powers = {(row["host"], row["instance"]) for row in told if row["call"].startswith("SetPower") or row["call"] == "CreateInstance"}
    for uuid in before.keys() - now.keys() - excuse.gone - excuse.changed - deletes:
        yield f"UNEXPLAINED {before[uuid].place} ({uuid}) vanished without an intent to delete it"
    for uuid in now.keys() - before.keys() - excuse.made - excuse.changed:
        if (now[uuid].host, now[uuid].name) not in creates:
            yield f"UNEXPLAINED {now[uuid].place} ({uuid}) appeared without an intent to create it"
    for uuid in (before.keys() & now.keys()) - excuse.changed:
        row = now[uuid]
        if row.status != before[uuid].status and (row.host, row.name) not in powers:
            yield f"UNEXPLAINED {row.place} went from {before[uuid].status} to {row.status} without an intent"


def _budget(arena: Arena) -> Iterator[str]:
    """Surplus cells have a budget of their own."""
    told = seen.intents(*arena.states)
    spent = Counter(row["plan"] for row in told if row["call"] == "DeleteInstance" and row["ref"].startswith("Service/"))
    replaced = _replaced(told)
    for plan, count in spent.items():
        if count - replaced[plan] > DESTROYS:
            yield f"BUDGET plan {plan[:12]} deleted {count} services, {replaced[plan]} of them to replace them; {DESTROYS} are allowed"


def _replaced(told: Iterable[dict[str, Any]]) -> Counter[str]:
    """Plan -> services that it created after it had deleted them."""
    deleted: set[tuple[str, str]] = set()
    replaced: Counter[str] = Counter()
    for row in told:
        key = (row["plan"], row["ref"])
        if row["call"] == "DeleteInstance":
            deleted.add(key)
        elif row["call"] == "CreateInstance" and key in deleted:
            replaced[row["plan"]] += 1
            deleted.discard(key)
    return replaced


def _as_declared(arena: Arena, found: list[Row]) -> Iterator[str]:
    by_ref: dict[str, list[Row]] = {}
    for row in seen.ours(found):
        by_ref.setdefault(row.ref, []).append(row)
    for name, service in arena.declared.services.items():
        there = by_ref.get(f"Service/{name}", [])
        if len(there) != 1:
            yield f"MISSING Service/{name}: {len(there)} containers stand for it"
            continue
        shown = (there[0].status, there[0].config.get("limits.memory"), there[0].config.get("environment.NUMBER", "0"))
        if shown != (POWERS[service.power], f"{service.memory}MiB", str(service.env)):
            yield f"NOT AS DECLARED Service/{name}: {shown}, declared is {service}"
    cells = [row for row in seen.ours(found) if row.ref.startswith("Cell/warm-")]
    if len(cells) != arena.declared.cells:
        yield f"MISSING Pool/warm: {len(cells)} cells, {arena.declared.cells} are declared"


def _hollow(arena: Arena, found: list[Row]) -> Iterator[str]:
    """A creation that the daemon did not survive leaves a row without a disk."""
    for row in seen.ours(found):
        if not seen.token_file(arena.daemon(row.host), row.name).parent.is_dir():
            yield f"HOLLOW {row.ref}: {row.place} is counted as there, and has no disk"


def _leftovers(arena: Arena, found: list[Row]) -> Iterator[str]:
    for row in seen.ours(found):
        kind, _, name = row.ref.partition("/")
        if kind == "Service" and name not in arena.declared.services:
            resting = name in arena.declared.resting and row.status != "Running" and f"{seen.MARK}quarantine" in row.config
            if not resting:
                yield f"LEFT OVER {row.place}: {row.ref} is not declared, and it is {row.status}"


def _answered(arena: Arena, excuse: Excuse) -> Iterator[str]:
    touched = {row.name for row in arena.before if row.uuid in excuse.gone | excuse.changed}
    for row in seen.intents(*arena.states):
        if row["outcome"] in OPEN and row["instance"] not in touched:
            yield f"OPEN {row['call']} of {row['ref']} on {row['host']}: outcome {row['outcome'] or 'none'}, {row['detail'] or ''}"
