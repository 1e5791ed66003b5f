"""After a crash or a lost answer: was the call of a dangling intent made? Judged by what the host shows, never by hope.

LXD forgets an operation five seconds after it ended, so it cannot be asked. What tells are the name, the mark of the plan that made the
instance, and its uuid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.engine.unfinished import unpacked
from reconciler.model import marks
from reconciler.model.world import Grade, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.records import Intent
    from reconciler.model.world import HostView, Instance, Observed


class Verdict(StrEnum):
    """``done``: it was made. ``redo``: it was not, or making it again does no harm. ``ask``: it cannot be told."""

    DONE = "done"
    REDO = "redo"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict and the sentence that justifies it."""

    verdict: Verdict
    why: str
    code: str = ""
    """Of an ``ask``: P10 where what has the name of a create does not carry its mark, P09 where it cannot be told for another cause."""
    uuid: str = ""
    """Of a power call that was made: the instance that shows it."""


_WANTED_STATUS = {
    "SetPower:start": Status.RUNNING,
    "SetPower:unfreeze": Status.RUNNING,
    "SetPower:freeze": Status.FROZEN,
    "SetPower:stop": Status.STOPPED,
}
_REPEATABLE = frozenset(
    {"UpdateInstance", "PushFile", "RunCommand", "DropProtection", "ImportImage", "MarkImage", "DeleteImage", "PutObject"}
)
"""Calls that bring about a state and may be made twice; the next diff asks for them again where they are still needed."""


def recover(intent: Intent, observed: Observed) -> Answer:
    """The answer for one intent without an outcome."""
    view = observed.hosts.get(intent.host)
    if view is None or view.grade is not Grade.COMPLETE:
        return _ask(f"host {intent.host} cannot be seen in full")
    if intent.call in _REPEATABLE:
        return Answer(Verdict.REDO, f"{intent.call} may be made twice; the next plan asks for it again if it is needed")
    if intent.call == "CreateInstance":
        return _create(intent, view)
    if intent.call == "DeleteInstance":
        return _delete(intent, view, observed)
    if intent.call in _WANTED_STATUS:
        return _power(intent, view)
    return _ask(f"{intent.call} is not a call this version knows")


def answers(intents: Iterable[Intent], observed: Observed) -> Iterator[tuple[Intent, Answer]]:
    """The answer for each."""
    return ((intent, recover(intent, observed)) for intent in intents)


def _ask(why: str, code: str = "P09") -> Answer:
    return Answer(Verdict.ASK, why, code)


def _create(intent: Intent, view: HostView) -> Answer:
    name, found = intent.instance, _named(view, intent.instance)
    at_work = next((item for item in view.operations if item.instance == name), None)
    if at_work is not None:
        return _ask(f"LXD is at work on {name}: {at_work.description}")
    if found is None:
        made = next((row for row in view.instances if _is_of(intent, row)), None)
        if made is not None:
            return _ask(f"what this plan made as {name} has the name {made.name}", "P10")
        return Answer(Verdict.REDO, f"{name} does not exist")
    return _created(intent, found)


def _created(intent: Intent, found: Instance) -> Answer:
    """What has the name of a create."""
    name = intent.instance
    if _is_of(intent, found):
        if unpacked(found):
            return Answer(Verdict.DONE, f"{name} exists with the mark of this plan")
        return Answer(Verdict.REDO, f"{name} was begun by this plan and not made to its end; the next plan makes it anew")
    if intent.uuid and found.uuid == intent.uuid:
        return Answer(Verdict.REDO, f"{name} is still the one from before")
    return _ask(f"{name} exists without the mark of this plan: somebody else may have made it", "P10")


def _delete(intent: Intent, view: HostView, observed: Observed) -> Answer:
    name, found = intent.instance, _named(view, intent.instance)
    if not intent.uuid:
        return (
            Answer(Verdict.DONE, f"{name} is gone") if found is None else _ask(f"{name} is there, and it was not noted which one was meant")
        )
    for place in (view, *observed.hosts.values()):
        there = next((row for row in place.instances if row.uuid == intent.uuid), None)
        if there is not None:
            return Answer(Verdict.REDO, f"{there.name} is still there, on {place.host}; the next plan asks for it again if it is needed")
    if found is None:
        return Answer(Verdict.DONE, f"{name} is gone")
    return Answer(Verdict.DONE, f"the {name} that was meant is gone; the name is taken by another")


def _power(intent: Intent, view: HostView) -> Answer:
    meant = next((row for row in view.instances if intent.uuid and row.uuid == intent.uuid), None)
    if meant is None:
        # One that was made in the same plan has no uuid in the intent, only the plan's mark.
        found = _named(view, intent.instance)
        meant = found if found is not None and _is_of(intent, found) else None
    if meant is None:
        return Answer(Verdict.REDO, f"the {intent.instance} that was meant does not exist any more")
    if meant.status is _WANTED_STATUS[intent.call]:
        return Answer(Verdict.DONE, f"{meant.name} is {meant.status}", uuid=meant.uuid)
    if meant.status is Status.CHANGING or any(item.instance == meant.name and item.kind != "command" for item in view.operations):
        # It may be this very call that LXD is still at work on; a later look tells, and until then nobody knows who set what comes.
        return _ask(f"LXD may be at work on {meant.name}: it is {meant.status_text}")
    return Answer(Verdict.REDO, f"{meant.name} is {meant.status}; the next plan asks for it again if it is needed")


def _named(view: HostView, name: str) -> Instance | None:
    return next((row for row in view.instances if row.name == name), None)


def _is_of(intent: Intent, row: Instance) -> bool:
    """Whether the intent's own plan wrote the marks on the row, and as the intent's own object."""
    found = marks.read_marks(row.config)
    return found is not None and str(found.ref) == intent.ref and bool(intent.plan) and row.config.get(marks.INTENT) == intent.plan
