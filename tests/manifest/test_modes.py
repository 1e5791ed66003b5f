"""Modes, suspensions and windows as they come out of manifests."""

from __future__ import annotations

import pytest

from reconciler.model.modes import FREE, Mode, Stance, Suspension, Window
from tests.manifest.test_findings import desired_of

UNTIL = "2027-01-31T00:00:00+01:00"
SAID = f"mode: detect, suspend: {{reason: moving the data, until: '{UNTIL}'}}"
MEANT = Stance(Mode.DETECT, Suspension("moving the data", UNTIL))
SERVICE = "{{apiVersion: unsandbox/v1, kind: Service, metadata: {{name: web{}}}, spec: {{owner: team, image: starter}}}}"
SESSION = "{{apiVersion: unsandbox/v1, kind: Session, metadata: {{name: web{}}}, spec: {{owner: team, image: starter, ttl: 1h}}}}"
POOL = "{{apiVersion: unsandbox/v1, kind: Pool, metadata: {{name: web{}}}, spec: {{image: starter, tier: small, size: 2}}}}"


@pytest.mark.parametrize("text", [SERVICE, SESSION, POOL])
def test_what_may_be_done_is_no_part_of_what_it_is(text: str) -> None:
    """To suspend a thing must not make it differ from what was applied: its digest is that of the rest."""
    plain = desired_of({"text": text.format("")}).workloads
    held = desired_of({"text": text.format(f", {SAID}")}).workloads
    assert {item.stance for item in plain} == {FREE}
    assert {item.stance for item in held} == {MEANT}
    assert [item.document for item in plain] == [item.document for item in held]
    assert [item.uid for item in plain] == [item.uid for item in held]


def test_a_pool_keeps_it_for_cells_that_are_no_longer_declared() -> None:
    assert [pool.stance for pool in desired_of({"text": POOL.format(f", {SAID}")}).pools] == [MEANT]


def test_a_label_still_moves_the_digest() -> None:
    first, second = (desired_of({"text": SERVICE.format(f", labels: {{mode: {word}}}")}).workloads[0].document for word in "ab")
    assert first != second


def test_a_policy_says_it_in_its_spec() -> None:
    windows = "[{days: [sun, sat], from: '02:30', for: 3h, zone: Europe/Berlin}, {from: '23:00', for: 1d}]"
    policy = desired_of({"kind": "Policy", "of": "p", "spec": f"{{{SAID}, windows: {windows}}}"}).policy
    assert policy.stance == MEANT
    assert policy.windows == (
        Window((5, 6), 150, 10_800, "Europe/Berlin"),
        Window((0, 1, 2, 3, 4, 5, 6), 1380, 86_400, "UTC"),
    )
