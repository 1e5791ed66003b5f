"""A plan as text. Golden files in tests/cases/render/ hold every part of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns
from reconciler.model.changes import DESTRUCTIVE, Action, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.changes import FieldDiff, Refusal
    from reconciler.model.plan import Plan, PlannedAction
    from reconciler.model.resources import Commit

ORDER = (
    Action.PREPARE,
    Action.IMPORT,
    Action.CREATE,
    Action.START,
    Action.UNFREEZE,
    Action.RESTART,
    Action.UPDATE,
    Action.REPLACE,
    Action.FREEZE,
    Action.HIBERNATE,
    Action.QUARANTINE,
    Action.DESTROY,
)
"""Of the count line: the order in which a plan goes."""

SIGNS = {
    Action.PREPARE: ("*", "info"),
    Action.IMPORT: ("*", "info"),
    Action.CREATE: ("+", "good"),
    Action.START: (">", "good"),
    Action.UNFREEZE: (">", "good"),
    Action.RESTART: (">", "warn"),
    Action.UPDATE: ("~", "warn"),
    Action.REPLACE: ("!", "bad"),
    Action.FREEZE: ("=", "info"),
    Action.HIBERNATE: ("=", "info"),
    Action.QUARANTINE: ("x", "warn"),
    Action.DESTROY: ("-", "bad"),
}

REASONS = {
    Reason.HOST_NOT_PREPARED: "the host has no project of ours",
    Reason.FOUNDATION_DIFFERS: "project, networks or rules of the host differ",
    Reason.IMAGE_ABSENT: "the host does not have the image",
    Reason.ABSENT: "declared, and not there",
    Reason.FIELDS_DIFFER: "fields differ",
    Reason.POWER_DIFFERS: "the power state differs",
    Reason.BOOTSTRAP_DIFFERS: "the bootstrap has yet to run",
    Reason.IMMUTABLE_DIFFERS: "a field differs that LXD cannot change in place",
    Reason.NOT_DECLARED: "ours, and no manifest declares it",
    Reason.THAWED: "in quarantine, and somebody woke it",
    Reason.GRACE_OVER: "its grace in quarantine is over",
    Reason.IN_QUARANTINE: "in quarantine",
    Reason.ORPHANED: "claimed by a session that no manifest declares",
    Reason.UNFINISHED: "its creation was cut off; it never ran",
    Reason.SURPLUS: "beyond the size of its pool",
    Reason.SPENT: "it served its owner, and serves nobody else",
    Reason.EXPIRED: "its time to live is over",
    Reason.AS_DECLARED: "as declared",
    Reason.POWER_NOT_OURS: "its power state is not ours to change",
    Reason.ENDED: "it ended; its name is not used again",
    Reason.UNHEALTHY: "it runs and is not well",
}


def reason_text(code: str) -> str:
    """A reason as a sentence; a code that is none of ours is shown as it is."""
    return REASONS[Reason(code)] if code in set(Reason) else code


def plan_lines(plan: Plan) -> list[Line]:
    """The whole plan: count, hosts not seen, refusals, destroys, the rest, count."""
    destroys = [action for action in plan.actions if Action(action.action) in DESTRUCTIVE]
    rest = [action for action in plan.actions if Action(action.action) not in DESTRUCTIVE]
    count = count_line(plan)
    body = [
        *_unseen(plan.unseen),
        *_section(f"Refused ({len(plan.refusals)})", refusal_lines(plan.refusals)),
        *_section(f"Destroys ({len(destroys)})", action_lines(destroys)),
        *_section(f"Changes ({len(rest)})", action_lines(rest)),
    ]
    return [count, *body, (), count] if body else [count]


def count_line(plan: Plan) -> Line:
    """``Plan: 3 to create, 2 to destroy; 1 refused; 40 as declared · commit abc1234 (dirty)``."""
    counts = Counter(action.action for action in plan.actions)
    wanted = ", ".join(f"{counts[action]} to {action}" for action in ORDER if counts[action]) or "nothing to do"
    parts = [wanted]
    if plan.refusals:
        parts.append(f"{len(plan.refusals)} refused")
    if plan.unseen:
        parts.append(f"{len(plan.unseen)} {'host' if len(plan.unseen) == 1 else 'hosts'} not seen in full")
    parts.append(f"{plan.kept} as declared")
    scope = (f" · only {' '.join(plan.scope)}", "dim") if plan.scope else ("", "")
    return (("Plan: " + "; ".join(parts), "title"), (f" · {commit_text(plan.commit)}", "dim"), scope)


def commit_text(commit: Commit) -> str:
    """``commit abc1234``, with ``(dirty)`` where files differ from it; ``no commit`` outside git."""
    if not commit.id:
        return "no commit"
    return f"commit {commit.id[:12]}" + (" (dirty)" if commit.dirty else "")


def _section(title: str, lines: list[Line]) -> list[Line]:
    return [(), ((title, "title"),), *lines] if lines else []


def _unseen(unseen: Sequence[tuple[str, str]]) -> list[Line]:
    rows = columns([((host, "warn"), (why, "")) for host, why in unseen], indent=2)
    return _section("Not seen in full: nothing is made or removed there on the strength of it", rows)


def refusal_lines(refusals: Iterable[Refusal]) -> list[Line]:
    """Code, action, reference, host and cause; both values; the command that unblocks. Those alike but for the reference come as one."""
    alike: dict[Refusal, list[str]] = {}
    for refusal in refusals:
        alike.setdefault(replace(refusal, ref="", subject=""), []).append(refusal.ref)
    return [line for refusal, refs in alike.items() for line in _refusal(refusal, refs)]


def _refusal(refusal: Refusal, refs: Sequence[str]) -> list[Line]:
    what = " ".join(part for part in (refusal.action, refs[0] if len(refs) == 1 else f"{len(refs)} objects") if part)
    where = f" on {refusal.host}" if refusal.host and refs != [f"Host/{refusal.host}"] else ""
    lines: list[Line] = [(("  ", ""), (refusal.code, "loud"), (f" {what}{where}: {refusal.cause}", ""))]
    if len(refs) > 1:
        lines.append(((f"      {', '.join(refs)}", ""),))
    lines += columns([((name, "dim"), (value, "")) for name, value in refusal.evidence], indent=6)
    if refusal.unblock:
        lines.append((("      unblock: ", ""), (refusal.unblock, "info")))
    return lines


def refusal_document(refusal: Refusal) -> dict[str, object]:
    """One refusal as JSON values, as in the plan's."""
    return {**asdict(refusal), "evidence": dict(refusal.evidence)}


def action_lines(actions: Iterable[PlannedAction]) -> list[Line]:
    """Sign, action, reference, host and reason; then fields and the note."""
    lines: list[Line] = []
    for action in actions:
        sign, style = SIGNS[Action(action.action)]
        instance = f" ({action.instance})" if action.instance else ""
        where = f" on {action.host}" if action.host and action.ref != f"Host/{action.host}" else ""
        lines.append(
            (("  ", ""), (f"{sign} {action.action}", style), (f" {action.ref}{where}{instance}: {reason_text(action.reason)}", ""))
        )
        lines += field_lines(action.fields)
        if action.note:
            lines.append(((f"      {action.note}", "dim"),))
    return lines


def field_lines(fields: Iterable[FieldDiff], indent: int = 6) -> list[Line]:
    """``path: old -> new``; an absent side is written ``(absent)``."""
    return [
        ((" " * indent, ""), (f"{field.path}: ", ""), (field.old or "(absent)", "dim"), (" -> ", ""), (field.new or "(absent)", ""))
        for field in fields
    ]
