"""The guard's rules, in order. The first that says no decides; without a rule in favour the answer is no as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from reconciler.engine.ground import holder_of
from reconciler.model import marks
from reconciler.model.changes import DESTRUCTIVE, Action, Change, Reason, puts_to_rest
from reconciler.model.names import Kind
from reconciler.model.resources import HostState, Power, Replace
from reconciler.model.world import Grade, HostView, Instance, Operation, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import Observed


@dataclass(frozen=True)
class World:
    """What the rules may know. What most passes never ask for is indexed at the first question."""

    desired: Desired
    observed: Observed
    ledger: Ledger
    hosts: Mapping[str, Host]
    operations: Mapping[tuple[str, str], Operation]

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Instance]:
        """(host, instance name) -> row."""
        return {(view.host, row.name): row for view in self.observed.hosts.values() for row in view.instances}

    @cached_property
    def twins(self) -> frozenset[str]:
        """Each uuid that was seen on more than one host."""
        seen: set[str] = set()
        twice: set[str] = set()
        for view in self.observed.hosts.values():
            uuids = {row.uuid for row in view.instances}
            twice |= seen & uuids
            seen |= uuids
        return frozenset(twice - {""})


@dataclass(frozen=True, slots=True)
class No:
    """A rule's no: cause, evidence with both values, the command that unblocks."""

    cause: str
    evidence: tuple[tuple[str, str], ...]
    unblock: str


