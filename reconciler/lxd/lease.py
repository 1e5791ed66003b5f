"""Taking, keeping and giving back the lease of one host. See ``reconciler.engine.lease`` for the rules.

What stays open, and no lease can close: a request that was sent before the lease was lost is not called back, and a process that is paused
between the check and the sending sends it when it goes on, whoever holds the lease by then. Against that stands what the calls themselves
check on the object (uuid, essence, tombstone, ETag), not the lease. A virtual machine whose clock was stopped with it believes in its lease
until its next renewal, a few seconds at most; where a call ends something the host is asked first, so there it does not.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reconciler.engine.lease import (
    HELD,
    LOST,
    SHARE_VALID,
    TTL,
    Held,
    Holding,
    Seen,
    Sighting,
    config_of,
    highest,
    judge,
    name_of,
    seen_of,
)
from reconciler.errors import Conflict, HostBusy, HostError, LeaseHeld, NotFound, Refused, Unreachable
from reconciler.lxd.connect import etag_of, metadata_of
from reconciler.lxd.foundation import put_object
from reconciler.lxd.permit import LEASING
from reconciler.model.rules import FAILED_CAUSE, No, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import PutObject

    Tell = Callable[[str], None]
    """Takes one line for people."""

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while a machine sleeps: who wakes up must not believe in a lease from before."""
RENEWALS = 3
"""Of them in one ttl."""
LOOKS = 8
"""Of them in one ttl while waiting."""
LONGEST_LOOK = 0.5
"""Seconds between two looks at most."""
TRIES, PAUSE = 4, 0.1
"""How often a host that is busy is asked to make the lease, and the first pause in seconds; each next one is twice as long."""
_UNBLOCK = "unsandbox status"
_MEANT = "Who may write on this host"
_GIVEN_BACK = No("the lease was given back", (("by", "ourselves"),), "unsandbox plan")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants a lease. ``nonce`` is random and new for each; ``mine`` are nonces of our own dead predecessors.

    ``project`` makes the project where there is none yet; None takes its absence for an error.
    """

    holder: str
    nonce: str
    now: Callable[[], datetime]
    """Our wall clock, for what people read; nothing is decided by it."""
    ttl: float = TTL
    mine: frozenset[str] = frozenset()
    project: PutObject | None = None


def clock() -> float:
    """Seconds that only run forward."""
    return time.clock_gettime(CLOCK)


def watch(door: Door, claim: Claim, tell: Tell) -> Seen | None:
    """Look until the next term may be taken; gives back the highest that there is.

    Raises ``LeaseHeld`` (P06) as soon as it is seen that the holder lives, or a ``HostError``.
    """
    quiet = door.under(LEASING, within=claim.ttl / RENEWALS)
    _find_project(quiet, claim)
    sightings: tuple[Sighting, ...] = ()
    while True:
        sightings = (*sightings[:1], _sight(quiet))
        no = ask(HELD, _UNBLOCK, sightings, claim.mine)
        last = sightings[-1].seen
        if no is None:
            return last
        left = _worth_waiting(sightings, claim, no)
        if last is None or left is None:
            raise _held(door, claim, last, f"{no.cause} ({_told(no)})")
        if len(sightings) == 1:
            tell(f"waiting for the lease of {door.host.name}, held by {last.who}; it ends in {left:.0f} s unless renewed")
        time.sleep(min(LONGEST_LOOK, last.ttl / LOOKS))


def sight(door: Door, claim: Claim) -> Sighting:
    """One look at the lease, for who stands by for as long as it takes; the project is made where there is none. Raises a ``HostError``."""
    quiet = door.under(LEASING, within=claim.ttl / RENEWALS)
    _find_project(quiet, claim)
    return _sight(quiet)


def take(door: Door, claim: Claim, after: Seen | None) -> Lease:
    """Take the term after ``after``, which ``watch`` gave. Raises ``LeaseHeld`` (P06) where somebody was quicker, or a ``HostError``."""
    quiet = door.under(LEASING, within=claim.ttl / RENEWALS)
    mine = Seen((after.term if after else 0) + 1, claim.holder, claim.nonce, 0, claim.ttl, since=claim.now().isoformat(timespec="seconds"))
    sent = clock()
    _make(quiet, mine)
    lease = Lease(quiet, mine, sent)
    found = highest(leases(quiet))
    if found is None or found.term < mine.term:
        # Should it still arrive, nobody renews it; and our own state folder knows the nonce for one of ours.
        raise Unreachable(f"{door.host.name}: asked for its lease it gave no answer in time, and has none of ours")
    if found.nonce in claim.mine:
        # A call of a process of ours that ended arrived after it had given up: there is nobody to wait for.
        return take(door, claim, found)
    if (found.term, found.nonce) != (mine.term, mine.nonce):
        raise _held(door, claim, found, f"{found.who} was quicker to take its lease")
    lease.keep()
    return lease


def leases(door: Door) -> tuple[Seen, ...]:
    """Every lease that the host lists."""
    rows: list[dict[str, Any]] = door.get(door.path("profiles", recursion="1"))
    found = (seen_of(str(row.get("name", "")), row.get("config") or {}) for row in rows)
    return tuple(lease for lease in found if lease is not None)


class Lease:
    """A term that we took: a permit to write on its host while it lasts. Renewed by a thread of its own from ``keep`` to ``release``."""

    def __init__(self, door: Door, mine: Seen, sent: float) -> None:
        self._door = door
        self._mine = mine
        self._valid_until = sent + mine.ttl * SHARE_VALID
        self._why_lost: No | None = None
        self._guard = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name=f"lease-{door.host.name}", daemon=True)

    @property
    def term(self) -> str:
        """Its number."""
        return str(self._mine.term)

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:  # noqa: ARG002 - it is for every request
        """Whether we may write. Where a call ends something the host is asked too. Raises ``LeaseHeld`` (P05) or a ``HostError``."""
        self._ask(method, path, leases(self._door) if destructive else None)

    @property
    def lost(self) -> str:
        """Why it does not hold any more; "" while it does."""
        with self._guard:
            why, over = self._why_lost, clock() >= self._valid_until
        return why.cause if why else "it was not renewed in time" if over else ""

    def keep(self) -> None:
        """Renew it from time to time."""
        self._thread.start()

    def renew(self) -> None:
        """Move the beat. It lasts from before the request that wrote it; a lease that ran out meanwhile stays lost.

        Raises ``LeaseHeld`` (P05) or a ``HostError``.
        """
        sent = clock()
        self._ask("PUT", "the renewal", None)
        moved = replace(self._mine, beat=self._mine.beat + 1)
        self._write(moved)
        # What was written after the old validity ended may have come after somebody saw the lease stand still for all of its ttl.
        self._ask("PUT", "the renewal", leases(self._door))
        with self._guard:
            self._mine = moved
            self._valid_until = sent + moved.ttl * SHARE_VALID

    def release(self) -> None:
        """Give it back, so that the next need not wait, and clear away the terms before it. What fails here only costs somebody a wait."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._ask("PUT", "the release", None)
            self._write(replace(self._mine, beat=self._mine.beat + 1, released=True))
            self._lose(_GIVEN_BACK)
            for old in leases(self._door):
                # Never the highest: the numbers must not go back.
                if old.term < self._mine.term:
                    self._door.send("DELETE", self._door.path("profiles", name_of(old.term)))
        except (HostError, LeaseHeld):
            self._lose(_GIVEN_BACK)

    def _go_on(self) -> None:
        pause = self._mine.ttl / RENEWALS
        while not self._ending.wait(pause):
            try:
                self.renew()
                pause = self._mine.ttl / RENEWALS
            except LeaseHeld:
                return
            except (HostError, Refused):
                pause = self._mine.ttl / RENEWALS / RENEWALS  # until it worked or is over

    def _write(self, wanted: Seen) -> None:
        """Only over our own: one of the same number may be somebody else's, where ours was taken away."""
        path = self._door.path("profiles", name_of(wanted.term))
        try:
            response = self._door.send("GET", path)
            found = seen_of(name_of(wanted.term), metadata_of(response, self._door.host.name).get("config") or {})
            self._ask("PUT", path, (found,) if found else ())
            headers = {"If-Match": etag_of(response, self._door.host.name)}
            self._door.send("PUT", path, {"config": config_of(wanted), "description": _MEANT}, headers=headers)
        except NotFound:
            self._ask("PUT", path, ())
        except Conflict:
            self._ask("PUT", path, leases(self._door))
            raise

    def _ask(self, method: str, path: str, found: tuple[Seen, ...] | None) -> None:
        with self._guard:
            why = self._why_lost
            holding = Holding(self._mine, clock(), self._valid_until, found)
        why = why or ask(LOST, _UNBLOCK, holding)
        if why is None:
            return
        self._lose(why)
        where = f"{self._door.host.name}: {LOST.code}"
        raise LeaseHeld(f"{where}: {why.cause} ({_told(why)}); {method} {path.partition('?')[0]} was not sent", hint=why.unblock)

    def _lose(self, why: No) -> None:
        with self._guard:
            self._why_lost = self._why_lost or why


