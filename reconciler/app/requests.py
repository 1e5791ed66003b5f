"""What a key, or a person at a terminal, may have done with one service or session. Every call is judged before it and journaled.

A request is judged once before any lock is taken, so that a stranger can hold nobody up, and once more under the lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.app.access import binding_of, grant
from reconciler.app.approvals import answer
from reconciler.app.clock import stamp
from reconciler.app.declare import create, destroy
from reconciler.app.doors import Doors
from reconciler.app.journaled import journaled
from reconciler.app.own import own_instance
from reconciler.app.poke import poke
from reconciler.app.writer import only_writer
from reconciler.engine.calls import START_SECONDS
from reconciler.engine.power import POWER_OF
from reconciler.errors import InputError, Refused
from reconciler.model import marks
from reconciler.model.plan import SetPower, UpdateInstance
from reconciler.model.records import Writer
from reconciler.model.tenancy import Answer, Caller, Method, Request
from reconciler.model.world import Status
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.access import Granted
    from reconciler.app.settings import Settings
    from reconciler.model.approvals import Approved
    from reconciler.model.names import Ref
    from reconciler.model.tenancy import Wanted
    from reconciler.model.world import Instance

VERBS = {
    (Method.FREEZE, Status.RUNNING): "freeze",
    (Method.UNFREEZE, Status.FROZEN): "unfreeze",
    (Method.UNFREEZE, Status.STOPPED): "start",
}


class UseCase(Protocol):
    """One method's function."""

    def __call__(self, settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
        """Do it."""


REACHED = {Method.FREEZE: Status.FROZEN, Method.UNFREEZE: Status.RUNNING}


def operator(settings: Settings) -> Caller:
    """The person at this terminal. Inside a container of LXD's it is not known which one: a host name proves nothing."""
    return Caller(operator=settings.actor, container=None if own_instance() else "")


def ask(settings: Settings, request: Request, wanted: Wanted | None = None) -> Answer:
    """Whatever is asked for, by the method's name. ``wanted`` is what a create asks for.

    Raises ``Denied`` where a rule of access says no, also to a method that is not known; and what the method's own function raises.
    """
    if request.method == Method.CREATE and wanted is not None:
        return create(settings, request.caller, request.ref, wanted, body_digest=request.body_digest)
    use_case = _BY_METHOD.get(request.method)
    if use_case is None:
        grant(settings, request)
        raise InputError(f"{request.method} {request.ref}: it is not said what is wanted", hint="say at least the image")
    return use_case(settings, request.caller, request.ref, body_digest=request.body_digest)


def read(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """How it is. Raises ``Denied``."""
    return _answer(grant(settings, Request(caller, Method.READ, ref, body_digest)))


def freeze(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """Freeze it; its memory is kept, and no pass wakes it. Raises ``Denied``, ``Refused``, ``LeaseHeld`` or a ``HostError``."""
    return _power(settings, Request(caller, Method.FREEZE, ref, body_digest))


def unfreeze(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """Make it run again. Raises as ``freeze``."""
    return _power(settings, Request(caller, Method.UNFREEZE, ref, body_digest))


def lock(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """Lock it: until it is unlocked it is not frozen, replaced or destroyed, not by a manifest either. Raises as ``freeze``."""
    granted = _again(settings, Request(caller, Method.LOCK, ref, body_digest))
    with only_writer(granted.settings):
        granted = _again(settings, granted.subject.request, granted)
        row = granted.subject.rows[0][1]
        if marks.USER_LOCK in row.config:
            return _answer(granted, note=f"locked already by {row.config[marks.USER_LOCK]}")
        _call(granted, UpdateInstance(row.name, row.uuid, {marks.USER_LOCK: f"{caller.name} {stamp()}"}))
        return _answer(granted, note="locked")


def unlock(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """Take the lock of a request away, with a person's approval. Raises as ``freeze``."""
    granted = _again(settings, Request(caller, Method.UNLOCK, ref, body_digest))
    with only_writer(granted.settings):
        granted = _again(settings, granted.subject.request, granted)
        row = granted.subject.rows[0][1]
        if marks.USER_LOCK not in row.config:
            return _answer(granted, note="not locked")
        _call(granted, UpdateInstance(row.name, row.uuid, {}, remove=(marks.USER_LOCK,)))
        return _answer(granted, note=f"unlocked, approved by {granted.subject.approver or 'policy'}")


def approve(settings: Settings, request: Request, challenge: str, *, approver: str, code: str) -> Approved:
    """Answer the challenge of a request that was denied for want of approval; the same request, made again, then uses it up.

    Raises ``Refused`` with the rule's code, or ``StateError``.
    """
    return answer(settings, challenge, binding=binding_of(request), approver=approver, code=code)


def _again(settings: Settings, request: Request, before: Granted | None = None) -> Granted:
    """The request as judged with what is there now; an approval that was used up for it counts on."""
    return grant(settings, request, approver=before.subject.approver if before else "")


def _power(settings: Settings, request: Request) -> Answer:
    granted = _again(settings, request)
    with only_writer(granted.settings):
        granted = _again(settings, request, granted)
        row = granted.subject.rows[0][1]
        method = Method(request.method)
        if row.status is REACHED[method]:
            return _answer(granted, note=f"{POWER_OF[row.status]} already")
        verb = VERBS.get((method, row.status))
        if verb is None:
            raise Refused(f"{method} {request.ref}: it is {row.status_text}", hint="wait until it settled, or unfreeze it first")
        _call(granted, SetPower(row.name, verb, force=False, timeout=START_SECONDS, uuid=row.uuid))
        power = POWER_OF[REACHED[method]]
        with Journal(settings.state_dir / FILE_NAME) as journal:
            journal.power_set(row.uuid, power, Writer.API, stamp())
        return _answer(granted, power=power)


def _call(granted: Granted, call: SetPower | UpdateInstance) -> None:
    host, row = granted.subject.rows[0]
    desired = granted.subject.desired
    with Doors(granted.settings) as doors:
        door = doors.open(next(place for place in desired.hosts if place.name == host))
        journaled(granted.settings, door, call, ref=granted.subject.request.ref, uuid=row.uuid, commit=desired.commit.id)
    poke(granted.settings)


def _answer(granted: Granted, *, power: str = "", note: str = "") -> Answer:
    request, rows = granted.subject.request, granted.subject.rows
    host, row = rows[0] if rows else ("", None)
    return Answer(request.method, request.ref, host, row.uuid if row else "", power or _power_of(row), note)


def _power_of(row: Instance | None) -> str:
    return POWER_OF.get(row.status, "") if row else ""


_BY_METHOD: dict[str, UseCase] = {
    Method.READ: read,
    Method.FREEZE: freeze,
    Method.UNFREEZE: unfreeze,
    Method.LOCK: lock,
    Method.UNLOCK: unlock,
    Method.DESTROY: destroy,
}
