"""Desired and observed to changes: one change an object, each with its reason. What cannot be decided here is a doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reconciler.engine import cells, existing, missing
from reconciler.engine.again import Judged, in_order, moved, of_host, replaced, same_scene, same_text, settled, turned
from reconciler.engine.ground import ground_changes
from reconciler.engine.leaving import leave
from reconciler.engine.unfinished import unfinished
from reconciler.errors import Defect
from reconciler.model.changes import Action, Change, Changes, Reason, Refusal
from reconciler.model.marks import EXPIRES, NAME, UID, read_marks, stands_for
from reconciler.model.names import Kind, instance_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from reconciler.engine.again import OfHost
    from reconciler.model.execute import Claim
    from reconciler.model.health import Health
    from reconciler.model.marks import Marks
    from reconciler.model.names import Ref
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host, Policy, Workload
    from reconciler.model.world import Instance, Observed


LIVING = frozenset({Kind.SERVICE, Kind.SESSION, Kind.CELL})
"""Kinds that a container may stand for."""
BEFORE_LXD = datetime(2015, 1, 1, tzinfo=UTC)


class Sighting(NamedTuple):
    """An instance of ours on a host."""

    host: str
    instance: Instance

    @property
    def marks(self) -> Marks:
        """Its marks. Raises ``Defect`` where it has none, which is then not an instance of ours."""
        found = read_marks(self.instance.config)
        if found is None:
            raise Defect(f"{self.instance.name} on {self.host} was taken for one of ours and carries no marks")
        return found


class Scene(NamedTuple):
    """What each sighting is judged by."""

    wanted: Mapping[str, Workload]
    """By ``Kind/name``."""
    moved: Mapping[str, Workload]
    """By the ``Kind/name`` that they had before."""
    hosts: Mapping[str, Host]
    pools: frozenset[str]
    sessions: frozenset[str]
    """Names of the declared ones."""
    policy: Policy
    at: datetime
    unfinished: AbstractSet[tuple[str, str]]
    """(host, instance) of what was begun and never made to its end."""
    health: Mapping[str, Health]
    """By uuid."""
    claims: Mapping[str, Claim]
    """By uuid."""


def diff(desired: Desired, observed: Observed, ledger: Ledger, before: Changes | None = None) -> Changes:
    """Compare. The time is ``observed.at``; the same values give the same changes, whatever order they came in.

    ``before`` is what an earlier diff gave: rows that are the same objects as there are not judged again. It changes no result.
    """
    last = before.judged if before is not None and isinstance(before.judged, Judged) else None
    scene = _scene(desired, observed, ledger, last)
    known = last.hosts if last is not None and same_scene(last.scene, scene) else {}
    ill = _turned(last.scene, scene) if last is not None else frozenset()
    parts = {host: _judge_rows(host, view.instances, scene, known.get(host), ill) for host, view in sorted(observed.hosts.items())}
    judged, plain = _whole(parts, scene)
    present = {*judged, *(str(judged[text].ref) for text in scene.moved.keys() & judged.keys())}
    absent = [scene.wanted[text] for text in scene.wanted.keys() - present]
    made, unplaced = missing.place(absent, desired, observed, ledger)
    verdicts = _open(parts) if plain else judged.values()
    doubts = [*(verdict for verdict in verdicts if isinstance(verdict, Refusal)), *unplaced]
    found = [change for part in parts.values() for change in part.ordered] if plain else _changes(judged)
    more = [*made, *ground_changes(desired, observed, [*found, *made])]
    items = _in_order(parts, more) if plain else _in_order({}, [*found, *more])
    return Changes(items, tuple(sorted(doubts, key=lambda doubt: (doubt.ref, doubt.code))), Judged(desired, scene, parts))


def _scene(desired: Desired, observed: Observed, ledger: Ledger, last: Judged | None) -> Scene:
    claims = ledger.claims or {}
    if last is not None and same_text(last.desired, desired):
        return last.scene._replace(at=observed.at, unfinished=unfinished(observed, ledger), health=observed.health, claims=claims)
    return Scene(
        wanted={workload.ref.kind + "/" + workload.ref.name: workload for workload in desired.workloads},
        moved={f"{workload.ref.kind}/{workload.moved}": workload for workload in desired.workloads if workload.moved},
        hosts={host.name: host for host in desired.hosts},
        pools=frozenset(pool.ref.name for pool in desired.pools),
        sessions=frozenset(workload.ref.name for workload in desired.workloads if workload.ref.kind is Kind.SESSION),
        policy=desired.policy,
        at=observed.at,
        unfinished=unfinished(observed, ledger),
        health=observed.health,
        claims=claims,
    )


def _turned(before: Scene, scene: Scene) -> frozenset[str]:
    """Uuids of what is to be judged again though its row is the same."""
    return turned(before.health, scene.health) | cells.turned(before.claims, scene.claims)


def _judge_rows(host: str, rows: tuple[Instance, ...], scene: Scene, last: OfHost | None, ill: AbstractSet[str]) -> OfHost:
    """A change or a doubt for each object of ours on one host. What ``last`` holds of the same row is not judged again where it stands.

    ``ill``: uuids of which the probes, or the claims of cells, tell otherwise than before.
    """
    if any(place == host for place, _ in scene.unfinished):
        last = None
    other = None if last is None else {} if last.rows is rows else moved(rows, last, scene.policy.environment)
    if last is not None and other is not None:
        return _judge_moved(host, rows, scene, last, other, ill)
    known, stands = (last.first, last.verdicts) if last is not None else ({}, {})
    first: dict[str, Instance] = {}
    verdicts: dict[str, Change | Refusal] = {}
    more: list[tuple[str, Instance]] = []
    for instance in rows:
        text = stands_for(instance.config, scene.policy.environment)
        if not text:
            continue
        if text in first:
            more.append((text, instance))
            continue
        first[text] = instance
        if known.get(text) is instance and instance.uuid not in ill and settled(stands[text]):
            verdicts[text] = stands[text]
        else:
            verdicts[text] = _safely(text, Sighting(host, instance), scene)
    return of_host(rows, first, verdicts, tuple(more))


def _judge_moved(
    host: str, rows: tuple[Instance, ...], scene: Scene, last: OfHost, other: Mapping[str, Instance], ill: AbstractSet[str]
) -> OfHost:
    """As ``_judge_rows``, at the cost of what moved: ``other`` rows, what probes tell otherwise, and what holds for one look alone."""
    first = {**last.first, **other} if other else last.first
    again = {*last.unsettled, *other, *(text for text, row in first.items() if row.uuid in ill)} if ill else {*last.unsettled, *other}
    if not again:
        return last if last.rows is rows else last._replace(rows=rows)
    anew = {text: _safely(text, Sighting(host, first[text]), scene) for text in sorted(again)}
    return replaced(rows, first, last, anew)


def _safely(text: str, sighting: Sighting, scene: Scene) -> Change | Refusal:
    try:
        return _judge(text, sighting, scene)
    except Exception as error:  # noqa: BLE001 - what cannot be compared is refused, and holds up nothing else
        return _incomparable(text, sighting.host, error)


def _whole(parts: Mapping[str, OfHost], scene: Scene) -> tuple[dict[str, Change | Refusal], bool]:
    """The verdicts of all hosts by ``Kind/name``, and whether they are those of the parts: no object was seen twice."""
    judged: dict[str, Change | Refusal] = {}
    for part in parts.values():
        judged.update(part.verdicts)
    if len(judged) == sum(len(part.verdicts) for part in parts.values()) and not any(part.more for part in parts.values()):
        return _apart(judged, scene)
    seen: dict[str, list[Sighting]] = {}
    for host, part in parts.items():
        for text, instance in (*part.first.items(), *part.more):
            seen.setdefault(text, []).append(Sighting(host, instance))
    judged |= {text: _several(found, scene.hosts) for text, found in seen.items() if len(found) > 1}
    return _apart(judged, scene)[0], False


def _apart(judged: dict[str, Change | Refusal], scene: Scene) -> tuple[dict[str, Change | Refusal], bool]:
    """What was moved to a name under which something lives already: two objects for one manifest, so neither is touched.

    And whether there is no such thing.
    """
    plain = True
    for text in sorted(scene.moved.keys() & judged.keys()):
        verdict = judged[text]
        ref = str(verdict.ref)
        if ref != text and ref in judged:
            evidence = ((text, f"on {verdict.host}"), (ref, f"on {judged[ref].host}"))
            del judged[text]
            unblock = f"give one up: unsandbox release {ref}, or take metadata.moved out of its manifest"
            judged[ref] = Refusal(
                "O14", ref, verdict.host, "it lives under the name it had before and under the one it has", evidence, unblock
            )
            plain = False
    return judged, plain


def _open(parts: Mapping[str, OfHost]) -> Iterable[Change | Refusal]:
    """Every verdict that may be a doubt: a settled one is none."""
    return (part.verdicts[text] for part in parts.values() for text in part.unsettled)


def _changes(judged: Mapping[str, Change | Refusal]) -> list[Change]:
    return [verdict for verdict in judged.values() if isinstance(verdict, Change)]


def _lifeless(text: str, sighting: Sighting) -> Refusal:
    evidence = (("found", f"{sighting.instance.name} {sighting.instance.uuid}"), ("marked as", text))
    unblock = f"lxc config unset {sighting.instance.name} {NAME}"
    return Refusal("I02", text, sighting.host, "its marks name a kind that is no container", evidence, unblock)


def _incomparable(text: str, host: str, error: Exception) -> Refusal:
    evidence = (("comparing it", type(error).__name__), ("host", host))
    return Refusal("X00", text, host, "it could not be compared with what is declared", evidence, f"unsandbox explain {text}")


def _judge(text: str, sighting: Sighting, scene: Scene) -> Change | Refusal:
    if sighting.marks.ref.kind not in LIVING:
        return _lifeless(text, sighting)
    workload = scene.wanted.get(text)
    if workload is not None and sighting.instance.config.get(UID, "") != workload.uid:
        return _another(workload, sighting)
    if workload is None:
        workload = scene.moved.get(text)
        if workload is None or sighting.instance.config.get(UID, "") != workload.moved_uid:
            if (sighting.host, sighting.instance.name) in scene.unfinished:
                return _ending(sighting, None, Action.DESTROY, Reason.UNFINISHED, "")
            return leave(sighting.marks.ref, sighting.host, sighting.instance, scene)
    return _present(workload, sighting, scene)


def _in_order(parts: Mapping[str, OfHost], more: list[Change]) -> tuple[Change, ...]:
    """By host, then reference: the changes of the parts, which are in order already, and ``more``."""
    by_host: dict[str, list[Change]] = {}
    for change in more:
        by_host.setdefault(change.host, []).append(change)
    items: list[Change] = []
    for host in sorted(parts.keys() | by_host.keys()):
        part = parts[host].ordered if host in parts else ()
        items.extend(in_order([*part, *by_host[host]]) if host in by_host else part)
    return tuple(items)


def sight(ref: Ref, env: str, observed: Observed) -> tuple[Sighting, ...]:
    """Every instance that is marked as ``ref`` in environment ``env``, hosts in order of name."""
    return tuple(
        Sighting(host, instance)
        for host, view in sorted(observed.hosts.items())
        for instance in view.instances
        if stands_for(instance.config, env) == str(ref)
    )


def _another(workload: Workload, found: Sighting) -> Refusal:
    # Writing the declared uid over the one that is there would hand one object's container to another.
    uid = found.instance.config.get(UID, "")
    keep = f"edit {workload.source} (metadata.uid: {uid}), or " if uid else ""
    return Refusal(
        code="I02",
        ref=str(workload.ref),
        host=found.host,
        cause="what carries its name carries another uid: it is another object",
        evidence=(("found", f"{found.instance.name} uid {uid or 'absent'}"), ("declared", f"uid {workload.uid}")),
        unblock=f"{keep}unsandbox release {workload.ref} --host {found.host}",
    )


def _several(seen: list[Sighting], hosts: Mapping[str, Host]) -> Refusal:
    found = sorted(seen, key=lambda one: (one.host, one.instance.name))
    ref = found[0].marks.ref
    same = len({sighting.instance.uuid for sighting in found}) == 1
    return Refusal(
        code="O13" if same else "O15" if ref.kind is Kind.CELL else "O14",
        ref=str(ref),
        host=found[0].host,
        cause="the same instance on two hosts" if same else f"{len(found)} instances carry the marks of one {ref.kind.lower()}",
        evidence=tuple((sighting.host, f"{sighting.instance.name} {sighting.instance.uuid}") for sighting in found),
        unblock=_give_up(found, hosts),
    )


def _give_up(found: list[Sighting], hosts: Mapping[str, Host]) -> str:
    ref = found[0].marks.ref
    if len({sighting.host for sighting in found}) == len(found):
        return f"unsandbox release {ref} --host {found[-1].host}"
    # A copy made on the same host took the marks along; a host name does not tell the two apart.
    copy = next((sighting for sighting in found if sighting.instance.name != instance_name(ref)), found[-1])
    project = f" --project {hosts[copy.host].project}" if copy.host in hosts else ""
    return f"lxc config unset {copy.instance.name} {NAME}{project}"


def _present(workload: Workload, sighting: Sighting, scene: Scene) -> Change:
    if (sighting.host, sighting.instance.name) in scene.unfinished:
        return _ending(sighting, workload, Action.REPLACE, Reason.UNFINISHED, "")
    if _expired(workload, sighting.instance, scene.at):
        return _ending(sighting, workload, Action.DESTROY, Reason.EXPIRED, f"its ttl of {workload.ttl} s is over")
    host = scene.hosts.get(sighting.host)
    if host is None:
        return _ending(sighting, workload, Action.KEEP, Reason.AS_DECLARED, "its host is not in the inventory")
    if workload.ref.kind is Kind.CELL:
        return existing.compare_cell(workload, host, sighting.instance, scene.policy, cells.standing(sighting.instance, scene.claims))
    return existing.compare(workload, host, sighting.instance, scene.policy, scene.health.get(sighting.instance.uuid))


def _expired(workload: Workload, instance: Instance, at: datetime) -> bool:
    # An end that was declared later than its beginning is written on it first, for everybody to see.
    if workload.ref.kind is not Kind.SESSION or not workload.ttl or instance.config.get(EXPIRES) != str(workload.ttl):
        return False
    try:
        made = datetime.fromisoformat(instance.created_at)
    except ValueError:
        return False
    # LXD writes the year 1 where it does not know: an age that is not known has not run out.
    if made.tzinfo is None or made < BEFORE_LXD:
        return False
    return at - made >= timedelta(seconds=workload.ttl)


def _ending(sighting: Sighting, workload: Workload | None, action: Action, reason: Reason, note: str) -> Change:
    instance = sighting.instance
    return Change(action, sighting.marks.ref, sighting.host, instance.name, reason, wanted=workload, found=instance, note=note)
