"""Is this really what they want? Checks of codes D, and F05, F10, F11."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import row_of
from reconciler.engine.existing import field_diffs
from reconciler.engine.fields import immutable as is_immutable
from reconciler.engine.ground import holder_of
from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.names import Kind
from reconciler.model.resources import HostState, Replace
from reconciler.model.rules import No
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.resources import Workload

MOST_PAIRS = 10_000
"""Pairs of one that leaves and one that comes that are compared at most."""
NEAR = 1
"""Fields that may differ between what left and what came for the two to be taken for one."""
IDENTITY = frozenset({f"config.{marks.NAME}", f"config.{marks.UID}", f"config.{marks.QUARANTINE}"})


def nothing_declared(change: Change, world: World) -> No | None:
    """D01: no manifest declares any object, and objects of ours exist."""
    if world.desired.workloads or world.desired.pools:
        return None
    evidence = (("declared", "0"), ("there", str(world.fleet)))
    return No(
        "no manifest declares anything that lives, and something does", evidence, f"unsandbox accept D01 {change.ref}", "no manifests"
    )


def not_a_descendant(change: Change, world: World) -> No | None:
    """D07: the commit does not descend from the one applied last."""
    origin, commit = world.desired.origin, world.desired.commit
    if origin.descends is not False:
        return None
    evidence = (("commit", commit.id[:12]), ("applied last", origin.against[:12]))
    unblock = f"git merge {origin.against[:12]}, or unsandbox accept D07 {change.ref}"
    return No("the commit does not descend from the one that was applied last", evidence, unblock, "commit")


def first_run(change: Change, world: World) -> No | None:
    """F10: objects of ours exist, and the journal knows nothing of them: a first run, or a lost journal."""
    # Of objects known one by one, such as one that was just adopted, nothing follows for the others.
    certified = world.ledger.certified
    unknown = sorted(host for host in world.once("ours", _ours) if host not in certified)
    if not unknown or (certified and change.host not in unknown):
        return None
    evidence = (("ours, by their marks", str(world.fleet)), ("never certified", ", ".join(unknown)))
    return No("objects of ours exist and the journal knows nothing of them", evidence, f"unsandbox accept F10 {change.ref}", "journal")


def _ours(world: World) -> dict[str, int]:
    """Host -> how many of ours live there, where any does."""
    counts = {view.host: sum(row.config.get(marks.ENV) == world.env for row in view.instances) for view in world.observed.hosts.values()}
    return {host: count for host, count in counts.items() if count}


def unknown_host(change: Change, world: World) -> No | None:
    """D11: the host is not in the inventory."""
    if change.host in world.hosts:
        return None
    return No(
        "its host is not in the inventory",
        (("host", change.host), ("inventory", ", ".join(sorted(world.hosts)))),
        "unsandbox hosts add URL",
    )


def host_forgotten(change: Change, world: World) -> No | None:
    """F05: it was certified on a host that left the inventory."""
    for known in world.known_of(change):
        if known.host not in world.hosts:
            evidence = (("certified on", known.host), ("inventory", ", ".join(sorted(world.hosts))), ("uuid", known.uuid))
            unblock = f"put {known.host} back into inventory/, or unsandbox accept F05 {change.ref}"
            return No("it lives on a host that left the inventory", evidence, unblock)
    return None


def closed_host(change: Change, world: World) -> No | None:
    """D12: the host takes nothing more."""
    host = world.hosts[change.host]
    if host.state is HostState.ACTIVE:
        return None
    return No("its host takes nothing more", (("host", host.name), ("state", host.state.value)), f"edit {host.source} (state: active)")


def image_missing(change: Change, world: World) -> No | None:
    """D20: the image is not on the host and nothing here can bring it."""
    if change.image is None:
        raise ValueError(f"import of {change.ref} without an image")
    if change.image.file or holder_of(change.image, world.observed):
        return None
    by_hand = f"edit {change.image.source} (file: PATH), or lxc image import FILE --project {world.hosts[change.host].project}"
    return No(
        "the image is on no host and no file is named for it",
        (("fingerprint", change.image.fingerprint), ("hosts asked", ", ".join(sorted(world.observed.hosts)))),
        f"unsandbox images publish {change.image.recipe} --pin" if change.image.recipe else by_hand,
    )


def _stays(change: Change) -> Workload | None:
    wanted = change.wanted
    if wanted is None or wanted.replace is Replace.ALLOWED or wanted.ref.kind is Kind.CELL or change.reason is Reason.UNFINISHED:
        return None
    return wanted


def image_moved(change: Change, _world: World) -> No | None:
    """D16: nothing but the image differs: its name stands for another fingerprint than when this was made."""
    wanted = _stays(change)
    fixed = [diff for diff in change.fields if is_immutable(diff)]
    if wanted is None or [diff.path for diff in fixed] != ["image"]:
        return None
    evidence = (("image", f"{fixed[0].old} -> {fixed[0].new}"), ("name", wanted.image_name))
    unblock = f"edit {wanted.source} (replace: allowed), or name the image it was made from"
    return No("its image's name stands for another image than it was made from; it stays on that", evidence, unblock)


def immutable(change: Change, _world: World) -> No | None:
    """D13: the difference means making it anew, and the manifest does not allow that."""
    wanted = _stays(change)
    if wanted is None:
        return None
    evidence = tuple((diff.path, f"{diff.old or 'absent'} -> {diff.new or 'absent'}") for diff in change.fields)
    allow = "replace: allowed" if wanted.ref.kind is Kind.SERVICE else "another name, which ends this one and makes a new one"
    return No("this difference can only be made by destroying and creating it", evidence, f"edit {wanted.source} ({allow})")


def locked_gone(change: Change, _world: World) -> No | None:
    """D15: a locked object is no longer declared."""
    row = row_of(change)
    lock = row.config.get(marks.USER_LOCK) or (row.config.get(marks.LOCKED) == "true" and "locked")
    if not lock or change.wanted is not None:
        return None
    return No(
        "it is locked and no manifest declares it any more",
        (("mark", lock), ("commit that made it", row.config.get(marks.COMMIT, "") or "unknown")),
        f"declare it again with locked: false and apply, or: unsandbox release {change.ref} --host {change.host}",
    )


def own_container(change: Change, world: World) -> No | None:
    """D19: the change would stop the container that this program runs in."""
    if not world.observed.own or change.instance != world.observed.own:
        return None
    evidence = (("this program runs in", world.observed.own), ("action", change.action))
    return No("this program runs in it", evidence, f"run this from another machine, or unsandbox accept D19 {change.ref}")


def owner_gone(change: Change, world: World) -> No | None:
    """F11: its owner's key left the manifests with it."""
    owner = row_of(change).config.get(marks.OWNER, "")
    leaves = change.reason is Reason.NOT_DECLARED
    if not leaves or not owner or any(key.ref.name == owner for key in world.desired.keys):
        return None
    evidence = (("owner", owner), ("keys", ", ".join(key.ref.name for key in world.desired.keys) or "none"))
    unblock = f"declare Key/{owner} again until {change.ref} is gone, or unsandbox accept F11 {change.ref}"
    return No("its owner's key is not declared either: it would end as a side effect", evidence, unblock)


