"""Is it the object that is meant? Checks of codes I, O07, O13, O18, and of what a crash left open: P09, P10."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import row_of
from reconciler.engine.cells import Standing, standing
from reconciler.engine.leaving import SESSION_CLAIM
from reconciler.engine.power import half_frozen
from reconciler.engine.spec import instance_spec
from reconciler.model import marks
from reconciler.model.changes import Action, Reason, puts_to_rest
from reconciler.model.execute import ClaimState
from reconciler.model.names import Kind, instance_name
from reconciler.model.resources import Drift
from reconciler.model.rules import No

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.records import Known


EVACUATED = "volatile.evacuate.origin"
"""Where LXD notes from which member it took an instance away; gone when it brought it back."""


def marks_lost(change: Change, world: World) -> No | None:
    """O07: an instance that was certified as this object shows without our marks."""
    for known in world.known_of(change):
        view = world.observed.hosts.get(known.host)
        row = next((row for row in view.instances if row.uuid == known.uuid), None) if view else None
        if row is not None and marks.read_marks(row.config) is None:
            evidence = (("instance", f"{row.name} {row.uuid} on {known.host}"), ("certified as", known.ref), ("marks", "absent"))
            return No(
                "it shows without the marks that it had",
                evidence,
                f"unsandbox adopt {change.ref} --instance {row.name} --host {known.host}",
            )
    return None


def name_taken(change: Change, world: World) -> No | None:
    """I01: the name is taken by an instance without our marks."""
    host, row = world.named(change) or ("", None)
    if row is None or marks.read_marks(row.config) is not None:
        return None
    return No(
        "an instance of that name exists and does not carry our marks",
        (("found", f"{row.name} {row.uuid}, {row.status_text}{_elsewhere(host, change)}"), ("wanted", str(change.ref))),
        f"unsandbox adopt {change.ref}",
    )


def name_taken_by_other(change: Change, world: World) -> No | None:
    """I02: the name is taken by an object of another identity or environment."""
    host, row = world.named(change) or ("", None)
    mark = marks.read_marks(row.config) if row else None
    if row is None or mark is None:
        return None
    return No(
        "an instance of that name carries the marks of something else",
        (
            ("found", f"{mark.ref} of environment {mark.env}, {row.uuid}{_elsewhere(host, change)}"),
            ("wanted", f"{change.ref} of {world.env}"),
        ),
        f"lxc rename {change.instance} OTHER-NAME --project {world.hosts[change.host].project}",
    )


def _elsewhere(host: str, change: Change) -> str:
    """A name is taken in all of a cluster by what has it on one member."""
    return "" if host == change.host else f", on {host} of the same cluster"


def session_lost(change: Change, world: World) -> No | None:
    """I09: a session that was certified is gone: what it held is gone too, and a new one would hide that."""
    if change.ref.kind is not Kind.SESSION or change.wanted is None:
        return None
    for known in world.known_of(change):
        if known.uid == change.wanted.uid:
            evidence = (("certified on", f"{known.host}, uuid {known.uuid}"), ("found", "absent"))
            unblock = f"edit {change.wanted.source} (another name or metadata.uid), or unsandbox accept I09 {change.ref}"
            return No("the session was there and is gone with all it held", evidence, unblock)
    return None


def split_brain(change: Change, world: World) -> No | None:
    """O13: an instance of the same uuid runs on another host as well."""
    uuid = row_of(change).uuid
    if uuid not in world.twins:
        return None
    seen = tuple((host, name) for (host, name), row in sorted(world.rows.items()) if row.uuid == uuid)
    return No(
        "the same instance shows on two hosts",
        (*seen, ("uuid", uuid)),
        f"delete or rename the copy that is not meant; to give one up: unsandbox release {change.ref} --host {change.host}",
    )


def undecided(change: Change, world: World) -> No | None:
    """P09: a call was begun and it cannot be told whether it was made."""
    return _open(change, world, "P09")


def undecided_create(change: Change, world: World) -> No | None:
    """P10: a create was begun and what has the name does not carry its mark."""
    return _open(change, world, "P10")


def _open(change: Change, world: World, code: str) -> No | None:
    question = world.ledger.open_questions.get((change.host, change.instance))
    if question is None and change.action is Action.CREATE:
        # What may have been made on another host would be made a second time.
        asked = world.ledger.open_questions.items()
        question = next((told for (_, name), told in asked if name == change.instance and told[0] == "CreateInstance"), None)
    if question is None or (question[0].startswith("CreateInstance")) != (code == "P10"):
        return None
    evidence = (("call", question[0]), ("cannot be told", question[1]))
    left = change.found is not None and half_frozen(change.found, world.operations.get((change.host, change.instance), ()))
    unblock = world.lxc(change, "pause") if left else f"unsandbox accept {code} {change.ref}"
    return No("an earlier call is open: it cannot be told whether it was made", evidence, unblock)


def no_uuid(change: Change, world: World) -> No | None:
    """I03: recreated by hand: our marks on an instance that is not the one certified, or that has no uuid at all."""
    row = row_of(change)
    if not row.uuid:
        return No("it has no volatile.uuid", (("instance", row.name), ("uuid", "absent")), world.lxc(change, "start"))
    other = _other(change, world)
    if other is None or other.instance != row.name:
        return None
    evidence = (("found", f"{row.name} {row.uuid}"), ("certified", f"{other.instance} {other.uuid} on {other.host}"))
    return No("it was made anew by somebody else under our marks", evidence, f"unsandbox accept I03 {change.ref}")


def copied(change: Change, world: World) -> No | None:
    """I06: a copy took the marks along: another uuid under another name."""
    row = row_of(change)
    if row.uuid in world.ledger.known:
        return None
    other = _other(change, world)
    if other is None and row.name == instance_name(change.ref):
        return None
    certified = f"{other.instance} {other.uuid} on {other.host}" if other else "nothing under this name"
    evidence = (("found", f"{row.name} {row.uuid}"), ("certified", certified))
    unblock = f"unsandbox accept I06 {change.ref}, or lxc config unset {row.name} {marks.NAME}"
    return No("it looks like a copy: our marks on an instance that was never certified", evidence, unblock)


def _other(change: Change, world: World) -> Known | None:
    """What was certified under the change's reference, where that is not the instance found."""
    if row_of(change).uuid in world.ledger.known:
        return None
    return next(iter(world.known_of(change)), None)


