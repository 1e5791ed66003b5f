"""What doctor says of the way out: it stands, it does not, nobody declared one, and nobody knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.checks_proxy import proxy_check
from reconciler.model.egress import Place as Name
from reconciler.model.egress import Proxy
from reconciler.model.world import Grade, HostView, Status
from tests.engine.test_warm import LEADING, OUT, PROXY, SEEN, VIEWS

if TYPE_CHECKING:
    from reconciler.model.resources import Desired

TERMS = Proxy((Name("example.org"),), ("203.0.113.53",))
ASKED = replace(LEADING, policy=replace(LEADING.policy, proxy=TERMS))
BARE = replace(ASKED, workloads=tuple(item for item in ASKED.workloads if item is not PROXY))
VIEW = VIEWS["h1"]
DOWN = replace(VIEW, instances=tuple(replace(row, status=Status.STOPPED) if row is OUT else row for row in VIEW.instances))
GONE = replace(VIEW, instances=tuple(row for row in VIEW.instances if row is not OUT))


@pytest.mark.parametrize(
    ("desired", "view", "verdict", "words"),
    [
        (ASKED, VIEW, "ok", "Service/out runs as the policy says"),
        (LEADING, VIEW, "ok", "the policy names no proxy"),
        (BARE, GONE, "warn", "no Service with network: proxy is declared"),
        (ASKED, GONE, "fail", "was not seen"),
        (ASKED, DOWN, "fail", "does not run (status: stopped"),
        (ASKED, replace(VIEW, grade=Grade.PARTIAL), "unknown", "not seen in full"),
    ],
)
def test_what_doctor_says_of_a_proxy(desired: Desired, view: HostView, verdict: str, words: str) -> None:
    found = proxy_check(desired.hosts[0], desired, view, SEEN.at)
    assert (found.verdict, found.scope) == (verdict, "h1")
    assert words in found.finding
