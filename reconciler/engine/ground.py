"""What containers stand on: a host's foundation, and the images it must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.foundation import foundation
from reconciler.model import marks
from reconciler.model.changes import Action, Change, FieldDiff, Reason
from reconciler.model.names import Kind, Ref
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.resources import Desired, Host, Image, Policy
    from reconciler.model.world import HostView, Observed


def ground_changes(desired: Desired, observed: Observed, changes: Iterable[Change]) -> list[Change]:
    """Preparations and imports that ``changes`` need, and preparations of hosts whose foundation differs."""
    needed: dict[str, set[str]] = {}
    for change in changes:
        if change.action in {Action.CREATE, Action.REPLACE} and change.wanted:
            needed.setdefault(change.host, set()).add(change.wanted.image)
    images = {image.fingerprint: image for image in desired.images}
    ground: list[Change] = []
    for host in sorted(desired.hosts, key=lambda host: host.name):
        view = observed.hosts.get(host.name)
        if view is None or view.grade is not Grade.COMPLETE:
            continue
        prepare = _prepare(host, view, desired.policy, needed=host.name in needed)
        ground.extend([prepare] if prepare else [])
        held = view.project.images if view.project else frozenset()
        ground.extend(
            _import(images[fingerprint], host, observed)
            for fingerprint in sorted(needed.get(host.name, set()) - held)
            if fingerprint in images
        )
    return ground


def _prepare(host: Host, view: HostView, policy: Policy, *, needed: bool) -> Change | None:
    ref = Ref(Kind.HOST, host.name)
    if view.project is None or _only_begun(view, view.project.config, policy):
        if not needed:
            return None
        return Change(Action.PREPARE, ref, host.name, "", Reason.HOST_NOT_PREPARED, note=_told(host, policy, view))
    found = view.project.config
    wanted = foundation(host, policy, view.identity.addresses if view.identity else ())
    diffs = tuple(
        FieldDiff(key, found.get(key, "")[:19], value[:19])
        for key, value in ((marks.ENV, policy.environment), (marks.FOUNDATION, wanted.digest))
        if found.get(key) != value
    )
    if not diffs:
        return None
    return Change(Action.PREPARE, ref, host.name, "", Reason.FOUNDATION_DIFFERS, diffs, note=_told(host, policy, view))


def _only_begun(view: HostView, found: Mapping[str, str], policy: Policy) -> bool:
    """The project is ours and bare: taking the lease of a new host makes it, and a preparation that was cut off leaves it."""
    return found.get(marks.ENV) == policy.environment and marks.FOUNDATION not in found and not view.instances


def _told(host: Host, policy: Policy, view: HostView) -> str:
    objects = foundation(host, policy, view.identity.addresses if view.identity else ()).objects
    names = dict.fromkeys(f"{item.kind} {item.name}" for item in objects)
    return "sets up " + ", ".join(names)


def holder_of(image: Image, observed: Observed) -> str:
    """The first host, by name, that was seen in full and holds the image; "" where none does."""
    for name, view in sorted(observed.hosts.items()):
        if view.grade is Grade.COMPLETE and view.project and image.fingerprint in view.project.images:
            return name
    return ""


def _import(image: Image, host: Host, observed: Observed) -> Change:
    holder = holder_of(image, observed)
    note = f"from {image.file}" if image.file else f"from host {holder}" if holder else ""
    return Change(Action.IMPORT, image.ref, host.name, "", Reason.IMAGE_ABSENT, image=image, note=note)
