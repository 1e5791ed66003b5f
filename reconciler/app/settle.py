"""After a crash: every intent without an outcome is settled by what the hosts show, before anything else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.app.observe import observe
from reconciler.engine.recover import Verdict, answers
from reconciler.model.records import Outcome, PowerRecord, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.app.doors import Doors
    from reconciler.engine.recover import Answer
    from reconciler.model.records import Intent
    from reconciler.model.resources import Host
    from reconciler.model.world import Observed
    from reconciler.store.journal import Journal

    Questions = dict[tuple[str, str], tuple[str, str]]
    """As ``Ledger.open_questions``."""

_OUTCOME = {Verdict.DONE: Outcome.DONE, Verdict.REDO: Outcome.SKIPPED}
_POWER = {"SetPower:start": "running", "SetPower:unfreeze": "running", "SetPower:freeze": "frozen", "SetPower:stop": "hibernated"}


def settle(journal: Journal, observed: Observed, host: str = "") -> Questions:
    """Write an outcome for each dangling intent that can be decided; give back the questions that stay open.

    ``host``: only of what was begun there, where calls on others may be under way at this moment.
    """
    judged = list(answers([intent for intent in journal.dangling() if host in {"", intent.host}], observed))
    for intent, answer in judged:
        if answer.verdict in _OUTCOME:
            _record(journal, intent, answer)
    return _open(judged)


def settle_now(journal: Journal, hosts: Sequence[Host], doors: Doors) -> Questions:
    """As ``settle``, by a look taken now; for the writer, before anything is done.

    The look that the plan was made from may be older than the calls: another writer may have made them since and died.
    """
    if not journal.dangling():
        return {}
    return settle(journal, observe(hosts, doors))


def open_questions(journal: Journal, observed: Observed) -> Questions:
    """What ``settle`` would leave open, without writing anything."""
    return _open(answers(journal.dangling(), observed))


def _open(judged: Iterable[tuple[Intent, Answer]]) -> Questions:
    return {(intent.host, intent.instance): (intent.call, answer.why) for intent, answer in judged if answer.verdict not in _OUTCOME}


def _record(journal: Journal, intent: Intent, answer: Answer) -> None:
    """The outcome, with what is written after a call that succeeded."""
    detail, done = f"settled after a crash: {answer.why}", answer.verdict is Verdict.DONE
    power, gone = None, False
    if done and intent.call in _POWER:
        # A call outside a plan was asked for by a request.
        power = PowerRecord(_POWER[intent.call], Writer.GIT if intent.plan else Writer.API)
    if done and intent.call == "DeleteInstance":
        gone = bool(intent.uuid)
    uuid = intent.uuid if gone else answer.uuid
    journal.record(intent.id, _OUTCOME[answer.verdict], detail=detail, at=stamp(), uuid=uuid, power=power, gone=gone)
