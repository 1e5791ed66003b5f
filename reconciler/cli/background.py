"""A job that outlives the command that asked for it: a process of its own has it, and ends with it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, TextIO

from reconciler.app.execute.executor import Executor
from reconciler.errors import Defect, UnsandboxError
from reconciler.model.execute import ENDED
from reconciler.model.tenancy import Caller

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.model.run import RunRequest

HOUR = 3600.0


def in_background(settings: Settings, request: RunRequest, key: str) -> str:
    """The id of the job. Raises whatever kept it from being begun."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, ours = os.pipe()
    writing = os.fdopen(ours, "w")
    # The request goes to a copy of this process, so that nothing of it is in a list of processes.
    if os.fork() == 0:
        os.close(reading)
        _carry(settings, request, key, writing)
    writing.close()
    with os.fdopen(reading, "rb") as told:
        answer = json.loads(told.read() or b"{}")
    if "id" in answer:
        return str(answer["id"])
    raise _error(answer)


def _carry(settings: Settings, request: RunRequest, key: str, writing: TextIO) -> NoReturn:
    """In the copy: begin it, tell its id, and wait for its end. Nothing is left of the terminal."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        _run(settings, request, key, writing)
    finally:
        os._exit(0)


def _run(settings: Settings, request: RunRequest, key: str, writing: TextIO) -> None:
    try:
        with Executor.open(settings) as executor:
            owned = replace(request, owner=executor.owner(Caller(operator=settings.actor)))
            job = executor.submit(owned, key)
            tell(writing, {"id": job.id})
            while job.state not in ENDED:
                job = executor.wait(job.id, owned.owner, HOUR) or job
    except UnsandboxError as error:
        tell(writing, {"code": error.code, "message": error.message, "hint": error.hint, "exit": error.exit_status})


def tell(writing: TextIO, answer: dict[str, object]) -> None:
    """Say it to the command that waits, once: the number of what is closed then may be that of another file."""
    if not writing.closed:
        with suppress(OSError), writing:
            json.dump(answer, writing)


def _error(answer: dict[str, object]) -> UnsandboxError:
    if not answer:
        return Defect("the process that was to have the job ended before it had it")
    error = UnsandboxError(str(answer["message"]), hint=str(answer["hint"]))
    error.code, error.exit_status = str(answer["code"]), int(str(answer["exit"]))
    return error
