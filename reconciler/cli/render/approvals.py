"""Approvers, what they are shown once, and what a plan asks approval for."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import segno

from reconciler.cli.render.screen import Line, columns
from reconciler.model.changes import DESTRUCTIVE, Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.approvers import Enrolment
    from reconciler.engine.refuse.plans import Saved
    from reconciler.model.approvals import Approver

_HEAD: Line = tuple((word, "dim") for word in ("APPROVER", "ENROLLED", "RECOVERY CODES", "WRONG CODES THIS HOUR", "KEY"))
SHOWN = 30
"""Lines for what is not destroyed; what is destroyed is always shown whole."""
_DESTRUCTIVE = frozenset(action.value for action in DESTRUCTIVE)


def approver_lines(approvers: Sequence[Approver]) -> list[Line]:
    """One row a person; nothing of it is secret."""
    if not approvers:
        return [(("nobody is enrolled, so nothing that needs approval is done; enrol a person with: unsandbox approvers add NAME", ""),)]
    return columns([_HEAD, *(_row(approver) for approver in approvers)])


def _row(approver: Approver) -> Line:
    return (
        (approver.name, "title"),
        (approver.enrolled_at.isoformat(timespec="seconds"), "dim"),
        (f"{approver.recovery_left} left", "" if approver.recovery_left > 1 else "warn"),
        (str(approver.wrong), "warn" if approver.wrong else ""),
        (approver.public_key[:12] or "-", "dim"),
    )


def approver_document(approver: Approver) -> dict[str, object]:
    """One person as JSON values."""
    return {**asdict(approver), "enrolled_at": approver.enrolled_at.isoformat()}


def enrolment_lines(enrolment: Enrolment, *, drawn: bool) -> list[Line]:
    """The secret, as a code to photograph where ``drawn``, and the recovery codes. Shown once."""
    picture = [((row, "code"),) for row in qr_rows(enrolment.uri)] if drawn else []
    return [
        ((f"{enrolment.name}: take this into an authenticator app (clock codes, 6 digits, 30 s). It is shown once.", "title"),),
        *picture,
        (("  secret          ", "dim"), (in_groups(enrolment.secret), "")),
        (
            (
                "Recovery codes, each good for one approval when the app is out of reach. They are shown once; keep them apart from it.",
                "title",
            ),
        ),
        *[((f"  {one}", ""),) for one in enrolment.recovery],
    ]


def qr_rows(text: str) -> list[str]:
    """``text`` as a QR code of half blocks, light parts drawn."""
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue().splitlines()


def in_groups(secret: str) -> str:
    """Fours, as apps ask for it to be typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def asked_lines(saved: Saved) -> list[Line]:
    """What an approval of the plan allows: counts by action, what is destroyed, and the rest. No more than the approval binds to."""
    counts = Counter(action for action, _ in saved.touched.values())
    told = ", ".join(f"{count} {action}" for action, count in sorted(counts.items(), key=_rank))
    acts = sorted((ref, host, action) for (ref, host), (action, _) in saved.touched.items())
    destroyed, rest = ([act for act in acts if (act[2] in _DESTRUCTIVE) is wanted] for wanted in (True, False))
    lines: list[Line] = [((f"Plan {saved.id[:12]}: {told or 'nothing to do'}", "title"),)]
    lines += [((f"  commit {saved.commit[:12] or 'none'}", "dim"),)]
    if destroyed:
        lines += [(("  destroys, with its data:", "bad"),), *_acts(destroyed, "bad", saved)]
    if rest:
        lines += [(("  and does:", ""),), *_acts(rest[:SHOWN], "", saved)]
    if len(rest) > SHOWN:
        lines += [((f"    and {len(rest) - SHOWN} more", "dim"),)]
    return lines


def _acts(acts: Sequence[tuple[str, str, str]], style: str, saved: Saved) -> list[Line]:
    rows = ((ref, host, action, "; ".join(saved.fields.get((ref, host), ()))) for ref, host, action in acts)
    return columns([((ref, ""), (f"on {host}", ""), (action, style), (fields, "dim")) for ref, host, action, fields in rows], indent=4)


def _rank(row: tuple[str, int]) -> int:
    order = [action.value for action in Action]
    return -order.index(row[0]) if row[0] in order else 1
