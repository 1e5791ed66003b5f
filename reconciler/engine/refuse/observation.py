"""Is what was seen complete and true? Checks of codes O, and of hosts: F05, F06, F08, F09, F12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import MAKING, WAKING, row_of
from reconciler.engine.power import half_frozen
from reconciler.model import marks
from reconciler.model.changes import Action, Reason
from reconciler.model.names import Kind
from reconciler.model.rules import No
from reconciler.model.world import Grade, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.world import HostView

MAX_AGE = 60.0
"""Seconds after which what was seen of a host is too old to make or end anything by."""
MAX_SKEW = 120.0
"""Seconds between two clocks beyond which no age is believed."""
SHRUNK = 0.5
"""Share of what was certified on a host that must still be listed."""
FEW = 4
"""Below so many certified objects a shrunken list says little."""
EXTENSIONS = frozenset(
    {"projects", "network_acl", "container_protection_delete", "container_nic_ipfilter", "instance_nic_bridged_port_isolation"}
)
"""API extensions that isolation, marks and protection of what we make stand on."""
TIMED = frozenset({Reason.EXPIRED, Reason.GRACE_OVER})


def _unseen(change: Change, world: World, code: str) -> HostView | None:
    view = world.observed.hosts.get(change.host)
    return view if view is not None and view.grade is Grade.UNSEEN and view.code == code else None


def partner_changed(change: Change, world: World) -> No | None:
    """F12: a partner's host shows another certificate or trusts us no more."""
    view = _unseen(change, world, "F12")
    if view is None:
        return None
    host = world.hosts[change.host]
    evidence = (("partner", host.partner), ("pinned", host.fingerprint[:12]), ("why", "; ".join(view.why)))
    return No("a partner's host is not what it was, or trusts us no more", evidence, f"ask {host.partner}, then edit {host.source}")


def other_identity(change: Change, world: World) -> No | None:
    """O02: the host answers as another; by its certificate, its declared name, or the name that was certified first."""
    host, view = world.hosts[change.host], world.observed.hosts.get(change.host)
    if view is None or view.grade is Grade.UNSEEN:
        other = _unseen(change, world, "O02")
        if other is None:
            return None
        evidence = (("pinned", host.fingerprint[:12]), ("why", "; ".join(other.why)))
        return No("the host answers with another identity", evidence, f"if it was made anew on purpose: edit {host.source} (fingerprint)")
    before = world.ledger.certified.get(change.host)
    name = view.identity.server_name if view.identity else ""
    if host.server_name or before is None or before.server_name in {"", name}:
        return None
    evidence = (("name", name or "none"), ("certified as", before.server_name))
    return No("the host gives another name for itself than it did", evidence, f"unsandbox accept O02 {change.ref}", change.host)


def unseen(change: Change, world: World) -> No | None:
    """O01: the host was not seen, or the object was last seen on one that is not."""
    view = world.observed.hosts.get(change.host)
    if view is None or view.grade is Grade.UNSEEN:
        return No(
            "its host was not seen", (("host", change.host), ("why", "; ".join(view.why) if view else "not looked at")), "unsandbox hosts"
        )
    if change.action is not Action.CREATE:
        return None
    for known in world.known_of(change):
        last = world.observed.hosts.get(known.host)
        if known.host in world.hosts and (last is None or last.grade is not Grade.COMPLETE):
            evidence = (("last seen on", known.host), ("why", "; ".join(last.why) if last else "not looked at"))
            return No("it was last seen on a host that cannot be seen in full", evidence, "unsandbox hosts")
    return None


def partial(change: Change, world: World) -> No | None:
    """O05: the host was seen in part, so absence there proves nothing."""
    view = world.view(change)
    if view.grade is Grade.COMPLETE:
        return None
    return No("its host was seen in part only", (("host", change.host), ("why", "; ".join(view.why))), "unsandbox hosts")


