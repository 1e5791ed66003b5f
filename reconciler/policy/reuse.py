"""May an owner run again in a cell it ran in? Only where everything speaks for it; any doubt ends the cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.execute import ClaimState, Reuse
from reconciler.model.rules import No, Rule, ask

if TYPE_CHECKING:
    from reconciler.model.execute import Claim, Terms

UNBLOCK = "unsandbox pools"


@dataclass(frozen=True, slots=True)
class Return:
    """A run that came to its end. ``doubts``: words for all that was not as it should be, such as a process left or a limit hit."""

    claim: Claim
    terms: Terms
    at: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Somebody who would run in a cell that was kept. ``used_at``: when the last run ended there."""

    claim: Claim
    terms: Terms
    owner: str
    at: float
    used_at: float


def _once(asked: Return) -> No | None:
    if asked.terms.reuse is Reuse.OWNER:
        return None
    return No("each run has a cell of its own", (("reuse", asked.terms.reuse.value),), UNBLOCK)


def _doubted(asked: Return) -> No | None:
    if not asked.doubts:
        return None
    return No("the run left it in doubt", tuple(("doubt", doubt) for doubt in asked.doubts), UNBLOCK)


def _worn(asked: Return) -> No | None:
    if asked.claim.turn < asked.terms.runs:
        return None
    return No("it had its runs", (("runs", str(asked.claim.turn)), ("most", str(asked.terms.runs))), UNBLOCK)


def _over(asked: Return) -> No | None:
    if 0 <= asked.at - asked.claim.at < asked.terms.lease:
        return None
    return No("its lease is over", (("lease", f"{asked.terms.lease} s"), ("age", f"{asked.at - asked.claim.at:.0f} s")), UNBLOCK)


KEEP_RULES: tuple[Rule[[Return]], ...] = (
    Rule("C01", "Each run has a cell of its own", _once, "The pool says reuse: never, so what a run left behind can reach nobody."),
    Rule("C02", "The run left it in doubt", _doubted, "What is not known to be clean is not clean: it is cheaper to make a cell anew."),
    Rule("C03", "It had its runs", _worn, "What nobody thought of gathers with every run, so their number is bounded."),
    Rule("C04", "Its lease is over", _over, "One owner keeps a cell for so long and no longer; a clock that was set back ends it as well."),
)
"""Is the cell kept for its owner after a run?"""


def _stranger(asked: Again) -> No | None:
    if asked.claim.owner and asked.claim.owner == asked.owner:
        return None
    return No("it served another owner", (("claimed by", asked.claim.owner[:12] or "nobody"), ("asked by", asked.owner[:12])), UNBLOCK)


def _not_kept(asked: Again) -> No | None:
    if asked.claim.state is ClaimState.KEPT and asked.at < asked.claim.until:
        return None
    return No("it is not kept for a run", (("state", asked.claim.state.value), ("left", f"{asked.claim.until - asked.at:.0f} s")), UNBLOCK)


def _forbidden(asked: Again) -> No | None:
    if asked.terms.reuse is Reuse.OWNER and asked.claim.turn < asked.terms.runs:
        return None
    evidence = (("reuse", asked.terms.reuse.value), ("runs", str(asked.claim.turn)), ("most", str(asked.terms.runs)))
    return No("its pool allows no further run in it", evidence, UNBLOCK)


def _stale(asked: Again) -> No | None:
    rest = asked.at - asked.used_at
    if 0 <= rest < asked.terms.idle:
        return None
    return No("it was idle for too long", (("idle", f"{rest:.0f} s"), ("most", f"{asked.terms.idle} s")), UNBLOCK)


AGAIN_RULES: tuple[Rule[[Again]], ...] = (
    Rule(
        "C05", "The cell served another owner", _stranger, "What one owner left, another must never find: a cell has one owner in its life."
    ),
    Rule("C06", "The cell is not kept for a run", _not_kept, "Somebody runs in it, its lease is over, or it is about to be destroyed."),
    Rule("C07", "Its pool allows no further run in it", _forbidden, "The pool's reuse and runs hold as they are now, not as they were."),
    Rule("C08", "The cell was idle for too long", _stale, "A warm cell that nobody uses takes memory from those who would."),
)
"""Does the owner run in it again?"""


def kept_until(asked: Return) -> float:
    """Until when a cell that is kept waits for its owner: idle time or lease, whichever ends first."""
    return min(asked.at + asked.terms.idle, asked.claim.at + asked.terms.lease)


def why_spent(asked: Return) -> str:
    """Why the cell is spent after this run; "" where it is kept."""
    return next((_told(rule.code, no) for rule in KEEP_RULES if (no := ask(rule, UNBLOCK, asked)) is not None), "")


def why_not_again(asked: Again) -> str:
    """Why the owner does not run in it again; "" where it does."""
    return next((_told(rule.code, no) for rule in AGAIN_RULES if (no := ask(rule, UNBLOCK, asked)) is not None), "")


def _told(code: str, no: No) -> str:
    return f"{code}: {no.cause} ({'; '.join(f'{name}: {value}' for name, value in no.evidence)})"