def renamed_by_hand(change: Change, world: World) -> No | None:
    """I04: the instance has another name, or marks of another object, than when it was certified."""
    row = row_of(change)
    known = world.ledger.known.get(row.uuid)
    mark = marks.read_marks(row.config)
    marked = str(mark.ref) if mark else "no object"
    if known is None or (known.instance == row.name and known.ref == marked):
        return None
    evidence = (("found", f"{row.name} as {marked}"), ("certified", f"{known.instance} as {known.ref}"), ("uuid", row.uuid))
    return No("somebody renamed it", evidence, f"unsandbox accept I04 {change.ref}")


def moved_by_hand(change: Change, world: World) -> No | None:
    """I05: the instance is on another host than when it was certified."""
    row = row_of(change)
    known = world.ledger.known.get(row.uuid)
    if known is None or known.host == change.host:
        return None
    evidence = (("found on", change.host), ("certified on", known.host), ("uuid", row.uuid))
    origin, before = row.config.get(EVACUATED, ""), world.hosts.get(known.host)
    if origin and before is not None and before.member == origin and before.endpoint == world.hosts[change.host].endpoint:
        cause = "LXD moved it to another member when its own was evacuated"
        return No(cause, (*evidence, ("evacuated", origin)), f"lxc cluster restore {origin}, or unsandbox accept I05 {change.ref}")
    return No("somebody moved it to another host", evidence, f"unsandbox accept I05 {change.ref}")


def restored(change: Change, world: World) -> No | None:
    """O18: it went back in time: restored from a snapshot."""
    row = row_of(change)
    known = world.ledger.known.get(row.uuid)
    if known is None or known.generation in {"", row.generation}:
        return None
    evidence = (("generation", row.generation or "none"), ("certified", known.generation or "none"))
    return No("it was restored from a snapshot since it was certified", evidence, f"unsandbox accept O18 {change.ref}")


def locked_kept(change: Change, _world: World) -> No | None:
    """I10: the object is locked, by its owner, on itself, or in its manifest."""
    row = row_of(change)
    lock = row.config.get(marks.USER_LOCK, "")
    locked = lock or row.config.get(marks.LOCKED) == "true" or (change.wanted is not None and change.wanted.locked)
    if not locked or not (change.action in {Action.DESTROY, Action.REPLACE, Action.RESTART} or puts_to_rest(change)):
        return None
    # Unlocking is an update of its own: one change may not take the lock away and use that at once.
    where = str(change.wanted.source) if change.wanted else "no manifest"
    return No(
        "it is locked",
        (("mark", lock or row.config.get(marks.LOCKED, "absent")), ("manifest", where), ("action", change.action)),
        f"ask {lock.partition(' ')[0]} to unlock it" if lock else f"edit {where} (locked: false)",
    )


def orphaned(change: Change, _world: World) -> No | None:
    """I08: a cell is claimed by a session that no manifest declares: kept until a person says that nobody needs it."""
    claim = row_of(change).config.get(marks.CLAIM, "")
    if not claim.startswith(SESSION_CLAIM) or change.reason is not Reason.ORPHANED:
        return None
    evidence = (("claim", claim), ("declared", "no session of that name"))
    return No("the session that claims it is not declared", evidence, f"unsandbox accept I08 {change.ref}")


def claimed(change: Change, world: World) -> No | None:
    """I07: a claimed cell is never destroyed by a pass."""
    row, claims = row_of(change), world.ledger.claims
    if claims is None:
        if change.ref.kind is not Kind.CELL:
            return None
        return No("who has which cell could not be read", (("claims", "not known"), ("action", change.action)), "unsandbox pools")
    held = claims.get(row.uuid)
    ended = held is None or held.state is ClaimState.SPENT
    if change.reason is Reason.EXPIRED or (change.reason is Reason.ORPHANED and ended):
        return None
    if standing(row, claims) is not Standing.CLAIMED:
        return None
    # Once ours is spent, the mark that keeps the cell is of a claim that another file tells of.
    told = row.config.get(marks.CLAIM, "") if held is None or ended else held.mark
    return No("the cell is claimed", (("claim", told), ("action", change.action)), "unsandbox pools")


def edited_by_hand(change: Change, world: World) -> No | None:
    """I11: somebody changed a field that we set, and the policy says to leave that to a person."""
    wanted, policy = change.wanted, world.desired.policy
    fields = [diff for diff in change.fields if diff.path != "power"]
    if policy.drift is Drift.REVERT or wanted is None or not fields:
        return None
    row = row_of(change)
    spec = instance_spec(wanted, world.hosts[change.host], policy, isolated=False, commit="", instance=row.name)
    if row.config.get(marks.SPEC) != spec.digest:
        return None
    evidence = tuple((diff.path, f"{diff.old or 'absent'}, declared {diff.new or 'absent'}") for diff in fields)
    unblock = f"edit {wanted.source} to what is there, or unsandbox accept I11 {change.ref}"
    return No("somebody changed it by hand since it was applied", evidence, unblock)