def skewed(change: Change, world: World) -> No | None:
    """F09: what ends by the clock, while the clocks disagree; and what will, while ours has jumped."""
    jumped = world.observed.jumped
    if abs(jumped) > MAX_SKEW and (change.reason in TIMED or _will_end(change)):
        evidence = (
            ("our clock moved beside the time", f"{jumped:+.0f} s"),
            ("allowed", f"{MAX_SKEW:.0f} s"),
            ("action", change.action.value),
        )
        unblock = "timedatectl  # set this machine's clock; where it is right as it is, restart unsandbox run"
        return No("it ends by our clock, which jumped while the loop ran", evidence, unblock, "the clock of this machine")
    skew = world.view(change).skew
    if change.reason not in TIMED or abs(skew) <= MAX_SKEW:
        return None
    evidence = (("the host's clock", f"{skew:+.0f} s"), ("allowed", f"{MAX_SKEW:.0f} s"), ("ends because", change.reason.value))
    return No("its time is over by a clock that cannot be believed", evidence, f"set the clocks of {change.host} and of this machine")


def _will_end(change: Change) -> bool:
    """Whether the time at which the change is made decides when something ends: it would be written by a clock that is wrong."""
    if change.action is Action.QUARANTINE:
        return True
    wanted = change.wanted
    return change.action in MAKING and wanted is not None and wanted.ref.kind is Kind.SESSION and bool(wanted.ttl)


def stale(change: Change, world: World) -> No | None:
    """O11: what was seen is too old, or its time cannot be believed."""
    view = world.view(change)
    age = (world.observed.at - view.seen_at).total_seconds()
    if 0 <= age <= MAX_AGE and abs(view.skew) <= MAX_SKEW:
        return None
    evidence = (("age", f"{age:.0f} s of {MAX_AGE:.0f} s"), ("the host's clock", f"{view.skew:+.0f} s of {MAX_SKEW:.0f} s"))
    return No("what was seen of its host is too old, or its clock is off", evidence, "unsandbox plan  # look again")


def no_quorum(change: Change, world: World) -> No | None:
    """F08: the cluster's database has no majority."""
    silent = _unseen(change, world, "F08")
    if silent is not None:
        why = (("host", change.host), ("why", "; ".join(silent.why)))
        return No("the database of its cluster has no majority", why, "lxc cluster list", silent.cluster or change.host)
    view = world.observed.hosts.get(change.host)
    members = view.members if view else ()
    votes = [member for member in members if member.votes]
    online = [member for member in votes if member.online]
    if not members or len(online) * 2 > len(votes):
        return None
    evidence = (("votes", str(len(votes))), ("online", ", ".join(member.name for member in online) or "none"))
    return No("its cluster has no majority of database members", evidence, "lxc cluster list", change.host)


def not_online(change: Change, world: World) -> No | None:
    """F06: the member is away or not one of its cluster; or another is, and the change is about all of them."""
    lost = _unseen(change, world, "F06")
    if lost is not None:
        why = (("host", change.host), ("why", "; ".join(lost.why)))
        return No("the member of the cluster that it is on is away", why, "lxc cluster list", change.host)
    view = world.observed.hosts.get(change.host)
    away = [member for member in view.members if not member.online] if view is not None else []
    # Where each member is a host of its own, only the foundation concerns them all.
    concerned = {Action.PREPARE} if view is not None and view.cluster else MAKING | WAKING
    if not away or change.action not in concerned:
        return None
    evidence = tuple((member.name, member.status) for member in away)
    return No("LXD keeps a member of it from taking anything", evidence, f"lxc cluster restore {away[0].name}", change.host)


def extension_missing(change: Change, world: World) -> No | None:
    """O12: this LXD lacks what our containers stand on."""
    identity = world.view(change).identity
    missing = EXTENSIONS - (identity.extensions if identity else frozenset())
    if not missing:
        return None
    evidence = (("version", identity.version if identity else "unknown"), ("missing", ", ".join(sorted(missing))))
    return No("this LXD lacks API extensions that isolation stands on", evidence, f"upgrade LXD on {change.host}", change.host)


def _marked_env(view: HostView) -> str | None:
    return view.project.config.get(marks.ENV) if view.project else None


def other_environment(change: Change, world: World) -> No | None:
    """D14: the host's project is marked with another environment."""
    found = _marked_env(world.view(change))
    if found in {None, world.env}:
        return None
    host = world.hosts[change.host]
    return No(
        "the project on this host belongs to another environment",
        (("found", str(found)), ("ours", world.env), ("project", host.project)),
        f"edit {host.source} (project) or the Policy's environment",
    )


