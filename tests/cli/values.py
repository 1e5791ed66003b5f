"""Plans and reports from case tables."""

from __future__ import annotations

from typing import Any

from reconciler.app.events import Event, EventKind, Report
from reconciler.model.changes import FieldDiff, Refusal
from reconciler.model.plan import Plan, PlannedAction
from reconciler.model.resources import Commit


def refusal(case: dict[str, Any]) -> Refusal:
    return Refusal(
        case["code"], case["ref"], case["host"], case["cause"], tuple(case["evidence"].items()), case["unblock"], case.get("action", "")
    )


def action(index: int, case: dict[str, Any]) -> PlannedAction:
    return PlannedAction(
        index=index,
        action=case["action"],
        kind=case["kind"],
        name=case["name"],
        host=case["host"],
        instance=case.get("instance", ""),
        reason=case["reason"],
        fields=tuple(FieldDiff(*field) for field in case.get("fields", [])),
        calls=(),
        after=(),
        fingerprint="",
        uuid="",
        uid="",
        note=case.get("note", ""),
    )


def plan(case: dict[str, Any]) -> Plan:
    commit = case.get("commit", {})
    return Plan(
        id="e" * 32,
        env="test",
        commit=Commit(commit.get("id", ""), dirty=commit.get("dirty", False), digest="d" * 64),
        made_at="2026-01-01T00:00:00.000+00:00",
        tool="unsandbox 0",
        hosts=(("h1", "f" * 64),),
        actions=tuple(action(index, row) for index, row in enumerate(case.get("actions", []))),
        refusals=tuple(refusal(row) for row in case.get("refusals", [])),
        kept=case["kept"],
        unseen=tuple((host, why) for host, why in case.get("unseen", [])),
        scope=tuple(case.get("scope", [])),
    )


def event(kind: EventKind, case: dict[str, Any]) -> Event:
    return Event("2026-01-01T00:00:00.000+00:00", kind, **case)


def report(case: dict[str, Any]) -> Report:
    def events(kind: EventKind) -> tuple[Event, ...]:
        return tuple(event(kind, row) for row in case.get(kind.value.removeprefix("action-"), []))

    return Report(
        plan="p",
        done=events(EventKind.ACTION_DONE),
        failed=events(EventKind.ACTION_FAILED),
        skipped=events(EventKind.ACTION_SKIPPED),
        refusals=tuple(refusal(row) for row in case.get("refusals", [])),
        unseen=tuple((host, why) for host, why in case.get("unseen", [])),
        stopped=case.get("stopped", False),
        elapsed=case.get("elapsed", 0.0),
    )
