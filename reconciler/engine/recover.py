"""After a crash: was the call of a dangling intent made? Judged by what the host shows, never by hope."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.world import Grade, Status

if TYPE_CHECKING:
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


_WANTED_STATUS = {
    "SetPower:start": Status.RUNNING,
    "SetPower:unfreeze": Status.RUNNING,
    "SetPower:freeze": Status.FROZEN,
    "SetPower:stop": Status.STOPPED,
}
_REPEATABLE = frozenset({"UpdateInstance", "PushFile", "RunCommand", "DropProtection", "ImportImage", "PutObject"})
"""Calls that bring about a state and may be made twice; the next diff asks for them again where they are still needed."""


def recover(intent: Intent, observed: Observed) -> Answer:
    """The answer for one intent without an outcome."""
    view = observed.hosts.get(intent.host)
    if view is None or view.grade is not Grade.COMPLETE:
        return Answer(Verdict.ASK, f"host {intent.host} cannot be seen in full")
    if intent.call in _REPEATABLE:
        return Answer(Verdict.REDO, f"{intent.call} may be made twice; the next plan asks for it again if it is needed")
    found = next((row for row in view.instances if row.name == intent.instance), None)
    if intent.call == "CreateInstance":
        return _create(intent, found)
    if intent.call == "DeleteInstance":
        return _delete(intent, found, view)
    if intent.call in _WANTED_STATUS:
        return _power(intent, found)
    return Answer(Verdict.ASK, f"{intent.call} is not a call this version knows")


def _create(intent: Intent, found: Instance | None) -> Answer:
    if found is None:
        return Answer(Verdict.REDO, f"{intent.instance} does not exist")
    if found.config.get(marks.INTENT) == intent.plan:
        return Answer(Verdict.DONE, f"{intent.instance} exists with the mark of this plan")
    if found.uuid == intent.uuid and intent.uuid:
        return Answer(Verdict.REDO, f"{intent.instance} is still the one from before")
    return Answer(Verdict.ASK, f"{intent.instance} exists without the mark of this plan: somebody else may have made it")


def _delete(intent: Intent, found: Instance | None, view: HostView) -> Answer:
    if found is None and intent.instance not in view.doubtful:
        return Answer(Verdict.DONE, f"{intent.instance} is gone")
    if found is not None and found.uuid == intent.uuid:
        return Answer(Verdict.REDO, f"{intent.instance} is still there")
    return Answer(Verdict.DONE, f"the {intent.instance} that was meant is gone; the name is taken by another")


def _power(intent: Intent, found: Instance | None) -> Answer:
    if found is None:
        return Answer(Verdict.REDO, f"{intent.instance} does not exist any more")
    if found.status is _WANTED_STATUS[intent.call]:
        return Answer(Verdict.DONE, f"{intent.instance} is {found.status}")
    return Answer(Verdict.REDO, f"{intent.instance} is {found.status}; the next plan asks for it again if it is needed")
