"""May an image be taken from a host, may its alias move, and is a container one that was made to be thrown away? Checks of E01 to E09."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.spec import PROTECTED
from reconciler.model import marks
from reconciler.model.images import TRIAL
from reconciler.model.rules import No
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.images import HeldImage
    from reconciler.model.trial import Trial
    from reconciler.model.world import HostView, Instance

SHOWN = 12
TOLD = 5
"""Users of an image that a refusal names."""
LIST = "unsandbox images list"


@dataclass(frozen=True, slots=True)
class AwayQuestion:
    """One image on one host that may be taken away."""

    image: HeldImage
    host: str
    env: str
    views: tuple[HostView, ...]
    """Of the host; of a cluster, of each of its members, for they share their images."""
    held: tuple[HeldImage, ...]
    """Every image that the host tells of."""
    pinned: Mapping[str, str]
    """Fingerprint -> the manifest that pins it."""


@dataclass(frozen=True, slots=True)
class MoveQuestion:
    """One alias on one host that may come to point at an image."""

    fingerprint: str
    host: str
    trial: Trial | None
    """What came of trying it; None where it was not tried."""


@dataclass(frozen=True, slots=True)
class LeftQuestion:
    """One container that a test may have left behind."""

    host: str
    found: Instance


def not_seen(asked: AwayQuestion) -> No | None:
    """E01: the host was not seen in full, or it tells two stories of its images."""
    unblock = "unsandbox doctor"
    blind = [view for view in asked.views if view.grade is not Grade.COMPLETE]
    if blind or not asked.views:
        why = "; ".join(reason for view in blind for reason in view.why) or "nothing was seen of it"
        return No("the host was not seen in full", (("host", asked.host), ("why", why)), unblock)
    listed = frozenset(image.fingerprint for image in asked.held)
    known = frozenset[str]().union(*(view.project.images for view in asked.views if view.project))
    if listed != known:
        evidence = (("listed", _digits(listed - known) or "no others"), ("the project uses", _digits(known - listed) or "no others"))
        return No("the list of images and the project do not agree", evidence, unblock)
    return None


def not_ours(asked: AwayQuestion) -> No | None:
    """E02: it does not carry the marks that an image brought by us has, or those of another environment."""
    env = asked.image.properties.get(marks.ENV, "")
    if env == asked.env and asked.image.family:
        return None
    told = (("environment", asked.env), ("marked", f"{env}, {asked.image.family or 'without a name'}" if env else "not at all"))
    return No("it was not brought here by us", told, f"lxc image delete {asked.image.fingerprint[:SHOWN]}")


def aliased(asked: AwayQuestion) -> No | None:
    """E03: an alias points at it."""
    if not asked.image.aliases:
        return None
    return No("an alias points at it", (("alias", ", ".join(asked.image.aliases)), ("host", asked.host)), LIST)


def pinned(asked: AwayQuestion) -> No | None:
    """E04: a manifest pins it."""
    where = asked.pinned.get(asked.image.fingerprint)
    if where is None:
        return None
    return No("a manifest pins it", (("fingerprint", asked.image.fingerprint[:SHOWN]), ("pinned in", where)), f"edit {where}, then {LIST}")


def in_use(asked: AwayQuestion) -> No | None:
    """E05: an instance on the host was made from it, whoever's it is and whether it runs or not."""
    users = sorted(row.name for view in asked.views for row in view.instances if row.image == asked.image.fingerprint)
    if not users:
        return None
    told = ", ".join(users[:TOLD]) + (f" and {len(users) - TOLD} more" if len(users) > TOLD else "")
    return No("instances were made from it", (("instances", told), ("host", asked.host)), "unsandbox status")


def for_rollback(asked: AwayQuestion) -> No | None:
    """E06: of its name it is the one that was served before the one that is served: what a rollback goes to."""
    served = sorted((image.served, image.fingerprint) for image in asked.held if image.family == asked.image.family and image.served)
    serving = [image.fingerprint for image in asked.held if image.family == asked.image.family and image.aliases]
    before = [fingerprint for _, fingerprint in served if fingerprint not in serving]
    if not before or before[-1] != asked.image.fingerprint:
        return None
    evidence = (("served since", asked.image.served), ("serves today", _digits(frozenset(serving)) or "none"))
    return No("it is what a rollback would go to", evidence, f"unsandbox images publish {asked.image.family}, which makes another the last")


def at_work(asked: AwayQuestion) -> No | None:
    """E07: the host is at work on an instance, which may be one that is being made from it."""
    busy = [item for view in asked.views for item in view.operations if item.kind == "task"]
    if not busy:
        return None
    told = ", ".join(f"{item.description} ({item.instance or 'no instance'})" for item in busy[:3])
    return No("the host is at work", (("operations", told), ("host", asked.host)), "unsandbox images gc again, when it is done")


def not_left_behind(asked: LeftQuestion) -> No | None:
    """E08: it is not a container that a test of an image made and left."""
    config, name = asked.found.config, asked.found.name
    unblock = f"lxc info {name}"
    if not config.get(TRIAL) or not asked.found.uuid:
        return No("it does not carry the mark of a test", (("instance", name), ("mark", config.get(TRIAL, "none"))), unblock)
    claimed = [key for key in (marks.KIND, marks.NAME, marks.UID, marks.OWNER, marks.LOCKED, marks.USER_LOCK) if config.get(key)]
    if claimed:
        return No("it stands for something else as well", (("instance", name), ("marks", ", ".join(claimed))), unblock)
    if config.get(PROTECTED) == "true":
        return No("it is protected against deletion", (("instance", name), (PROTECTED, "true")), unblock)
    return None


def not_passed(asked: MoveQuestion) -> No | None:
    """E09: this very image did not pass its tests on this very host."""
    trial = asked.trial
    unblock = f"unsandbox images test NAME --host {asked.host}"
    if trial is None:
        return No("it was not tried on this host", (("image", asked.fingerprint[:SHOWN]), ("host", asked.host)), unblock)
    unblock = f"unsandbox images test {trial.image} --host {asked.host}"
    tried = f"{trial.fingerprint[:SHOWN]} on {trial.host}"
    if (trial.fingerprint, trial.host) != (asked.fingerprint, asked.host):
        return No(
            "another image or host was tried", (("tried", tried), ("to serve", f"{asked.fingerprint[:SHOWN]} on {asked.host}")), unblock
        )
    if not trial.passed:
        return No("its tests failed on this host", (("tried", tried), ("failed", trial.why or "not told")), unblock)
    return None


def _digits(fingerprints: frozenset[str]) -> str:
    return ", ".join(sorted(fingerprint[:SHOWN] for fingerprint in fingerprints))
