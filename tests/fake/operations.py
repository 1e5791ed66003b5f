"""Operations: begun, ended, forgotten."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.fake.answers import Answer, Refused, begun, sync
from tests.fake.events import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fake.answers import Request
    from tests.fake.state import State

    Work = Callable[[], Mapping[str, object] | None]

RUNNING, SUCCESS, FAILURE = 103, 200, 400
WORDS = {RUNNING: "Running", SUCCESS: "Success", FAILURE: "Failure"}


@dataclass
class Operation:
    """One operation. ``ended`` is of the monotonic clock, 0 while it runs."""

    id: str
    description: str
    resources: dict[str, list[str]]
    project: str
    created_at: str
    kind: str = "task"
    code: int = RUNNING
    error: str = ""
    metadata: Mapping[str, object] | None = None
    ended: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def row(self) -> dict[str, Any]:
        """As LXD tells it."""
        return {
            "id": self.id,
            "class": self.kind,
            "description": self.description,
            "created_at": self.created_at,
            "updated_at": stamp(),
            "status": WORDS[self.code],
            "status_code": self.code,
            "resources": self.resources or None,
            "metadata": self.metadata,
            "may_cancel": False,
            "err": self.error,
            "location": "none",
        }


class Operations:
    """All operations of a daemon."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._all: dict[str, Operation] = {}
        self._threads: list[threading.Thread] = []

    def start(self, request: Request, description: str, names: Sequence[str], work: Work, seconds: float = 0.0) -> Answer:
        """Begin: the answer tells of a running operation. ``work`` is done after ``seconds``, and a ``Refused`` in it is the failure."""
        paths = [f"/1.0/instances/{name}" for name in names]
        operation = Operation(str(uuid4()), description, {"instances": paths} if paths else {}, request.project, stamp())
        answer = begun(operation.row())
        with self._state.lock:
            self._all[operation.id] = operation
            self._tell(operation)
        if seconds:
            thread = threading.Thread(target=self._later, args=(operation, work, seconds), daemon=True)
            self._threads.append(thread)
            thread.start()
        else:
            self._carry_out(operation, work)
        return answer

    def _later(self, operation: Operation, work: Work, seconds: float) -> None:
        time.sleep(seconds)
        self._carry_out(operation, work)

    def _carry_out(self, operation: Operation, work: Work) -> None:
        with self._state.lock:
            try:
                operation.metadata = work()
                operation.code = SUCCESS
            except Refused as refused:
                operation.code, operation.error = FAILURE, refused.text
            self._state.written(operation.project, [path.rpartition("/")[2] for path in operation.resources.get("instances", ())])
            operation.ended = time.monotonic()
            self._tell(operation)
        operation.over.set()

    def _tell(self, operation: Operation) -> None:
        names = tuple(path.rpartition("/")[2] for path in operation.resources.get("instances", [])[:1])
        self._state.events.operation(operation.row(), operation.project, names)

    def find(self, name: str) -> Operation:
        """By id; LXD knows an ended one for a few seconds more."""
        with self._state.lock:
            self._forget()
            if name not in self._all:
                raise Refused(404, "Operation not found")
            return self._all[name]

    def _forget(self) -> None:
        oldest = time.monotonic() - self._state.pace.forget
        for name in [name for name, operation in self._all.items() if operation.ended and operation.ended <= oldest]:
            del self._all[name]

    def listed(self, request: Request) -> Answer:
        """By state, those of the project."""
        with self._state.lock:
            self._forget()
            found: dict[str, list[Any]] = {}
            for operation in self._all.values():
                if operation.project == request.project:
                    shown = operation.row() if request.deep else f"/1.0/operations/{operation.id}"
                    found.setdefault(WORDS[operation.code].lower(), []).append(shown)
        return sync(found)

    def one(self, request: Request) -> Answer:
        """GET of one."""
        return sync(self.find(request.parts[1]).row())

    def waited(self, request: Request) -> Answer:
        """Wait for its end, at most ``timeout`` seconds; -1 means for ever, which here is a minute."""
        operation = self.find(request.parts[1])
        seconds = float(request.query.get("timeout", "-1"))
        operation.over.wait(seconds if seconds >= 0 else 60.0)
        return sync(operation.row())

    def rest(self, seconds: float = 5.0) -> None:
        """Wait until nothing is under way."""
        for thread in self._threads:
            thread.join(seconds)
        self._threads.clear()
