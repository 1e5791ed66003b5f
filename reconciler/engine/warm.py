"""Which cells a run may be given: those that nobody has, which are as declared, on hosts that take runs. What is in doubt is not warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.cells import Standing, standing
from reconciler.engine.spec import stated_config, stated_devices
from reconciler.model import marks
from reconciler.model.execute import Cell
from reconciler.model.modes import Mode
from reconciler.model.names import Kind, instance_name
from reconciler.model.resources import HostState, NetworkMode
from reconciler.model.rules import No, Rule, ask
from reconciler.model.world import Grade, Status
from reconciler.policy.modes import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from reconciler.engine.cells import Claims
    from reconciler.model.modes import Stance
    from reconciler.model.names import Ref
    from reconciler.model.resources import Desired, Host, Policy, Workload
    from reconciler.model.world import HostView, Instance

UNBLOCK = "unsandbox pools"
LEAVING = (marks.QUARANTINE, marks.TOMBSTONE)


@dataclass(frozen=True, slots=True)
class Place:
    """A host, as it is declared and as it was seen."""

    host: Host
    view: HostView
    policy: Policy
    at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """One instance, beside what its pool declares of it. ``claims`` by uuid; None where they could not be read.

    ``proxy`` is the declared proxy of its host; None where there is none.
    """

    row: Instance
    workload: Workload
    place: Place
    claims: Claims | None
    proxy: Workload | None = None


def _closed(place: Place) -> No | None:
    if place.host.state is not HostState.ACTIVE:
        return No("the host takes nothing more", (("state", place.host.state.value),), f"edit {place.host.source} (state: active)")
    return None


def _held(place: Place) -> No | None:
    return _stands(place.host.stance, place.at) or _stands(place.policy.stance, place.at)


def _stands(stance: Stance, at: datetime) -> No | None:
    suspension = in_force(stance, at)
    if suspension is not None:
        return No("it is suspended", (("reason", suspension.reason), ("until", suspension.until)), "unsandbox status")
    if stance.mode is Mode.DETECT:
        return No("its mode is to tell and change nothing", (("mode", stance.mode.value),), "unsandbox status")
    return None


def _blind(place: Place) -> No | None:
    if place.view.grade is Grade.COMPLETE:
        return None
    evidence = (("grade", place.view.grade.value), *(("why", why) for why in place.view.why))
    return No("the host was not seen in full", evidence, "unsandbox doctor")


PLACE_RULES: tuple[Rule[[Place]], ...] = (
    Rule("C40", "The host takes no runs", _closed, "Who cordons or drains a host wants it to come to rest."),
    Rule("C41", "The host is held", _held, "A claim writes a mark on a cell, and what is suspended or only watched is not written on."),
    Rule(
        "C42",
        "The host was not seen in full",
        _blind,
        "Half a host does not tell that a cell is free, nor that it is ours.",
    ),
)
"""May runs go to the host?"""


def _taken(asked: Candidate) -> No | None:
    if asked.claims is None:
        return No("it is not known who has it", (("claims", "not readable"),), "unsandbox doctor")
    found = standing(asked.row, asked.claims)
    if found is Standing.FREE:
        return None
    return No("somebody has or had it", (("standing", found.value),), UNBLOCK)


def _down(asked: Candidate) -> No | None:
    row, leaving = asked.row, [key for key in LEAVING if asked.row.config.get(key)]
    if row.status is Status.RUNNING and not leaving and row.uuid and row.name not in asked.place.view.doubtful:
        return None
    return No("it does not stand ready", (("status", row.status.value), ("leaving", ", ".join(leaving) or "no")), "unsandbox plan")


def _odd(asked: Candidate) -> No | None:
    """Any difference from the text, by whomever: what it limits or reaches may be another."""
    row, wanted, place = asked.row, asked.workload, asked.place
    if row.image != wanted.image or row.name != instance_name(wanted.ref) or row.profiles:
        return No("it is not made as its pool says", (("image", row.image[:12]), ("declared", wanted.image[:12])), "unsandbox plan")
    stated = stated_config(wanted, place.policy.environment, clustered=place.host.cluster is not None)
    off = [key for key, value in stated.items() if row.config.get(key) != value]
    off += ["devices"] if row.devices != stated_devices(wanted, place.host, row.name) else []
    return No("it is not as declared", (("differs", ", ".join(off)),), "unsandbox plan") if off else None


def why_shut(place: Place, proxy: Workload | None) -> No | None:
    """Why semitrusted runs do not go to a host: its ``proxy`` is not known to stand as the policy says. None where it is."""
    if proxy is None or proxy.bootstrap is None:
        return No("no proxy of its host is declared", (("host", place.host.name),), "declare a Service with network: proxy for the host")
    rows = [row for row in place.view.instances if marks.stands_for(row.config, place.policy.environment) == str(proxy.ref)]
    if len(rows) != 1 or rows[0].name in place.view.doubtful:
        return No("the proxy of its host was not seen", (("host", place.host.name), ("found", str(len(rows)))), "unsandbox plan")
    row, wanted, leaving = rows[0], proxy.bootstrap.digest, [key for key in LEAVING if rows[0].config.get(key)]
    if row.status is not Status.RUNNING or leaving:
        return No(
            "the proxy of its host does not run", (("status", row.status.value), ("leaving", ", ".join(leaving) or "no")), "unsandbox plan"
        )
    ran = row.config.get(marks.BOOTSTRAP, "")
    if ran != wanted or row.devices != stated_devices(proxy, place.host, row.name) or row.uuid == "":
        evidence = (("set up as", ran[:19] or "never"), ("the policy says", wanted[:19]))
        return No("the proxy of its host is not as the policy says", evidence, "unsandbox apply")
    return None


def _shut(asked: Candidate) -> No | None:
    return why_shut(asked.place, asked.proxy) if asked.workload.network is NetworkMode.SEMITRUSTED else None


SHUT: Rule[[Candidate]] = Rule(
    "C46",
    "The proxy of its host is not known to stand",
    _shut,
    "A semitrusted run gets out by the proxy of its host alone, and by the rules that are in force.",
)
CELL_RULES: tuple[Rule[[Candidate]], ...] = (
    Rule("C43", "Somebody has the cell", _taken, "A cell has one owner in its life, and a claim that cannot be read may be anybody's."),
    Rule("C44", "The cell does not stand ready", _down, "It is being made, ended or changed, and a run in it would be cut off."),
    Rule(
        "C45",
        "The cell is not as declared",
        _odd,
        "Its limits, its network or its image may be others than its pool says.",
    ),
    SHUT,
)
"""May a run be given the cell?"""


def warm_cells(desired: Desired, views: Mapping[str, HostView], claims: Claims | None, at: datetime) -> dict[str, tuple[Cell, ...]]:
    """By pool, what a run may be given; pools that are held have none."""
    known = {item.ref: item for pool in desired.pools for item in pool.spare} | {item.ref: item for item in desired.workloads}
    proxies = proxies_of(desired)
    found: dict[str, list[Cell]] = {pool.ref.name: [] for pool in desired.pools if ask(_HELD_POOL, UNBLOCK, pool.stance, at) is None}
    for host in desired.hosts:
        view = views.get(host.name)
        if view is None:
            continue
        place = Place(host, view, desired.policy, at)
        if why_no_runs(place) is None:
            for cell in _cells(place, known, claims, proxies.get(host.name)):
                found.get(cell.pool, []).append(cell)
    return {pool: tuple(cells) for pool, cells in found.items()}


_HELD_POOL = Rule("C41", "The pool is held", _stands)


def why_no_runs(place: Place) -> tuple[str, No] | None:
    """Code and no of the first rule that keeps runs from a host; None where they may go there."""
    return next(((rule.code, no) for rule in PLACE_RULES if (no := ask(rule, UNBLOCK, place)) is not None), None)


def why_not_warm(candidate: Candidate) -> tuple[str, No] | None:
    """Code and no of the first rule that keeps runs from a cell; None where one may be given it."""
    return next(((rule.code, no) for rule in CELL_RULES if (no := ask(rule, UNBLOCK, candidate)) is not None), None)


def proxies_of(desired: Desired) -> dict[str, Workload]:
    """The declared proxy of each host that has one."""
    return {item.placement.host: item for item in desired.workloads if item.network is NetworkMode.PROXY and item.placement.host}


def why_all_shut(desired: Desired, views: Mapping[str, HostView], at: datetime) -> tuple[str, No] | None:
    """Code and no where not one host that takes runs has a proxy that stands; None where semitrusted runs have a way out."""
    proxies, first = proxies_of(desired), None
    for host in desired.hosts:
        if host.name in views and why_no_runs(place := Place(host, views[host.name], desired.policy, at)) is None:
            no = ask(_SHUT_PLACE, UNBLOCK, place, proxies.get(host.name))
            if no is None:
                return None
            first = first or no
    return SHUT.code, first or No("no host takes runs", (("hosts", str(len(desired.hosts))),), "unsandbox doctor")


_SHUT_PLACE = Rule(SHUT.code, SHUT.title, why_shut, SHUT.why)


def _cells(place: Place, known: Mapping[Ref, Workload], claims: Claims | None, proxy: Workload | None) -> Iterator[Cell]:
    for row in place.view.instances:
        who = marks.read_marks(row.config)
        if who is None or who.env != place.policy.environment or who.ref.kind is not Kind.CELL:
            continue
        wanted = known.get(who.ref)
        # A slot that nobody declares is surplus, about to be destroyed.
        if wanted is not None and why_not_warm(Candidate(row, wanted, place, claims, proxy)) is None:
            yield Cell(row.uuid, who.ref, place.host.name, row.name)