def renamed(change: Change, world: World) -> No | None:
    """D03: what leaves and what comes are all but the same: probably one thing with another name."""
    if change.ref.kind is Kind.CELL or not (change.action is Action.CREATE or _leaves(change, world)):
        return None
    leaving, coming = world.once("leaving", _leaving), world.once("coming", _coming)
    if len(leaving) * len(coming) > MOST_PAIRS:
        evidence = (("leave", str(len(leaving))), ("come", str(len(coming))), ("compared at most", str(MOST_PAIRS)))
        return No(
            "so many leave and come that renames cannot be told",
            evidence,
            "make it two commits: one that adds, one that removes",
            "renames",
        )
    found = world.once("renames", _renames).get((str(change.ref), change.host))
    if found is None:
        return None
    left, came, differ = found
    source = came.wanted.source if came.wanted else "its manifest"
    evidence = (("leaves", f"{left.ref} on {left.host}"), ("comes", f"{came.ref} at {source}"), ("differ", str(differ)))
    unblock = f"edit {source} (metadata.moved: {left.ref.name}), or unsandbox accept D03 {change.ref}"
    return No("it is probably a rename: what leaves and what comes are all but the same", evidence, unblock)


def _renames(world: World) -> dict[tuple[str, str], tuple[Change, Change, int]]:
    """(reference, host) of each that leaves or comes -> the two that are alike, and in how many fields they differ."""
    found: dict[tuple[str, str], tuple[Change, Change, int]] = {}
    for left in world.once("leaving", _leaving):
        for came in world.once("coming", _coming):
            if left.ref.kind is not came.ref.kind or left.found is None or came.wanted is None:
                continue
            diffs = field_diffs(came.wanted, world.hosts[left.host], left.found, world.desired.policy)
            told = [diff for diff in diffs if diff.path not in IDENTITY and not diff.path.endswith(".ipv6.address")]
            if len(told) <= NEAR:
                pair = (left, came, len(told))
                found.setdefault((str(left.ref), left.host), pair)
                found.setdefault((str(came.ref), came.host), pair)
    return found


def _leaving(world: World) -> tuple[Change, ...]:
    return tuple(change for change in world.changes if change.ref.kind is not Kind.CELL and _leaves(change, world))


def _coming(world: World) -> tuple[Change, ...]:
    return tuple(change for change in world.changes if change.action is Action.CREATE and change.ref.kind is not Kind.CELL)


def _leaves(change: Change, world: World) -> bool:
    if change.host not in world.hosts or world.observed.hosts[change.host].grade is Grade.UNSEEN:
        return False
    return change.action in {Action.QUARANTINE, Action.DESTROY} and change.reason is Reason.NOT_DECLARED
