"""Leases: who may write on a host, decided from what one observer saw and when, by that observer's own clock.

The lease of a host is a series of LXD profiles in our project, one a term. A term is taken by creating the profile with the next number,
which LXD does for exactly one of several who try. Only the highest term counts. Its holder moves ``beat``; whoever saw (term, nonce, beat)
stand still for the holder's ttl may take the next term. Seconds are of a clock that only runs forward; no wall clock plays a part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.rules import No, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TTL = 15.0
"""Seconds after its last renewal for which nobody else takes a lease."""
LONGEST = 600.0
"""A lease that claims more is not one of ours."""
SHARE_VALID = 0.8
"""Of its ttl a holder trusts its lease for so much: the rest covers clocks that do not run alike."""
HOLDER = marks.PREFIX + "holder"
NONCE = marks.PREFIX + "nonce"
BEAT = marks.PREFIX + "beat"
LASTS = marks.PREFIX + "ttl"
RELEASED = marks.PREFIX + "released"
SINCE = marks.PREFIX + "since"
"""For people to read; no decision is made from it."""
_NAME = re.compile(r"lease-(\d{10})")
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease as its profile tells it. ``ttl`` 0 means that the profile cannot be read as a lease."""

    term: int
    holder: str
    nonce: str
    beat: int = 0
    ttl: float = TTL
    released: bool = False
    since: str = ""

    @property
    def who(self) -> str:
        """For messages."""
        return f"{self.holder or 'somebody who left no name'} (term {self.term}{', since ' + self.since if self.since else ''})"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen by one request: sent at ``asked``, answered at ``told``. ``seen`` is the highest term; None where there was none."""

    asked: float
    told: float
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Free:
    """Nobody holds it: there never was one, it was released, or its holder is our own dead predecessor."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Its holder let it stand still for all of its ttl."""


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody holds it until ``until`` at the earliest; None where watching tells nothing. ``renewed``: it was seen to be renewed."""

    until: float | None
    renewed: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """The state of a lease that we took. ``leases`` is what the host lists, None where it was not asked."""

    mine: Seen
    at: float
    valid_until: float
    leases: tuple[Seen, ...] | None = None


def name_of(term: int) -> str:
    """The profile's name."""
    return f"lease-{term:010d}"


def config_of(seen: Seen) -> dict[str, str]:
    """The profile's config."""
    told = {HOLDER: seen.holder, NONCE: seen.nonce, BEAT: str(seen.beat), LASTS: f"{seen.ttl:g}", SINCE: seen.since}
    return {key: value for key, value in told.items() if value} | ({RELEASED: "true"} if seen.released else {})


def seen_of(name: str, config: Mapping[str, str]) -> Seen | None:
    """The lease that a profile stands for; None where its name is not that of a lease."""
    matched = _NAME.fullmatch(name)
    if matched is None:
        return None
    beat, lasts = config.get(BEAT, ""), config.get(LASTS, "")
    sound = bool(config.get(NONCE)) and _NUMBER.fullmatch(beat) and beat.isdigit() and _NUMBER.fullmatch(lasts)
    ttl = float(lasts) if sound else 0.0
    return Seen(
        term=int(matched[1]),
        holder=config.get(HOLDER, ""),
        nonce=config.get(NONCE, ""),
        beat=int(beat) if sound else 0,
        ttl=ttl if ttl <= LONGEST else 0.0,
        released=config.get(RELEASED) == "true",
        since=config.get(SINCE, ""),
    )


def highest(leases: Iterable[Seen]) -> Seen | None:
    """The one term that counts."""
    return max(leases, key=lambda lease: lease.term, default=None)


def judge(sightings: tuple[Sighting, ...], mine: frozenset[str]) -> Free | Held | Expired:
    """Whether the next term may be taken. ``mine``: nonces that were written down under the very lock that we hold now.

    Counted from the answer that first told a state to the request that last did, so that how long a request takes is never to our favour.
    """
    last = sightings[-1].seen
    if last is None or last.released or last.nonce in mine:
        return Free()
    same = [sighting for sighting in sightings if _state(sighting) == _state(sightings[-1])]
    renewed = len(same) < len(sightings)
    if last.ttl <= 0:
        return Held(None, renewed)
    until = same[0].told + last.ttl
    return Expired() if same[-1].asked >= until else Held(until, renewed)


def _state(sighting: Sighting) -> tuple[int, str, int]:
    seen = sighting.seen
    return (seen.term, seen.nonce, seen.beat) if seen else (0, "", 0)


def held(sightings: tuple[Sighting, ...], mine: frozenset[str]) -> No | None:
    """P06: somebody else holds the lease, or nothing tells that nobody does."""
    verdict, last = judge(sightings, mine), sightings[-1].seen
    if not isinstance(verdict, Held) or last is None:
        return None
    evidence: tuple[tuple[str, str], ...]
    if verdict.until is None:
        evidence = (("profile", name_of(last.term)), ("nonce", last.nonce or "none"), ("ttl", "not readable"))
        return No("what stands for the lease cannot be read, so nothing tells whether it is held", evidence, "unsandbox doctor")
    evidence = (("held by", last.who), ("renewed while we watched", "yes" if verdict.renewed else "no"))
    return No("another writer holds the lease", evidence, "wait until it ended, then do the same again")


def lost(holding: Holding) -> No | None:
    """P05: a lease of ours that does not hold any more."""
    mine = holding.mine
    if holding.at >= holding.valid_until:
        over = f"{holding.at - holding.valid_until:.1f} s ago"
        return No("our lease was not renewed in time", (("term", str(mine.term)), ("valid until", over)), "unsandbox plan")
    if holding.leases is None:
        return None
    top = highest(holding.leases)
    if top is not None and (top.term, top.nonce) == (mine.term, mine.nonce) and not top.released:
        return None
    there = "no lease at all" if top is None else top.who
    return No("the lease is not ours any more", (("ours", f"term {mine.term}"), ("there", there)), "unsandbox plan")


def reading(request: str, purpose: str | None, *, fits: bool) -> No | None:
    """P15: ``request`` would change something on a door without a permit, or beyond what the permit is for (``purpose``)."""
    if purpose is not None and fits:
        return None
    why = "this door was opened for reading" if purpose is None else f"this door was opened for {purpose} alone"
    return No(why, (("request", request), ("sent", "no")), "unsandbox plan")


HELD = Rule(
    "P06",
    "Another writer holds the lease of the host",
    held,
    "Two that write at once would each act on what the other is about to change. A holder that died is followed once its lease stood still "
    "for its whole ttl, by the clock of whoever waits; nobody has to be asked.",
)
LOST = Rule(
    "P05",
    "The lease was lost while it was needed",
    lost,
    "Another writer may be at work on the host: a higher term is there, ours was taken away, or it was not renewed in time. "
    "It is asked before every call that changes something, and where a call ends something the host is asked too.",
)
READING = Rule(
    "P15",
    "Something would be changed through a door that was opened for reading",
    reading,
    "Whoever only looks has no permit to write, so that planning cannot act, whatever a defect makes it try.",
)
LEASE_RULES = (LOST, HELD, READING)
"""Rules about who may write, each asked where its question comes up."""
