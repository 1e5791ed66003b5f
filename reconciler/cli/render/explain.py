"""Why one object is as it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.plan import field_lines, reason_text, refusal_document, refusal_lines
from reconciler.cli.render.screen import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.cli.render.screen import Line
    from reconciler.engine.explain import Explanation, RuleVerdict
    from reconciler.model.changes import Change

_STYLES = {"allows": "good", "refuses": "bad"}


def explanation_lines(explanation: Explanation) -> list[Line]:
    """Declared, seen, compared, judged; what comes of it last."""
    seen = [((f"  {text}", ""),) for text in explanation.seen] or [(("  nowhere", ""),)]
    hosts = columns([((host, ""), (grade, "")) for host, grade in explanation.hosts], indent=2)
    return [
        ((str(explanation.ref), "title"), (f" is {explanation.declared}", "")),
        *_section("Seen", seen),
        *_section("Health", [((f"  {explanation.health}", ""),)] if explanation.health else []),
        *_section("Hosts looked at", hosts),
        *_section("Fields that differ", field_lines(explanation.change.fields, indent=2) if explanation.change else []),
        *_section("Changed by somebody since it was applied", [((f"  {item.text}", "warn"),) for item in explanation.drift]),
        *_section("Rules", _rules(explanation.rules)),
        *_section("So", _outcome(explanation)),
    ]


def _section(title: str, lines: Iterable[Line]) -> list[Line]:
    body = list(lines)
    return [(), ((title, "title"),), *body] if body else []


def _rules(rules: Iterable[RuleVerdict]) -> list[Line]:
    return columns([((rule.code, ""), (rule.verdict, _STYLES.get(rule.verdict, "dim")), (_title(rule), "")) for rule in rules], indent=2)


def _title(rule: RuleVerdict) -> str:
    return f"{rule.title}: {rule.detail}" if rule.verdict == "refuses" else rule.title


def _outcome(explanation: Explanation) -> list[Line]:
    if explanation.refusals:
        return refusal_lines(explanation.refusals)
    if explanation.change is None:
        return [(("  there is nothing of that name to do anything about", ""),)]
    return [((f"  {_change_text(explanation.change)}", "title"),)]


def _change_text(change: Change) -> str:
    where = f" on {change.host}" if change.host else ""
    return f"{change.action}{where}: {reason_text(change.reason)}" + (f"; {change.note}" if change.note else "")


def explanation_document(explanation: Explanation) -> dict[str, object]:
    """The explanation as JSON values. The change is told by its action, reason and fields: its parts hold secrets."""
    change = explanation.change
    return {
        "ref": str(explanation.ref),
        "declared": explanation.declared,
        "seen": list(explanation.seen),
        "hosts": dict(explanation.hosts),
        "rules": [asdict(rule) for rule in explanation.rules],
        "refusals": [refusal_document(refusal) for refusal in explanation.refusals],
        "health": explanation.health,
        "drift": [{**asdict(item), "ref": str(item.ref)} for item in explanation.drift],
        "change": change
        and {
            "action": change.action.value,
            "host": change.host,
            "instance": change.instance,
            "reason": change.reason.value,
            "note": change.note,
            "fields": [asdict(field) for field in change.fields],
        },
    }