def project_in_doubt(change: Change, world: World) -> No | None:
    """O16: the project is gone though objects were certified in it, or holds instances and nobody prepared it."""
    view, host = world.view(change), world.hosts[change.host]
    known = world.known_on.get(change.host, frozenset())
    if view.project is None and known:
        evidence = (("project", f"{host.project}: absent, or not visible to us"), ("certified in it", str(len(known))))
        return No("the project cannot be seen, and objects were certified in it", evidence, f"unsandbox accept O16 {change.ref}", host.name)
    if view.project is None or _marked_env(view) is not None or not view.project.names:
        return None
    return No(
        "the project exists, is not marked as ours, and holds instances",
        (("project", host.project), ("instances", ", ".join(sorted(view.project.names)[:5])), ("mark", "absent")),
        f"edit {host.source} (project: another name), or lxc project set {host.project} {marks.ENV}={world.env}",
    )


def _lists(change: Change, world: World) -> Iterator[tuple[HostView, frozenset[str]]]:
    """The lists on which the change stands, each with the uuids certified there: its host's, and of a create where it lived before."""
    if not world.ledger.known:
        return
    hosts = {change.host}
    if change.action is Action.CREATE:
        hosts |= {known.host for known in world.known_of(change)}
    for host in sorted(hosts & world.hosts.keys() & world.observed.hosts.keys()):
        yield world.observed.hosts[host], world.known_on.get(host, frozenset())


def empty_list(change: Change, world: World) -> No | None:
    """O03: the list is empty, and it was not."""
    for view, known in _lists(change, world):
        if known and not view.instances and not view.doubtful:
            evidence = (("host", view.host), ("listed", "0"), ("certified", str(len(known))))
            return No("a host lists nothing, and objects were certified there", evidence, f"unsandbox accept O03 {change.ref}", view.host)
    return None


def short_list(change: Change, world: World) -> No | None:
    """O04: the list is much shorter than what was certified."""
    for view, known in _lists(change, world):
        there = len(known & {row.uuid for row in view.instances}) if len(known) >= FEW else 0
        if len(known) >= FEW and view.instances and there < SHRUNK * len(known):
            evidence = (("host", view.host), ("listed of them", str(there)), ("certified", str(len(known))), ("limit", f"{SHRUNK:.0%}"))
            unblock = f"unsandbox accept O04 {change.ref}"
            return No("a host lists far fewer objects than were certified there", evidence, unblock, view.host)
    return None


def doubtful_name(change: Change, world: World) -> No | None:
    """O06: the name exists on the host but its row is missing or hollow."""
    why = next((view.doubtful[change.instance] for view in world.near(change) if change.instance in view.doubtful), None)
    if why is None:
        return None
    return No("the name exists there and cannot be read", (("instance", change.instance), ("why", why)), world.lxc(change, "info"))


def strange(change: Change, world: World) -> No | None:
    """O10: the instance's status is Error or one we do not know."""
    row = row_of(change)
    if row.status not in {Status.ERROR, Status.UNKNOWN}:
        return None
    return No(
        "its status is not one to act on",
        (("status", row.status_text), ("known", "Running, Frozen, Stopped")),
        world.lxc(change, "info --show-log"),
    )


def changing(change: Change, world: World) -> No | None:
    """O08: the instance is between two states."""
    row = row_of(change)
    if row.status is not Status.CHANGING:
        return None
    left = half_frozen(row, world.operations.get((change.host, change.instance), ()))
    return No(
        "it was left half frozen" if left else "it is between two states",
        (("status", row.status_text), ("settled", "running, frozen or stopped")),
        world.lxc(change, "pause") if left else "unsandbox plan  # again in a moment",
    )


def busy(change: Change, world: World) -> No | None:
    """O09: LXD is running an operation on it."""
    for operation in world.operations.get((change.host, change.instance), ()):
        if operation.kind == "task":
            return No(
                "LXD is at work on it",
                (("operation", f"{operation.id} {operation.description}"), ("wanted", change.action)),
                f"lxc operation show {operation.id}",
            )
    return None


def profile_changed(change: Change, world: World) -> No | None:
    """O17: a profile that it uses gives it something else than it did."""
    row = row_of(change)
    known = world.ledger.known.get(row.uuid)
    if known is None or known.inherited == row.inherited:
        return None
    names = ", ".join(row.profiles) or "none"
    evidence = (("profiles", names), ("gave", known.inherited[:12] or "nothing"), ("give", row.inherited[:12] or "nothing"))
    return No(
        f"what profile {names} gives was changed", evidence, f"unsandbox accept O17 {change.ref}", root=f"profile {names} on {change.host}"
    )
