"""A plan as JSON: the stable interface of ``plan --json`` and ``plan --out``, and the check of a saved plan against the world."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.planning import TOOL, decide, make
from reconciler.engine.select import Scope
from reconciler.errors import StalePlan, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.plan import Plan, PlannedAction

FORMAT = "unsandbox/plan/v1"
MAX_SIZE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan file pins. ``touched`` maps (reference, host) to (action, fingerprint of the object before it)."""

    id: str
    rev: str
    commit: str
    inputs: str
    tool: str
    scope: Scope
    touched: Mapping[tuple[str, str], tuple[str, str]]


def plan_document(plan: Plan, rev: str | None = None) -> dict[str, object]:
    """The plan as JSON values. No secret is in it: env values and scripts appear as masks and digests only."""
    return {
        "format": FORMAT,
        "plan": plan.id,
        "env": plan.env,
        "commit": plan.commit.id,
        "dirty": plan.commit.dirty,
        "inputs": plan.commit.digest,
        "rev": rev or "",
        "made_at": plan.made_at,
        "tool": plan.tool,
        "scope": list(plan.scope),
        "hosts": [{"name": name, "fingerprint": fingerprint} for name, fingerprint in plan.hosts],
        "actions": [_action(action) for action in plan.actions],
        "refusals": [
            {
                "code": refusal.code,
                "ref": refusal.ref,
                "host": refusal.host,
                "action": refusal.action,
                "cause": refusal.cause,
                "evidence": dict(refusal.evidence),
                "unblock": refusal.unblock,
            }
            for refusal in plan.refusals
        ],
        "unseen": [{"host": host, "why": why} for host, why in plan.unseen],
        "summary": summary(plan),
    }


def _action(action: PlannedAction) -> dict[str, object]:
    return {
        "index": action.index,
        "action": action.action,
        "kind": action.kind,
        "name": action.name,
        "host": action.host,
        "instance": action.instance,
        "reason": action.reason,
        "note": action.note,
        "fields": [{"path": field.path, "old": field.old, "new": field.new} for field in action.fields],
        "calls": [type(call).__name__ for call in action.calls],
        "after": list(action.after),
        "fingerprint": action.fingerprint,
        "uuid": action.uuid,
    }


def summary(plan: Plan) -> dict[str, int]:
    """Counts by action, with ``refused``, ``kept`` and ``unseen`` beside them."""
    counts = Counter(action.action for action in plan.actions)
    return {**dict(sorted(counts.items())), "refused": len(plan.refusals), "kept": plan.kept, "unseen": len(plan.unseen)}


def write_plan(plan: Plan, path: Path, rev: str | None = None) -> None:
    """Write the plan file, whole or not at all, readable by its owner only."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(plan_document(plan, rev), file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="unsandbox plan --out FILE") from error


def read_plan(path: Path) -> SavedPlan:
    """Read a plan file. Raises ``UsageError`` where it is none of ours, ``StalePlan`` where another version wrote it."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise UsageError(f"{path} is larger than any plan of ours", hint="unsandbox plan --out FILE")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a plan file: {error}", hint="unsandbox plan --out FILE") from error
    if not isinstance(document, dict) or not str(document.get("format", "")).startswith("unsandbox/plan/"):
        raise UsageError(f"{path} is not a plan file: it has no format of ours", hint="unsandbox plan --out FILE")
    if document["format"] != FORMAT or document.get("tool") != TOOL:
        raise StalePlan(f"{path} was made by {document.get('tool')} in {document['format']}, this is {TOOL} with {FORMAT}")
    try:
        return _saved(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is a plan file with a part missing: {error}", hint="unsandbox plan --out FILE") from error


def _saved(document: Mapping[str, object]) -> SavedPlan:
    actions, scope = document["actions"], document["scope"]
    if not isinstance(actions, list) or not isinstance(scope, list):
        raise TypeError("actions and scope must be lists")
    return SavedPlan(
        id=str(document["plan"]),
        rev=str(document["rev"]),
        commit=str(document["commit"]),
        inputs=str(document["inputs"]),
        tool=str(document["tool"]),
        scope=Scope.parse(tuple(str(word) for word in scope)),
        touched={(f"{row['kind']}/{row['name']}", row["host"]): (row["action"], row["fingerprint"]) for row in actions},
    )


def remake(settings: Settings, saved: SavedPlan) -> Made:
    """Plan again and hold it against the saved one; what comes back does exactly what was saved. Raises ``StalePlan``."""
    made = make(settings, saved.scope, saved.commit if saved.rev else None)
    if made.plan.commit.digest != saved.inputs:
        raise StalePlan(f"the manifests are not those the plan was made from ({saved.commit[:12] or 'no commit'}, {saved.inputs[:12]})")
    if made.plan.id == saved.id:
        return made
    now = {(action.ref, action.host): (action.action, action.fingerprint) for action in made.plan.actions}
    moved = [_moved(key, before, now.get(key)) for key, before in saved.touched.items() if now.get(key) != before]
    if moved:
        raise StalePlan("what the plan touches is not as it was: " + "; ".join(sorted(moved)))
    return decide(made.desired, made.observed, made.ledger, Scope(targets=tuple(sorted({ref for ref, _ in saved.touched}))))


def _moved(key: tuple[str, str], before: tuple[str, str], after: tuple[str, str] | None) -> str:
    ref, host = key
    if after is None:
        return f"{ref} on {host}: {before[0]} is not called for any more, or is refused"
    if after[0] != before[0]:
        return f"{ref} on {host}: would be {after[0]}, the plan says {before[0]}"
    return f"{ref} on {host}: the object changed ({before[1][:12] or 'absent'} -> {after[1][:12] or 'absent'})"
