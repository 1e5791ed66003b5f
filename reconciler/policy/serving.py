"""Which pool a run goes to: one whose image holds its language, with its network, and with cells that are large enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.rules import No, Rule, ask

if TYPE_CHECKING:
    from reconciler.model.execute import Terms
    from reconciler.model.resources import NetworkMode

UNBLOCK = "unsandbox pools"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pool has for a run. ``memory`` in bytes, of one cell. ``untold``: why its languages are not known; "" where they are."""

    pool: str
    languages: frozenset[str]
    network: NetworkMode
    vcpu: int
    memory: int
    cells: int
    terms: Terms
    untold: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run needs. ``pool`` "" for any."""

    language: str
    network: NetworkMode
    vcpu: int
    pool: str = ""


def _unknown(wish: Wish, offers: tuple[Offer, ...]) -> No | None:
    if any(_named(wish, offer) for offer in offers):
        return None
    if not wish.pool:
        return No("no pool is declared", (("pools", "0"),), UNBLOCK)
    return No(
        "there is no such pool",
        (("asked for", ascii(wish.pool[:40])), ("pools", ", ".join(offer.pool for offer in offers) or "none")),
        UNBLOCK,
    )


def _speechless(wish: Wish, offers: tuple[Offer, ...]) -> No | None:
    named = [offer for offer in offers if _named(wish, offer)]
    if any(wish.language in offer.languages for offer in named):
        return None
    found = ((offer.pool, offer.untold or ", ".join(sorted(offer.languages)[:8]) or "no language") for offer in named)
    return No("no pool's image holds its language", (("language", wish.language), *found), "unsandbox languages")


def _unlinked(wish: Wish, offers: tuple[Offer, ...]) -> No | None:
    able = [offer for offer in offers if _named(wish, offer) and wish.language in offer.languages]
    if any(offer.network is wish.network for offer in able):
        return None
    return No("no pool has its network", (("network", wish.network.value), *((offer.pool, offer.network.value) for offer in able)), UNBLOCK)


def _small(wish: Wish, offers: tuple[Offer, ...]) -> No | None:
    if any(_fits(wish, offer) for offer in offers):
        return None
    able = [offer for offer in offers if _named(wish, offer) and wish.language in offer.languages and offer.network is wish.network]
    return No("no pool's cells are large enough", (("vcpu", str(wish.vcpu)), *((offer.pool, str(offer.vcpu)) for offer in able)), UNBLOCK)


def _named(wish: Wish, offer: Offer) -> bool:
    return wish.pool in {"", offer.pool}


def _fits(wish: Wish, offer: Offer) -> bool:
    return _named(wish, offer) and wish.language in offer.languages and offer.network is wish.network and offer.vcpu >= wish.vcpu


SERVING_RULES: tuple[Rule[[Wish, tuple[Offer, ...]]], ...] = (
    Rule("C30", "There is no such pool", _unknown, "A run goes to a pool that is declared, or nowhere."),
    Rule("C31", "No pool's image holds its language", _speechless, "An image says what it holds by its recipe, or by its languages."),
    Rule("C32", "No pool has its network", _unlinked, "A run is never given more of a network than it asks for, nor less."),
    Rule("C33", "No pool's cells are large enough", _small, "A cell has the limits of its pool, whoever runs in it."),
)
"""Is there a pool for the run?"""


def serving(wish: Wish, offers: tuple[Offer, ...]) -> Offer | tuple[str, No]:
    """The pool with the smallest cells that fit, of several the one with most; else code and no."""
    for rule in SERVING_RULES:
        no = ask(rule, UNBLOCK, wish, offers)
        if no is not None:
            return rule.code, no
    return min((offer for offer in offers if _fits(wish, offer)), key=lambda offer: (offer.vcpu, offer.memory, -offer.cells, offer.pool))
