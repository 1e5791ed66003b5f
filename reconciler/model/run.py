"""One run: what is asked for, and what came of it. Times are seconds, sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.execute import LONGEST_RUN
from reconciler.model.resources import NetworkMode

if TYPE_CHECKING:
    from reconciler.model.names import Ref

MIB = 1024 * 1024
USUAL_SECONDS = 60
SECONDS = (1, LONGEST_RUN)
VCPUS = (1, 8)
MEMORY_EACH = 2048 * MIB
"""Memory that goes with each vcpu."""
USUAL_OUTPUT, MOST_OUTPUT = 8 * MIB, 64 * MIB
"""Of standard output and standard error together."""
USUAL_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the program finds in ``/tmp/input``. ``name`` may hold folders."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody asks for. What its owner wrote may hold a secret, so that its ``repr`` shows none of it."""

    owner: str
    """Digest of the key that asks."""
    code: bytes = field(repr=False)
    language: str = ""
    """Name or alias; "" where it is to be told from the code."""
    file_name: str = field(default="", repr=False)
    """What the code was called, for telling its language; "" where it had no name."""
    args: tuple[str, ...] = field(default=(), repr=False)
    stdin: bytes = field(default=b"", repr=False)
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    files: tuple[InputFile, ...] = field(default=(), repr=False)
    seconds: int = USUAL_SECONDS
    """Of the wall clock, for its compilation and its run together."""
    vcpu: int = 1
    network: NetworkMode = NetworkMode.ZEROTRUST
    artifacts: bool = False
    """Whether what it leaves in ``/tmp/artifacts`` is given back."""
    output: int = USUAL_OUTPUT
    """Bytes of standard output and standard error together, with which it ends."""
    accepts: float = USUAL_PATIENCE
    """Seconds for which the caller would wait for its start."""
    pool: str = ""
    """Name of the pool; "" where any that fits will do."""


class Ending(StrEnum):
    """How a run ended. ``lost``: the cell or its runner was, so that nobody knows how the program did."""

    FINISHED = "finished"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    CANCELLED = "cancelled"
    LOST = "lost"


class Stage(StrEnum):
    """Where a run ended: in its compilation, or behind it."""

    COMPILE = "compile"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Times:
    """Where the time went. All but ``queue`` and ``start`` are as the runner tells them."""

    queue: float = 0.0
    """From the request until it had a cell."""
    start: float = 0.0
    """Until its runner had the request, and its sandbox stood."""
    compile: float = 0.0
    run: float = 0.0
    collect: float = 0.0
    """Of its artifacts."""
    wipe: float = 0.0
    """Until its sandbox was known to be gone."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that the program left. ``name`` is fit to be used below a folder."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the sandbox is gone, as far as its runner tells, and what of that is in doubt."""

    code_sha256: str
    output_sha256: str
    """Of standard output and standard error, in the order in which the host received them."""
    agrees: bool = False
    """Whether the runner's own hash of the output is the same."""
    output: int = 0
    """Bytes of both."""
    cpu: float = 0.0
    """Seconds of processor."""
    killed: int = 0
    """Processes that the program left, which were killed with its sandbox."""
    processes: int = 0
    """Processes that were left in the cell; -1 where that is not known."""
    mounts: int = 0
    """Mounts that were left in the cell; -1 where that is not known."""
    doubts: tuple[str, ...] = ()
    """Words for all that was not as it should be. With any the cell serves nobody any more."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. Nothing of what the program said is shown by its ``repr``."""

    ending: Ending
    language: str
    receipt: Receipt
    stage: Stage = Stage.RUN
    exit_code: int | None = None
    """None where a signal ended the program, or nobody knows."""
    signal: int | None = None
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    truncated: tuple[str, ...] = ()
    """``stdout`` and ``stderr``, whichever lost bytes to the bound."""
    artifacts: tuple[Artifact, ...] = field(default=(), repr=False)
    refused: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Artifacts that are not given: name, and why."""
    times: Times = field(default_factory=Times)
    cpu: float = 0.0
    """Seconds of processor."""
    peak: int = 0
    """Bytes of memory at most; 0 where nobody knows."""
    cell: Ref | None = None
    host: str = ""
