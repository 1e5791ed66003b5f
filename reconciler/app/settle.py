"""After a crash: every intent without an outcome is settled by what the hosts show, before anything else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.engine.recover import Verdict, recover
from reconciler.model.records import Outcome

if TYPE_CHECKING:
    from reconciler.model.records import Intent
    from reconciler.model.world import Observed
    from reconciler.store.journal import Journal

_OUTCOME = {Verdict.DONE: Outcome.DONE, Verdict.REDO: Outcome.SKIPPED}


def settle(journal: Journal, observed: Observed) -> tuple[tuple[Intent, str], ...]:
    """Write an outcome for each dangling intent that can be decided; give back those that cannot, with why."""
    open_questions = []
    for intent in journal.dangling():
        answer = recover(intent, observed)
        if answer.verdict in _OUTCOME:
            journal.record(intent.id, _OUTCOME[answer.verdict], detail=f"settled after a crash: {answer.why}", at=stamp())
        else:
            open_questions.append((intent, answer.why))
    return tuple(open_questions)
