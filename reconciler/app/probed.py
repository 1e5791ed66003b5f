"""One service that is asked whether it is well: what is known of it, and the asking itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.errors import HostError, LeaseHeld, Refused
from reconciler.lxd.probe import NO_TIMEOUT, begin, command_of, ended
from reconciler.model.health import Answer, Health, Reply, Verdict
from reconciler.model.marks import read_marks
from reconciler.model.names import Kind
from reconciler.model.world import Status
from reconciler.policy.health import State, step

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.app.doors import Doors
    from reconciler.model.health import Probe
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import Instance, Observed

WAIT = 1
"""Seconds for which a thread waits for an answer before it turns to others."""
AGAIN = 1.0
"""Seconds until one that goes on is looked at again. LXD forgets how a command ended after five."""
LATE = 2.0
"""Seconds beyond its time-out after which a command counts as one that hangs."""
NOT_ASKED = Answer(Reply.UNASKED, "it does not run")


class Subject:
    """One run of one instance. ``ask`` is called by one thread at a time, the rest under the lock of who holds it."""

    def __init__(self, ref: str, host: Host, row: Instance, probe: Probe, at: datetime) -> None:
        self.uuid = row.uuid
        self.host = host
        self.ref = ref
        self._row = row
        self._probe = probe
        self._state = State(since=at, at=at)
        self._operation = ""
        self._began = 0.0
        self._bounded = True
        self._late = False
        self._asked: tuple[str, ...] = ()

    def same(self, other: Subject) -> bool:
        """Whether ``other`` is the same run, asked in the same way."""
        mine = self.host, self._probe, self._row.name, self._row.started_at
        return mine == (other.host, other._probe, other._row.name, other._row.started_at)

    def seen(self, other: Subject) -> None:
        """It was looked at again. What does not run is unknown at once, whatever it said before."""
        self._row = other._row
        if self._row.status is not Status.RUNNING:
            self._state = step(self._state, NOT_ASKED, self._probe, other._state.at)

    def health(self) -> Health:
        """What is known."""
        state = self._state
        return Health(state.verdict, state.why, state.at, self._row.started_at, self._asked)

    @property
    def is_known(self) -> bool:
        """Whether it is known to be well or not to be."""
        return self._state.verdict is not Verdict.UNKNOWN

    def learn(self, answer: Answer, at: datetime) -> str:
        """Take in an answer. What to tell where the verdict became another; "" where it did not."""
        before = self._state.verdict
        self._state = step(self._state, answer, self._probe, at)
        return f"{self.ref} is {self._state.verdict}: {self._state.why}" if self._state.verdict is not before else ""

    def ask(self, doors: Doors) -> tuple[Answer | None, float]:
        """Ask, or look how what was asked ended: the answer, None where there is none yet, and seconds until the next turn."""
        if self._row.status is not Status.RUNNING:
            return NOT_ASKED, float(self._probe.interval)
        try:
            return self._turn(doors)
        except (HostError, LeaseHeld, Refused) as error:
            self._operation = ""
            return Answer(Reply.UNASKED, f"it could not be asked ({error.code})"), float(self._probe.interval)
        except Exception as error:  # noqa: BLE001 - whatever broke: nobody was asked, and the next turn comes
            self._operation = ""
            return Answer(Reply.UNASKED, f"asking it broke ({type(error).__name__})"), float(self._probe.interval)

    def _turn(self, doors: Doors) -> tuple[Answer | None, float]:
        door = doors.open(self.host)
        if not self._operation:
            self._operation = begin(door, self._row.name, command_of(self._probe, bounded=self._bounded))
            self._began, self._late = time.monotonic(), False
            self._asked = (*self._asked[-1:], self._operation)
            answer = ended(door, self._probe, self._operation, min(WAIT, self._probe.timeout))
        else:
            answer = ended(door, self._probe, self._operation, 0)
        if answer is None:
            return self._goes_on()
        self._operation = ""
        if self._bounded and answer.why == NO_TIMEOUT:
            # Either the image has no timeout or it lacks the command itself: asked without the one, the other shows.
            self._bounded = False
            return None, 0.0
        late, self._late = self._late, False
        return (None if late else answer), float(self._probe.interval)

    def _goes_on(self) -> tuple[Answer | None, float]:
        """It hangs: a failure, once for each interval that it goes on; nothing else is begun in it meanwhile."""
        if time.monotonic() - self._began < self._probe.timeout + LATE:
            return None, AGAIN
        self._late, self._began = True, self._began + max(self._probe.interval, AGAIN)
        return Answer(Reply.FAILED, f"the probe did not end within {self._probe.timeout} s"), AGAIN


def subjects_of(desired: Desired, observed: Observed, only: str, at: datetime) -> dict[str, Subject]:
    """Uuid -> each instance that is declared with a probe and was seen, on host ``only``, or anywhere where that is ""."""
    wanted = {(str(item.ref), item.uid): item.health for item in desired.workloads if item.health and item.ref.kind is Kind.SERVICE}
    found: dict[str, Subject] = {}
    for host in desired.hosts if wanted else ():
        view = observed.hosts.get(host.name)
        for row in view.instances if view and only in {"", host.name} else ():
            marks = read_marks(row.config)
            probe = wanted.get((str(marks.ref), marks.uid)) if marks and marks.env == desired.policy.environment else None
            if marks and probe and row.uuid:
                found[row.uuid] = Subject(str(marks.ref), host, row, probe, at)
    return found
