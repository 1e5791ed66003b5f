"""From a request to what a runner is told: the bounds of the run, and the frames of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.app.execute.talk import Bounds
from reconciler.errors import UsageError
from reconciler.model.resources import NetworkMode
from reconciler.model.run import MEMORY_EACH, MIB
from reconciler.runner import frames, spec
from reconciler.runner.frames import Broken
from reconciler.runner.machine import MOST_STDIN
from reconciler.runner.program import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.language import Language
    from reconciler.model.run import RunRequest

HELP = "unsandbox exec --help"
ARTIFACTS = {"count": 100, "bytes": 32 * MIB, "each": 16 * MIB}
NO_ARTIFACTS = dict.fromkeys(ARTIFACTS, 0)
PROCESSES_EACH = 256
"""Processes and threads that go with each vcpu."""
ZYGOTES = frozenset({"python"})
"""Languages whose programs a runner may make as copies of a process that is warm already."""
SPARE_MEMORY = 48 * MIB
"""Of a cell's memory, for its own first process, the runner and a zygote."""
SPARE_PROCESSES = 8
PAGE = 4096
"""Bytes in whose multiples a file takes from the disk of a run, which is memory."""
SPARE_DISK = 16 * PAGE
"""Beside the disk of a run, for what its runner writes there: accounts and folders."""


class Room(NamedTuple):
    """What a cell has for one run; None where it is not bounded."""

    memory: int | None = None
    processes: int | None = None

    @classmethod
    def of(cls, memory: int | None, processes: int | None) -> Room:
        """What is left of a cell's limits for a run."""
        return cls(
            max(spec.BOUNDS["memory"][0], memory - SPARE_MEMORY) if memory else None,
            max(1, processes - SPARE_PROCESSES) if processes else None,
        )


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One run as it is said to a runner. What its owner wrote may hold a secret, so that its ``repr`` shows none of it."""

    document: Mapping[str, Any] = field(repr=False)
    bounds: Bounds
    files: tuple[bytes, ...] = field(repr=False)
    """The code, then the input files."""
    stdin: bytes = field(repr=False)


def dispatch(request: RunRequest, language: Language, room: Room) -> Dispatch:
    """What is to be said. Raises ``UsageError`` where no runner would take it."""
    check_disk(request, room)
    artifacts = ARTIFACTS if request.artifacts else NO_ARTIFACTS
    document = {
        "compile": language.compile,
        "run": (*language.run, *request.args),
        "source": language.source,
        "code": len(request.code),
        "environment": {**USUAL, **dict(language.environment), **dict(request.environment)},
        "seconds": request.seconds,
        "cpu_seconds": request.seconds * request.vcpu,
        "memory": _memory(request, room),
        "disk": _disk(request, room) + SPARE_DISK,
        "processes": min(request.vcpu * PROCESSES_EACH, room.processes or spec.BOUNDS["processes"][1]),
        "output": request.output,
        "network": "egress" if request.network is NetworkMode.SEMITRUSTED else "none",
        "inputs": [{"name": file.name, "size": len(file.data)} for file in request.files],
        "artifacts": artifacts,
        "zygote": language.name if language.name in ZYGOTES else "",
    }
    return Dispatch(
        document,
        Bounds(request.output, artifacts["count"], artifacts["bytes"], artifacts["each"]),
        (request.code, *(file.data for file in request.files)),
        request.stdin,
    )


def check_disk(request: RunRequest, room: Room) -> None:
    """Raises ``UsageError`` where code and input files together are more than the run's disk."""
    most, sizes = _disk(request, room), [len(request.code), *(len(file.data) for file in request.files)]
    if sum(-(-size // PAGE) * PAGE for size in sizes) > most:
        field = "files" if request.files else "code"
        told = f"{field}: bytes: {sum(sizes)} with the code, of which the disk of the run in that pool holds {most}, half of its memory"
        raise UsageError(told, hint="unsandbox pools")


def _memory(request: RunRequest, room: Room) -> int:
    return min(request.vcpu * MEMORY_EACH, room.memory or MEMORY_EACH * request.vcpu)


def _disk(request: RunRequest, room: Room) -> int:
    return _memory(request, room) // 2


def said(run: int, what: Dispatch) -> bytes:
    """Every frame of it, one behind another. Raises ``UsageError`` where no runner would take it."""
    payload = json.dumps(what.document).encode()
    try:
        spec.parse(payload)
        if len(payload) > frames.PAYLOAD or len(what.stdin) > MOST_STDIN:
            raise UsageError(f"more than a runner takes: {frames.PAYLOAD} bytes of settings, {MOST_STDIN} of standard input", hint=HELP)
    except Broken as error:
        raise UsageError(f"the run cannot be asked of a runner: {error}", hint=HELP) from error
    pieces = [frames.encode(frames.RUN, run, payload)]
    for data in what.files:
        pieces += _pieces(frames.FILE, run, data)
    pieces += _pieces(frames.STDIN, run, what.stdin)
    pieces.append(frames.encode(frames.STDIN, run))
    return b"".join(pieces)


def _pieces(kind: bytes, run: int, data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), frames.PAYLOAD):
        yield frames.encode(kind, run, data[at : at + frames.PAYLOAD])
