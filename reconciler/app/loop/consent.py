"""Approval in a process that nobody attends: what needs a person is left alone until one approved the very plan that the loop made too."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.approvals import binding_of, redeem
from reconciler.app.clearance import needs_of
from reconciler.engine.consent import need_of
from reconciler.model.resources import Approval
from reconciler.policy.otp import LIFE

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.plan import PlannedAction
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired

    _What = tuple[str, str, str, str, tuple[tuple[str, ...], ...], str]


class Consent:
    """What was approved a moment ago. An approval is used up by whoever finds it first and holds for its whole plan, on every host."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._approved: dict[_What, tuple[str, float]] = {}
        self._guard = threading.Lock()

    def look(self, made: Made) -> None:
        """Look for an approval of ``made``, where something in it needs one."""
        if not needs_of(made):
            return
        found = redeem(self._settings, binding_of(made.plan))
        if found is None:
            return
        until = time.monotonic() + LIFE.total_seconds()
        with self._guard:
            self._approved = {act: told for act, told in self._approved.items() if told[1] > time.monotonic()}
            self._approved |= {_what(made, action): (found.by, until) for action in made.plan.actions}

    def allows(self, made: Made, action: PlannedAction) -> bool:
        """Whether it needs nobody, or somebody approved exactly it."""
        return not (needs_of(made) and need_of(action)) or bool(self._by(made, action))

    def by(self, made: Made) -> str:
        """Who approved what in ``made`` needs it; "" where nothing does, or where nobody approved even one of them."""
        names = {self._by(made, action) for action in made.plan.actions if need_of(action)} if needs_of(made) else {""}
        return "" if "" in names else ", ".join(sorted(names))

    def _by(self, made: Made, action: PlannedAction) -> str:
        with self._guard:
            by, until = self._approved.get(_what(made, action), ("", 0.0))
        return by if until > time.monotonic() else ""


def _what(made: Made, action: PlannedAction) -> _What:
    """What a yes was said to: this action on this object as it was, for this text. Another of them is another question."""
    fields = tuple((diff.path, diff.old, diff.new) for diff in action.fields)
    return action.ref, action.host, action.action, action.fingerprint, fields, made.plan.commit.digest


def as_strict_as_applied(desired: Desired, ledger: Ledger) -> Desired:
    """A policy that switches approval off counts only once a person said so, at a terminal: until then it is asked for as before."""
    applied = ledger.applied
    if desired.policy.approval is not Approval.OFF or applied is None or not applied.approval:
        return desired
    return replace(desired, policy=replace(desired.policy, approval=Approval.REQUIRED))