Check = Callable[[Change, World], No | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """``actions`` are those the rule is asked about; ``check`` gives a ``No`` or None. A check that raises counts as a no."""

    code: str
    title: str
    actions: frozenset[Action]
    check: Check = field(repr=False)


ALL = frozenset(Action) - {Action.KEEP}
OBJECT = ALL - {Action.PREPARE, Action.IMPORT}
EXISTING = OBJECT - {Action.CREATE}
MAKING = frozenset({Action.CREATE, Action.REPLACE})
RESTING = frozenset({Action.FREEZE, Action.HIBERNATE, Action.UPDATE})
POWER = frozenset({Action.START, Action.UNFREEZE, Action.FREEZE, Action.HIBERNATE, Action.UPDATE})
ALLOWED = ALL
"""Actions that are allowed where every rule below was asked and none said no. An action that is not here is refused."""


def _row(change: Change) -> Instance:
    if change.found is None:
        raise ValueError(f"{change.ref} has no instance")
    return change.found


def _lxc(change: Change, world: World, words: str) -> str:
    return f"lxc {words} {change.instance} --project {world.hosts[change.host].project}"


def unseen(change: Change, world: World) -> No | None:
    """O01: the host was not seen."""
    view = world.observed.hosts.get(change.host)
    if view is not None and view.grade is not Grade.UNSEEN:
        return None
    return No(
        "its host was not seen", (("host", change.host), ("why", "; ".join(view.why) if view else "not looked at")), "unsandbox hosts"
    )


def partial(change: Change, world: World) -> No | None:
    """O05: the host was seen in part, so absence there proves nothing."""
    view = world.observed.hosts[change.host]
    if view.grade is Grade.COMPLETE:
        return None
    return No("its host was seen in part only", (("host", change.host), ("why", "; ".join(view.why))), "unsandbox hosts")


def unknown_host(change: Change, world: World) -> No | None:
    """D11: the host is not in the inventory."""
    if change.host in world.hosts:
        return None
    return No(
        "its host is not in the inventory",
        (("host", change.host), ("inventory", ", ".join(sorted(world.hosts)))),
        "unsandbox hosts add URL",
    )


def _marked_env(view: HostView) -> str | None:
    return view.project.config.get(marks.ENV) if view.project else None


def other_environment(change: Change, world: World) -> No | None:
    """D14: the host's project is marked with another environment."""
    found, ours = _marked_env(world.observed.hosts[change.host]), world.desired.policy.environment
    if found in {None, ours}:
        return None
    host = world.hosts[change.host]
    return No(
        "the project on this host belongs to another environment",
        (("found", str(found)), ("ours", ours), ("project", host.project)),
        f"edit {host.source} (project) or the Policy's environment",
    )


def unmarked_project(change: Change, world: World) -> No | None:
    """O16: a project with our name that nobody prepared, yet it holds instances."""
    view = world.observed.hosts[change.host]
    if view.project is None or _marked_env(view) is not None or not view.project.names:
        return None
    host = world.hosts[change.host]
    return No(
        "the project exists, is not marked as ours, and holds instances",
        (("project", host.project), ("instances", ", ".join(sorted(view.project.names)[:5])), ("mark", "absent")),
        f"edit {host.source} (project: another name), or lxc project set {host.project} {marks.ENV}={world.desired.policy.environment}",
    )


def name_taken(change: Change, world: World) -> No | None:
    """I01: the name is taken by an instance without our marks."""
    row = world.rows.get((change.host, change.instance))
    if row is None or marks.read_marks(row.config) is not None:
        return None
    return No(
        "an instance of that name exists and does not carry our marks",
        (("found", f"{row.name} {row.uuid}, {row.status_text}"), ("wanted", str(change.ref))),
        f"unsandbox adopt {change.ref}",
    )


def name_taken_by_other(change: Change, world: World) -> No | None:
    """I02: the name is taken by an object of another identity or environment."""
    row = world.rows.get((change.host, change.instance))
    mark = marks.read_marks(row.config) if row else None
    if row is None or mark is None:
        return None
    return No(
        "an instance of that name carries the marks of something else",
        (("found", f"{mark.ref} of environment {mark.env}, {row.uuid}"), ("wanted", f"{change.ref} of {world.desired.policy.environment}")),
        f"lxc rename {change.instance} OTHER-NAME --project {world.hosts[change.host].project}",
    )


def doubtful_name(change: Change, world: World) -> No | None:
    """O06: the name exists on the host but its row is missing or hollow."""
    why = world.observed.hosts[change.host].doubtful.get(change.instance)
    if why is None:
        return None
    return No("the name exists there and cannot be read", (("instance", change.instance), ("why", why)), _lxc(change, world, "info"))


def changing(change: Change, _world: World) -> No | None:
    """O08: the instance is between two states."""
    row = _row(change)
    if row.status is not Status.CHANGING:
        return None
    return No(
        "it is between two states",
        (("status", row.status_text), ("settled", "running, frozen or stopped")),
        "unsandbox plan  # again in a moment",
    )


def strange(change: Change, world: World) -> No | None:
    """O10: the instance's status is Error or one we do not know."""
    row = _row(change)
    if row.status not in {Status.ERROR, Status.UNKNOWN}:
        return None
    return No(
        "its status is not one to act on",
        (("status", row.status_text), ("known", "Running, Frozen, Stopped")),
        _lxc(change, world, "info --show-log"),
    )


def busy(change: Change, world: World) -> No | None:
    """O09: LXD is running an operation on it."""
    operation = world.operations.get((change.host, change.instance))
    if operation is None:
        return None
    return No(
        "LXD is at work on it",
        (("operation", f"{operation.id} {operation.description}"), ("wanted", change.action)),
        f"lxc operation show {operation.id}",
    )


def split_brain(change: Change, world: World) -> No | None:
    """O13: an instance of the same uuid runs on another host as well."""
    uuid = _row(change).uuid
    if uuid not in world.twins:
        return None
    seen = tuple((host, name) for (host, name), row in sorted(world.rows.items()) if row.uuid == uuid)
    return No(
        "the same instance shows on two hosts",
        (*seen, ("uuid", uuid)),
        f"delete or rename the copy that is not meant; to give one up: unsandbox release {change.ref} --host {change.host}",
    )


def no_uuid(change: Change, world: World) -> No | None:
    """I03: the instance has no uuid, so it cannot be told from another of its name."""
    row = _row(change)
    if row.uuid:
        return None
    return No("it has no volatile.uuid", (("instance", row.name), ("uuid", "absent")), _lxc(change, world, "start"))


def ephemeral(change: Change, world: World) -> No | None:
    """S05: stopping an ephemeral instance deletes it."""
    if not _row(change).ephemeral or not (change.action is Action.REPLACE or puts_to_rest(change) is Power.HIBERNATED):
        return None
    return No("it is ephemeral: stopping it deletes it", (("ephemeral", "true"), ("action", change.action)), _lxc(change, world, "info"))


def locked_kept(change: Change, _world: World) -> No | None:
    """I10: the object is locked, on itself or in its manifest."""
    locked = _row(change).config.get(marks.LOCKED) == "true" or (change.wanted is not None and change.wanted.locked)
    if not locked or not (change.action in DESTRUCTIVE or puts_to_rest(change)):
        return None
    # Unlocking is an update of its own: one change may not take the lock away and use that at once.
    where = str(change.wanted.source) if change.wanted else "no manifest"
    return No(
        "it is locked",
        (("mark", _row(change).config.get(marks.LOCKED, "absent")), ("manifest", where), ("action", change.action)),
        f"edit {where} (locked: false)",
    )


def locked_gone(change: Change, _world: World) -> No | None:
    """D15: a locked object is no longer declared."""
    row = _row(change)
    if row.config.get(marks.LOCKED) != "true" or change.wanted is not None:
        return None
    return No(
        "it is locked and no manifest declares it any more",
        (("mark", "locked"), ("commit that made it", row.config.get(marks.COMMIT, "") or "unknown")),
        f"declare it again with locked: false and apply, or: unsandbox release {change.ref} --host {change.host}",
    )


def immutable(change: Change, _world: World) -> No | None:
    """D13: the difference means making it anew, and the manifest does not allow that."""
    wanted = change.wanted
    if wanted is None or wanted.replace is Replace.ALLOWED or wanted.ref.kind is Kind.CELL:
        return None
    evidence = tuple((diff.path, f"{diff.old or 'absent'} -> {diff.new or 'absent'}") for diff in change.fields)
    allow = "replace: allowed" if wanted.ref.kind is Kind.SERVICE else "another name, which ends this one and makes a new one"
    return No("this difference can only be made by destroying and creating it", evidence, f"edit {wanted.source} ({allow})")


def frozen_by_whom(change: Change, world: World) -> No | None:
    """S01: it should run, it is frozen, and it is not known that we froze it."""
    row = _row(change)
    if change.wanted is None or change.wanted.power is not Power.RUNNING or row.status is not Status.FROZEN or not _moves(change):
        return None
    record = world.ledger.powers.get(row.uuid)
    if record is not None and record.power == "frozen" and record.writer == "git":
        return None
    known = f"{record.power} by {record.writer}" if record else "no record"
    return No(
        "it should run and somebody froze it: it is not known who",
        (("declared", "running"), ("found", "frozen"), ("last set by us", known)),
        _lxc(change, world, "start"),
    )


def frozen_needs_start(change: Change, world: World) -> No | None:
    """S02: it should be frozen and is stopped: freezing it means starting it first."""
    row = _row(change)
    if change.wanted is None or change.wanted.power is not Power.FROZEN or row.status is not Status.STOPPED or not _moves(change):
        return None
    return No(
        "it should be frozen and is stopped; to freeze it means to start it, and what it does at its start would be done",
        (("declared", "frozen"), ("found", "stopped")),
        _lxc(change, world, "start"),
    )


def _moves(change: Change) -> bool:
    return change.action in {Action.UNFREEZE, Action.FREEZE} or any(diff.path == "power" for diff in change.fields)


def image_missing(change: Change, world: World) -> No | None:
    """D16: the image is not on the host and nothing here can bring it."""
    if change.image is None:
        raise ValueError(f"import of {change.ref} without an image")
    if change.image.file or holder_of(change.image, world.observed):
        return None
    return No(
        "the image is on no host and no file is named for it",
        (("fingerprint", change.image.fingerprint), ("hosts asked", ", ".join(sorted(world.observed.hosts)))),
        f"edit {change.image.source} (file: PATH), or lxc image import FILE --project {world.hosts[change.host].project}",
    )


def closed_host(change: Change, world: World) -> No | None:
    """D12: the host takes nothing more."""
    host = world.hosts[change.host]
    if host.state is HostState.ACTIVE:
        return None
    return No("its host takes nothing more", (("host", host.name), ("state", host.state.value)), f"edit {host.source} (state: active)")


def claimed(change: Change, _world: World) -> No | None:
    """I07: a claimed cell is never destroyed by a pass."""
    claim = _row(change).config.get(marks.CLAIM)
    if claim is None or change.reason is Reason.EXPIRED:
        return None
    return No("the cell is claimed", (("claim", claim), ("action", change.action)), "unsandbox status")


RULES: tuple[Rule, ...] = (
    Rule("D11", "The host is not in the inventory", ALL, unknown_host),
    Rule("O01", "The host was not seen", ALL, unseen),
    Rule("O05", "The host was seen in part only", MAKING | DESTRUCTIVE | {Action.PREPARE, Action.IMPORT}, partial),
    Rule("D14", "The project belongs to another environment", ALL, other_environment),
    Rule("O16", "A project of our name that nobody prepared holds instances", ALL, unmarked_project),
    Rule("D12", "The host is cordoned or drained", frozenset({Action.CREATE, Action.IMPORT}), closed_host),
    Rule("D16", "The image can be brought from nowhere", frozenset({Action.IMPORT}), image_missing),
    Rule("O06", "The name exists and cannot be read", frozenset({Action.CREATE}), doubtful_name),
    Rule("I01", "The name is taken by an instance without our marks", frozenset({Action.CREATE}), name_taken),
    Rule("I02", "The name is taken by something else of ours or of another environment", frozenset({Action.CREATE}), name_taken_by_other),
    Rule("O13", "The same instance shows on two hosts", EXISTING, split_brain),
    Rule("O10", "The status is Error or unknown", EXISTING, strange),
    Rule("O08", "The instance is between two states", EXISTING, changing),
    Rule("O09", "LXD is running an operation on it", EXISTING, busy),
    Rule("I03", "The instance has no uuid", EXISTING, no_uuid),
    Rule("D15", "A locked object is no longer declared", frozenset({Action.DESTROY}), locked_gone),
    Rule("I10", "The object is locked", DESTRUCTIVE | RESTING, locked_kept),
    Rule("I07", "The cell is claimed", DESTRUCTIVE, claimed),
    Rule("D13", "The change means making it anew", frozenset({Action.REPLACE}), immutable),
    Rule("S05", "Stopping an ephemeral instance deletes it", RESTING | {Action.REPLACE}, ephemeral),
    Rule("S01", "It is not known who froze it", POWER, frozen_by_whom),
    Rule("S02", "Freezing it means starting it", POWER, frozen_needs_start),
)
"""The order is the meaning: what cannot be seen comes before what it is, and what it is before what may be done with it."""
