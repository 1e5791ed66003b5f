"""Which pool a run goes to: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.execute import USUAL_TERMS
from reconciler.model.resources import NetworkMode
from reconciler.model.rules import FAILED_CAUSE
from reconciler.policy import serving as policy
from reconciler.policy.serving import SERVING_RULES, Offer, Wish, serving

if TYPE_CHECKING:
    from reconciler.model.rules import Rule

SMALL = Offer("small", frozenset({"sh", "awk"}), NetworkMode.ZEROTRUST, 1, 256, 4, USUAL_TERMS)
LARGE = replace(SMALL, pool="large", vcpu=4, memory=1024)
OPEN = replace(SMALL, pool="open", network=NetworkMode.SEMITRUSTED)
OFFERS = (LARGE, OPEN, SMALL)
WISH = Wish("sh", NetworkMode.ZEROTRUST, 1)
REFUSED: dict[str, list[tuple[Wish, tuple[Offer, ...]]]] = {
    "C30": [(WISH, ()), (replace(WISH, pool="smal"), OFFERS)],
    "C31": [(replace(WISH, language="rust"), OFFERS), (WISH, (replace(SMALL, languages=frozenset()),))],
    "C32": [(WISH, (OPEN,)), (replace(WISH, pool="open"), OFFERS), (replace(WISH, network=NetworkMode.SEMITRUSTED), (SMALL,))],
    "C33": [(replace(WISH, vcpu=8), OFFERS), (replace(WISH, vcpu=2, pool="small"), OFFERS)],
}
CHOSEN = {
    "C30": [(WISH, "small"), (replace(WISH, pool="large"), "large")],
    "C31": [(replace(WISH, language="awk"), "small")],
    "C32": [(replace(WISH, network=NetworkMode.SEMITRUSTED), "open")],
    "C33": [(replace(WISH, vcpu=2), "large")],
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_run_that_no_pool_serves(code: str) -> None:
    for wish, offers in REFUSED[code]:
        found = serving(wish, offers)
        assert not isinstance(found, Offer)
        assert found[0] == code
        assert found[1].evidence


@pytest.mark.parametrize("code", CHOSEN)
def test_the_pool_with_the_smallest_cells_that_fit(code: str) -> None:
    for wish, pool in CHOSEN[code]:
        found = serving(wish, OFFERS)
        assert isinstance(found, Offer)
        assert found.pool == pool


def test_of_two_alike_the_one_with_more_cells() -> None:
    found = serving(WISH, (SMALL, replace(SMALL, pool="wide", cells=9)))
    assert isinstance(found, Offer)
    assert found.pool == "wide"


@pytest.mark.parametrize("rule", SERVING_RULES, ids=lambda rule: rule.code)
def test_a_check_that_breaks_refuses(rule: Rule[[Wish, tuple[Offer, ...]]], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_wish: Wish, _offers: tuple[Offer, ...]) -> None:
        raise RuntimeError("the check could not be made")

    rules = tuple(replace(one, check=breaks) if one is rule else one for one in SERVING_RULES)
    monkeypatch.setattr(policy, "SERVING_RULES", rules)
    found = serving(WISH, OFFERS)
    assert not isinstance(found, Offer)
    assert (found[0], found[1].cause) == (rule.code, FAILED_CAUSE)
