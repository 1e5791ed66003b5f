"""The checks behind the rules of access, in their order. Each answers with a no, or nothing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.resources import Approval, Power, PowerOwner
from reconciler.model.rules import No
from reconciler.model.tenancy import Method
from reconciler.policy.lineage import ancestors, line_below
from reconciler.policy.subject import KINDS

if TYPE_CHECKING:
    from reconciler.policy.subject import Subject

STATE = "state/"
"""Folder of the manifests that requests write."""
_SHARED = re.compile(r"^(root|nobody|uid-\d+)?(@.*)?$")
"""Accounts that are nobody in particular, on whatever machine."""


def is_person(actor: str) -> bool:
    """Whether ``actor`` (``name@machine``) names somebody, rather than an account that several people share."""
    return not _SHARED.match(actor.strip().lower())


def nobody(subject: Subject) -> No | None:
    """A01: neither a key nor a person, or both."""
    caller = subject.request.caller
    if bool(caller.key) != bool(caller.operator):
        return None
    cause = "the call has two identities" if caller.key else "the call has no identity"
    return No(cause, (("key", caller.key or "none"), ("operator", caller.operator or "none")), "sign the request with your key")


def nameless(subject: Subject) -> No | None:
    """A15: an operator without a name."""
    operator = subject.request.caller.operator
    if not operator or is_person(operator):
        return None
    return No("it is not known which person this is", (("operator", operator),), "unsandbox --actor NAME ...")


def unknown_key(subject: Subject) -> No | None:
    """A02: no key of that public id, or several."""
    caller = subject.request.caller
    if caller.operator or len(subject.keys) == 1:
        return None
    evidence = (("key", caller.key), ("manifests that name it", str(len(subject.keys))))
    return No("the key is not known", evidence, "unsandbox validate")


def expired_key(subject: Subject) -> No | None:
    """A03: past its end. Raises ``ValueError`` or ``TypeError`` where the end is no time with a zone."""
    if subject.request.caller.operator or not subject.key.valid_until:
        return None
    now, end = subject.observed.at, datetime.fromisoformat(subject.key.valid_until)
    if now < end:
        return None
    evidence = (("valid until", subject.key.valid_until), ("now", now.isoformat(timespec="seconds")))
    return No("the key has expired", evidence, f"edit {subject.key.source} (validUntil)")


def unknown_method(subject: Subject) -> No | None:
    """A16: a method or a kind that requests do not have."""
    request = subject.request
    if request.method in frozenset(Method) and request.ref.kind in KINDS:
        return None
    evidence = (("method", request.method), ("kind", request.ref.kind.value))
    return No("this version knows no such request", evidence, f"ask for one of {', '.join(Method)}, of a {' or a '.join(sorted(KINDS))}")


def absent(subject: Subject) -> No | None:
    """A17: neither there nor declared."""
    if subject.rows or subject.declared:
        return None
    evidence = (("asked for", str(subject.request.ref)), ("hosts not seen in full", ", ".join(subject.blind) or "none"))
    return No("there is no such object", evidence, "unsandbox status")


def ownerless(subject: Subject) -> No | None:
    """A04: no owner on the object, or none in its manifest."""
    if subject.owners and all(subject.owners):
        return None
    return No("it has no owner", _claims(subject), f"unsandbox explain {subject.request.ref}")


def kin(subject: Subject) -> No | None:
    """A10: owned by a forebear or a descendant of the caller's key."""
    if subject.request.caller.operator:
        return None
    mine = subject.key.ref.name
    for owner in subject.owners:
        if owner in subject.forebears(mine):
            return No("it belongs to the key that the caller's was made from", _claims(subject), _as_owner(subject))
        if mine in subject.forebears(owner):
            return No("it belongs to a key that was made from the caller's", _claims(subject), _as_owner(subject))
    return None


def foreign(subject: Subject) -> No | None:
    """A05: the caller's key is not what both the object and its manifest name as the owner."""
    if subject.request.caller.operator or subject.owners == (subject.key.ref.name,):
        return None
    return No("it is not the caller's", _claims(subject), _as_owner(subject))


def several(subject: Subject) -> No | None:
    """A18: two instances carry the marks of one object, or one of them another's uid."""
    uids = {row.config.get(marks.UID, "") for _, row in subject.rows} | ({subject.declared.uid} if subject.declared else set())
    if subject.request.method == Method.CREATE or (len(subject.rows) <= 1 and len(uids) == 1):
        return None
    evidence = tuple((host, f"{row.name} {row.uuid} uid {row.config.get(marks.UID) or 'absent'}") for host, row in subject.rows)
    declared = ("declared", f"uid {subject.declared.uid}" if subject.declared else "nothing")
    return No("it is not clear which object is meant", (*evidence, declared), f"unsandbox explain {subject.request.ref}")


def unseen(subject: Subject) -> No | None:
    """A19: it was not seen, or its host was not seen in full."""
    hosts = {host for host, _ in subject.rows}
    if hosts and not hosts & set(subject.blind):
        return None
    if not subject.blind and subject.request.method in {Method.READ, Method.DESTROY}:
        return None  # declared and not made yet: that much is certain, and the declaration can be taken back
    views = subject.observed.hosts
    evidence = tuple((name, "; ".join(views[name].why) or views[name].grade.value) for name in subject.blind)
    cause = "its host cannot be seen in full" if subject.blind else "it is declared and not made yet"
    return No(cause, evidence or (("seen on", "no host"),), "unsandbox hosts" if subject.blind else "unsandbox plan")