def _find_project(door: Door, claim: Claim) -> None:
    """A project that is absent lists no profiles and answers 200; and without profiles of its own it would show those of another."""
    path = door.path("projects", door.host.project, project=False)
    try:
        found: Mapping[str, Any] = door.get(path)
    except NotFound:
        if claim.project is None:
            raise
        put_object(door, claim.project)
        found = door.get(path)
    if (found.get("config") or {}).get("features.profiles") != "true":
        raise Conflict(
            f"{door.host.name}: project {door.host.project} has no profiles of its own, so no lease can be taken in it",
            hint=f"edit {door.host.source} (project: another name)",
        )


def _sight(door: Door) -> Sighting:
    asked = clock()
    found = highest(leases(door))
    return Sighting(asked, clock(), found)


def _make(door: Door, mine: Seen) -> None:
    """Whether it is there afterwards, and whose, is read by the caller: an answer that was lost and one that came late look alike."""
    body = {"name": name_of(mine.term), "config": config_of(mine), "description": _MEANT}
    for turn in range(TRIES):
        try:
            door.send("POST", door.path("profiles"), body)
        except (Conflict, Unreachable):
            return
        except HostBusy:
            if turn == TRIES - 1:
                raise
            time.sleep(PAUSE * 2**turn)
        else:
            return


def _worth_waiting(sightings: tuple[Sighting, ...], claim: Claim, no: No) -> float | None:
    """Seconds after which it may be free; None where its holder lives, or waiting would tell nothing."""
    if no.cause == FAILED_CAUSE:
        return None
    verdict = judge(sightings, claim.mine)
    if not isinstance(verdict, Held) or verdict.renewed or verdict.until is None:
        return None
    return max(0.0, verdict.until - clock())


def _held(door: Door, claim: Claim, last: Seen | None, why: str) -> LeaseHeld:
    until = (claim.now() + timedelta(seconds=last.ttl if last else claim.ttl)).isoformat(timespec="seconds")
    return LeaseHeld(f"{door.host.name}: {HELD.code}: {why}; it is held until {until} at the earliest", hint="wait, then try again")


def _told(no: No) -> str:
    return "; ".join(f"{name}: {value}" for name, value in no.evidence)
