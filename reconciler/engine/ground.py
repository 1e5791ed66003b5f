"""What containers stand on: a host's foundation, and the images it must hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.engine.foundation import foundation
from reconciler.model import marks
from reconciler.model.changes import Action, Change, FieldDiff, Reason
from reconciler.model.cluster import by_endpoint
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
    for group in by_endpoint(sorted(desired.hosts, key=lambda host: host.name)).values():
        # A project, its images, networks and pools belong to a cluster as a whole: one member stands for all.
        host = next((host for host in group if _complete(host, observed)), None)
        if host is None:
            continue
        view, serves = observed.hosts[host.name], tuple(other.name for other in group if other is not host)
        fingerprints = {fingerprint for member in group for fingerprint in needed.get(member.name, ())}
        prepare = _prepare(host, view, desired.policy, needed=bool(fingerprints))
        ground.extend([replace(prepare, serves=serves)] if prepare else [])
        held = view.project.images if view.project else frozenset()
        ground.extend(
            replace(_import(images[fingerprint], host, observed), serves=serves)
            for fingerprint in sorted(fingerprints - held)
            if fingerprint in images
        )
    return ground


def _complete(host: Host, observed: Observed) -> bool:
    view = observed.hosts.get(host.name)
    return view is not None and view.grade is Grade.COMPLETE


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
    return found.get(marks.ENV) == policy.environment and marks.FOUNDATION not in found and not _holds_any(view)


def _holds_any(view: HostView) -> bool:
    return bool(view.instances) or (view.project is not None and bool(view.project.names))


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
