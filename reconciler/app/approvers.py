"""Who may approve: enrolling a person, listing, removing, and giving a person a key that signs approval files."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import choice, token_bytes
from typing import TYPE_CHECKING

import pyotp

from reconciler.app.approvals import RECOVERY_LENGTH, RECOVERY_LETTERS, is_there, note, opened, recovery_digest, take
from reconciler.app.clock import now
from reconciler.errors import Refused, UsageError
from reconciler.model.approvals import Approver
from reconciler.model.names import NAME_RULE, is_name
from reconciler.policy.bindings import binding_of_approvers
from reconciler.policy.otp import DIGITS, STEP, matched_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconciler.app.settings import Settings
    from reconciler.store.approvals import Approvals

    Clock = Callable[[], datetime]

ISSUER = "unsandbox"
RECOVERY_CODES = 8


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person is shown once. It is kept nowhere until the first code confirms that it arrived."""

    name: str
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    recovery: tuple[str, ...] = field(repr=False)

    @property
    def binding(self) -> str:
        """What somebody already enrolled approves, to let this person in."""
        return binding_of_approvers("add", self.name, self.secret.encode())


def list_approvers(settings: Settings, *, clock: Clock = now) -> tuple[Approver, ...]:
    """Everybody who is enrolled, by name. Raises ``StateError``."""
    if not is_there(settings):
        return ()
    with opened(settings) as store, store.changing():
        return store.approvers(clock())


def new_enrolment(settings: Settings, name: str) -> Enrolment:
    """A secret and recovery codes for a person who is not enrolled. Nothing is written. Raises ``UsageError``."""
    if not is_name(name):
        raise UsageError(f"{name!r} is not a name: {NAME_RULE}", hint="unsandbox approvers add NAME")
    if any(found.name == name for found in list_approvers(settings)):
        raise UsageError(f"{name} is enrolled already", hint=f"unsandbox approvers remove {name}")
    secret = pyotp.random_base32()
    account = f"{name}@{settings.root.resolve().name or 'unsandbox'}"
    uri = pyotp.TOTP(secret, digits=DIGITS, interval=STEP).provisioning_uri(name=account, issuer_name=ISSUER)
    return Enrolment(name, secret, uri, tuple(_recovery_code() for _ in range(RECOVERY_CODES)))


def enrol(settings: Settings, enrolment: Enrolment, code: str, *, clock: Clock = now) -> None:
    """Take the person in, with the first code of their app.

    Where anybody is enrolled, one of them must have approved ``enrolment.binding``. Raises ``Refused`` or ``StateError``.
    """
    salt = token_bytes(16)
    digests = [recovery_digest(one.replace("-", ""), salt) for one in enrolment.recovery]
    with opened(settings) as store, store.changing():
        at = clock()
        step = matched_step(enrolment.secret, "".join(code.split()), at)
        if step is None:
            again = f"unsandbox approvers add {enrolment.name}"
            raise Refused(f"the code is not that of the app, so {enrolment.name} is not enrolled", hint=again, rule="A25")
        by = _voucher(settings, store, enrolment.binding, at) if store.approvers(at) else settings.actor
        if store.approver(enrolment.name, at) is not None:
            raise Refused(f"{enrolment.name} was enrolled by somebody else meanwhile", hint="unsandbox approvers")
        person = Approver(enrolment.name, at, step, wrong=0, recovery_left=len(digests), public_key="")
        store.enrol(person, secret=enrolment.secret, salt=salt, recovery=digests)
        note(settings, "approver-added", by=by, subject=enrolment.name, at=at)


def removal(settings: Settings, name: str) -> str:
    """What is to be approved so that ``remove`` may take a person out. Raises ``UsageError`` where nobody of that name is enrolled."""
    return binding_of_approvers("remove", _known(settings, name).name, b"")


def remove(settings: Settings, name: str, *, clock: Clock = now) -> None:
    """Take a person out, with the approval of ``removal``. Raises ``Refused`` or ``StateError``."""
    with opened(settings) as store, store.changing():
        at = clock()
        by = _voucher(settings, store, binding_of_approvers("remove", name, b""), at)
        store.remove(name)
        note(settings, "approver-removed", by=by, subject=name, at=at)


def keying(settings: Settings, name: str, public_key: str) -> str:
    """What the person is to approve so that ``enrol_key`` may take their key. Raises ``UsageError`` where they are not enrolled."""
    return binding_of_approvers("key", _known(settings, name).name, public_key.encode())


def enrol_key(settings: Settings, name: str, public_key: str, *, clock: Clock = now) -> None:
    """Let approval files signed with this key count as the person's. Their own code must have approved ``keying``."""
    with opened(settings) as store, store.changing():
        at = clock()
        by = _voucher(settings, store, binding_of_approvers("key", name, public_key.encode()), at)
        if by != name:
            # A key speaks for a person for as long as it is enrolled, so nobody else may give it to them.
            raise Refused(f"{by} cannot enrol a key for {name}", hint=f"unsandbox approvers key {name} FILE --approver {name}")
        store.set_public_key(name, public_key)
        note(settings, "approver-key", by=by, subject=name, at=at, detail=f"public key {public_key}")


def _voucher(settings: Settings, store: Approvals, binding: str, at: datetime) -> str:
    taken = take(settings, store, binding, at)
    if taken is None:
        raise Refused("nobody enrolled has approved it within the last 5 minutes", hint="unsandbox approvers", rule="A21")
    return taken.by


def _known(settings: Settings, name: str) -> Approver:
    people = list_approvers(settings)
    for person in people:
        if person.name == name:
            return person
    raise UsageError(
        f"nobody called {name} is enrolled; enrolled: {', '.join(person.name for person in people) or 'nobody'}", hint="unsandbox approvers"
    )


def _recovery_code() -> str:
    letters = "".join(choice(RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, RECOVERY_LENGTH, 4))