def unplaced(subject: Subject) -> No | None:
    """A06: where the call came from is not known."""
    if subject.request.caller.container is not None:
        return None
    return No("it is not known from which container the call came", (("container", "not known"),), "unsandbox doctor")


def itself(subject: Subject) -> No | None:
    """A07: the object is the container that the call came from."""
    container = subject.request.caller.container
    if not container or container not in {row.uuid for _, row in subject.rows}:
        return None
    evidence = (("the call came from", container), ("the object", container))
    return No("the call came from inside it", evidence, f"ask from outside {subject.request.ref}")


def lineage_unknown(subject: Subject) -> No | None:
    """A09: the container is not among what was seen, or its lineage is not of its form or full. The latter two raise ``ValueError``."""
    container = subject.request.caller.container
    if not container:
        return None
    if len(subject.place) == 1:
        if subject.request.method == Method.CREATE:
            line_below(subject.place[0])
        ancestors(subject.place[0].config)
        return None
    evidence = (("the call came from", container), ("instances with that uuid", str(len(subject.place))))
    return No("the lineage of the container that the call came from cannot be read", evidence, "unsandbox hosts")


def ancestor(subject: Subject) -> No | None:
    """A08: the container that the call came from was asked for from inside the object, or from inside what was."""
    for place in subject.place:
        above = ancestors(place.config)
        for host, row in subject.rows:
            if row.uuid in above:
                evidence = (("the call came from", place.uuid), (marks.LINEAGE, ",".join(above)), (f"the object on {host}", row.uuid))
                return No("the container that the call came from was made from inside it", evidence, "ask from outside both")
    return None


def not_a_key(subject: Subject) -> No | None:
    """A32: a person, who would own nothing of what is created."""
    caller = subject.request.caller
    if caller.key:
        return None
    return No(
        "what is created by request belongs to a key", (("operator", caller.operator),), "write a manifest, commit, then: unsandbox apply"
    )


def taken(subject: Subject) -> No | None:
    """A14: something of that name is there or declared."""
    if not subject.rows and subject.declared is None:
        return None
    return No("the name is taken", _claims(subject), "choose another name")


def declared_otherwise(subject: Subject) -> No | None:
    """A13: what a manifest in git declares is not destroyed by request, nor its lock taken away; what one keeps frozen is not woken."""
    wanted, method = subject.declared, subject.request.method
    if wanted is None:
        return None
    in_git = not wanted.source.file.startswith(STATE)
    said = {
        Method.DESTROY: "declared" if in_git else "",
        Method.UNLOCK: "locked" if in_git and _locked_by_manifest(subject) else "",
        Method.UNFREEZE: wanted.power.value if wanted.power is not Power.RUNNING and wanted.power_owner is PowerOwner.DECLARED else "",
    }[Method(method)]
    if not said:
        return None
    return No(f"its manifest says: {said}", ((said, str(wanted.source)),), f"edit {wanted.source}, commit, then: unsandbox apply")


def locked(subject: Subject) -> No | None:
    """A11: locked by its owner on the object, or by its manifest."""
    by_owner = next((row.config[marks.USER_LOCK] for _, row in subject.rows if marks.USER_LOCK in row.config), "")
    if not by_owner and not _locked_by_manifest(subject):
        return None
    source = f"its manifest {subject.declared.source}" if subject.declared else "its manifest"
    evidence = (("locked by", by_owner or source),)
    unblock = "ask for unlock, which takes a person's approval" if by_owner else f"edit {source} (locked), commit, then: unsandbox apply"
    return No("it is locked", evidence, unblock)


def unapproved(subject: Subject) -> No | None:
    """A12: none was given, and the policy asks for one: as it stands, or as it was applied last."""
    policy = subject.desired.policy.approval
    waived = policy is Approval.OFF and subject.applied is not None and not subject.applied.approval
    if subject.approver or waived:
        return None
    last = "unknown" if subject.applied is None else "required" if subject.applied.approval else "off"
    evidence = (("approval", policy.value), ("as applied last", last), ("approved by", "nobody"))
    return No("no person approved it", evidence, "unsandbox approve")


def in_quarantine(subject: Subject) -> No | None:
    """A31: it left the manifests and waits for its end."""
    for host, row in subject.rows:
        if marks.QUARANTINE in row.config:
            evidence = ((f"in quarantine on {host} since", row.config[marks.QUARANTINE]),)
            return No("it left the manifests and is in quarantine", evidence, f"declare {subject.request.ref} again, then: unsandbox apply")
    return None


def _locked_by_manifest(subject: Subject) -> bool:
    on_object = any(row.config.get(marks.LOCKED, "false") != "false" for _, row in subject.rows)
    return on_object or (subject.declared is not None and subject.declared.locked)


def _claims(subject: Subject) -> tuple[tuple[str, str], ...]:
    caller = subject.request.caller
    mine = caller.operator or next((key.ref.name for key in subject.keys), caller.key)
    rows = tuple((f"owner on {host}", row.config.get(marks.OWNER) or "nobody") for host, row in subject.rows)
    declared = (("owner declared", subject.declared.owner or "nobody"),) if subject.declared else ()
    return (("caller", mine), *rows, *declared)


def _as_owner(subject: Subject) -> str:
    return f"ask with the key of its owner, {', '.join(owner or 'nobody' for owner in subject.owners)}"
