"""A plan as JSON: the stable interface of ``plan --json`` and ``plan --out``, and the check of a saved plan against the world."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from reconciler.app.clearance import check
from reconciler.app.planning import TOOL, decide, make
from reconciler.app.recording import record
from reconciler.engine.refuse.plans import Saved
from reconciler.engine.select import Scope
from reconciler.errors import Defect, StalePlan, UsageError
from reconciler.files import read_json, write_over

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.app.clearance import Terms
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.plan import Plan, PlannedAction

FORMAT = "unsandbox/plan/v1"
MAX_SIZE = 512 * 1024 * 1024
DAY = 86_400
"""Seconds that a saved plan lives unless it is told otherwise."""


def plan_document(plan: Plan, rev: str | None = None, expires: int = DAY) -> dict[str, object]:
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
        "expires": expires,
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


def file_text(made: Made, rev: str | None = None, expires: int = DAY) -> str:
    """What a plan file holds: the plan, and the world that it was decided from, for ``replay``."""
    return json.dumps({**plan_document(made.plan, rev, expires), "recording": record(made)}, indent=1) + "\n"


def write_plan(made: Made, path: Path, rev: str | None = None, expires: int = DAY) -> None:
    """Write the plan file, whole or not at all, readable by its owner only. ``expires`` in seconds."""
    try:
        write_over(path, file_text(made, rev, expires))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="unsandbox plan --out FILE") from error


def read_plan(path: Path) -> Saved:
    """Read a plan file. Raises ``UsageError`` where it is none of ours, ``StalePlan`` where its form is of another version."""
    _, document = read_document(path)
    try:
        return _saved(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is a plan file with a part missing: {error}", hint="unsandbox plan --out FILE") from error


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a plan file and the JSON in it. Raises as ``read_plan``."""
    text, document = read_json(path, "plan file", most=MAX_SIZE, hint="unsandbox plan --out FILE")
    if not str(document.get("format", "")).startswith("unsandbox/plan/"):
        raise UsageError(f"{path} is no plan file: it has no format of ours", hint="unsandbox plan --out FILE")
    if document["format"] != FORMAT:
        raise StalePlan(f"P07: {path} was made by {document.get('tool')} in {document['format']}, this is {TOOL} with {FORMAT}")
    return text, document


def _saved(document: Mapping[str, object]) -> Saved:
    return Saved(
        id=_digits(document["plan"]),
        rev=str(document["rev"]),
        commit=_digits(document["commit"]),
        inputs=_digits(document["inputs"]),
        tool=str(document["tool"]),
        made_at=str(document["made_at"]),
        expires=int(str(document["expires"])),
        scope=Scope.parse(tuple(str(word) for word in _rows(document["scope"]))).words(),
        hosts={row["name"]: row["fingerprint"] for row in _rows(document["hosts"])},
        touched={(f"{row['kind']}/{row['name']}", row["host"]): (row["action"], row["fingerprint"]) for row in _rows(document["actions"])},
        refused=frozenset((row["ref"], row["host"], row["action"]) for row in _rows(document["refusals"])),
        fields={(f"{row['kind']}/{row['name']}", row["host"]): _fields(row["fields"]) for row in _rows(document["actions"])},
    )


def _fields(rows: object) -> tuple[str, ...]:
    return tuple(f"{row['path']}: {row['old']} -> {row['new']}" for row in _rows(rows))


def _digits(value: object) -> str:
    """A digest or a commit's id, as we write them; "" where there is none."""
    if not isinstance(value, str) or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{value!r:.40} is no digest")
    return value


def _rows(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("actions, refusals, hosts and scope must be lists")
    return value


def remake(settings: Settings, terms: Terms) -> Made:
    """Plan again and hold it against the saved one; what comes back does exactly what was saved. Raises ``StalePlan`` or ``Refused``."""
    saved = terms.saved
    if saved is None:
        raise Defect("no saved plan to make again")
    made = make(settings, Scope.parse(saved.scope), saved.commit if saved.rev else None)
    check(made, terms, None)
    if made.plan.id == saved.id:
        return made
    only = frozenset((ref, host, action) for (ref, host), (action, _) in saved.touched.items())
    return decide(made.desired, made.observed, made.ledger, Scope.parse(saved.scope), only)
