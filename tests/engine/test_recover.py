from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine.recover import Verdict, recover
from reconciler.model.records import Intent
from tests.engine.worlds import build

GONE: dict[str, Any] = {"hosts": {"h1": {}}}
THERE = {"hosts": {"h1": {"rows": [{"of": "web", "config": {"user.unsandbox.intent": "plan-1"}}]}}}
STRANGER = {"hosts": {"h1": {"rows": [{"of": "web", "uuid": "other", "config": {"user.unsandbox.intent": "plan-0"}}]}}}
FROZEN = {"hosts": {"h1": {"rows": [{"of": "web", "status": "frozen"}]}}}
BLIND = {"hosts": {"h1": {"grade": "unseen"}}}
PARTIAL = {"hosts": {"h1": {"doubtful": {"svc-web": "hollow"}}}}


@pytest.mark.parametrize(
    ("call", "world", "verdict"),
    [
        ("CreateInstance", GONE, Verdict.REDO),
        ("CreateInstance", THERE, Verdict.DONE),
        ("CreateInstance", STRANGER, Verdict.ASK),
        ("CreateInstance", BLIND, Verdict.ASK),
        ("CreateInstance", PARTIAL, Verdict.ASK),
        ("DeleteInstance", GONE, Verdict.DONE),
        ("DeleteInstance", THERE, Verdict.REDO),
        ("DeleteInstance", STRANGER, Verdict.DONE),
        ("DeleteInstance", PARTIAL, Verdict.ASK),
        ("SetPower:freeze", FROZEN, Verdict.DONE),
        ("SetPower:freeze", THERE, Verdict.REDO),
        ("SetPower:start", THERE, Verdict.DONE),
        ("SetPower:stop", GONE, Verdict.REDO),
        ("UpdateInstance", THERE, Verdict.REDO),
        ("DropProtection", GONE, Verdict.REDO),
        ("PutObject", THERE, Verdict.REDO),
        ("ImportImage", BLIND, Verdict.ASK),
        ("SomethingNewer", THERE, Verdict.ASK),
    ],
)
def test_what_came_of_a_call_that_was_cut_off(call: str, world: dict[str, Any], verdict: Verdict) -> None:
    _, observed, _ = build(world)
    intent = Intent("i", "plan-1", "h1", "Service/web", "svc-web", call, "2026-01-01T00:00:00+00:00", uuid="uuid-web")
    answer = recover(intent, observed)
    assert (answer.verdict, bool(answer.why)) == (verdict, True)
