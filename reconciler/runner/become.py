"""What a copy of the zygote does to be as `python3 FILE ARGUMENTS` would have been."""

from __future__ import annotations

import atexit
import gc
import importlib.machinery
import io
import os
import random
import signal
import sys
import threading
import types

from reconciler.runner import mounts
from reconciler.runner.program import USUAL

_kept: list[types.ModuleType] = []
_main = types.ModuleType("__main__")
_path = sys.path[2:]  # without our archive and the folder in which the zygote was started

UNFLUSHED = 120
"""The status of a program that ended well and whose last output could not be written, as the interpreter has it."""


UNBUFFERED = "-u"
SETTINGS = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
"""The settings of an interpreter that a copy can still obey."""
_unbuffered: dict[str, io.TextIOWrapper] = {}


def prepare() -> None:
    """In the zygote, once: hide from copies what is ours. They keep its standard streams, which lead where their descriptors do."""
    for number, name, errors in ((1, "stdout", "surrogateescape"), (2, "stderr", "backslashreplace")):
        raw = open(number, "wb", 0, closefd=False)  # noqa: SIM115 - it lives as long as the program
        _unbuffered[name] = io.TextIOWrapper(raw, "utf-8", errors, write_through=True)
        _unbuffered[name].mode = "w"  # type: ignore[misc]
    ours = [name for name in sys.modules if name.partition(".")[0] == "reconciler"]
    _kept.extend(map(sys.modules.pop, [*ours, "__main__"]))  # taking them apart would touch all of them
    _main.__dict__.update(__builtins__=sys.modules["builtins"], __cached__=None, __annotations__={})
    sys.modules["__main__"] = _main
    os.environ.clear()
    os.environ.update(USUAL)
    sys.argv = sys.orig_argv = [""]
    sys.path[:] = _path


def _dress(words: tuple[str, ...], environment: dict[str, str]) -> None:
    """In a copy: the zygote is told nothing of any program, since all that it ever held is in the memory of each later copy."""
    for name in USUAL:
        if name not in environment:
            del os.environ[name]
    for name, value in environment.items():
        if USUAL.get(name) != value:
            os.environ[name] = value
    sys.argv = list(words[2 if words[1] == UNBUFFERED else 1 :])
    sys.orig_argv = list(words)
    sys.path[:] = [mounts.WORK, *_path]
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in environment
    path = f"{mounts.WORK}/{sys.argv[0]}"
    _main.__dict__.update(__file__=path, __loader__=importlib.machinery.SourceFileLoader("__main__", path))


def become(words: tuple[str, ...], environment: dict[str, str]) -> None:
    """In a copy, be the program of these words: run its file and end with its status. Never returns."""
    _dress(words, environment)
    _streams(environment, unbuffered=words[1] == UNBUFFERED or "PYTHONUNBUFFERED" in environment)
    random.seed()
    _numpy()
    gc.enable()
    status = _run(_main.__dict__["__file__"])
    _end(status)


def _streams(environment: dict[str, str], *, unbuffered: bool) -> None:
    """Those that such settings lead to."""
    if unbuffered:
        for name, stream in _unbuffered.items():
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if "PYTHONIOENCODING" in environment:
        for one in (sys.stdin, sys.stdout):
            if isinstance(one, io.TextIOWrapper):
                one.reconfigure(errors="strict")


def _numpy() -> None:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _run(path: str) -> int:
    """The exit status, or the negative number of the signal to end with."""
    try:
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        exec(code, _main.__dict__)  # noqa: S102 - it is what this process is for
    except SystemExit as leave:
        return _status(leave.code)
    except KeyboardInterrupt as error:
        _show(error)
        return -signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - the end of every program
        _show(error)
        return 1
    return 0


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def _show(error: BaseException) -> None:
    """As the interpreter does, without the frame of this file."""
    trace = error.__traceback__
    error = error.with_traceback(trace.tb_next if trace else None)
    sys.excepthook(type(error), error, error.__traceback__)


def _end(status: int) -> None:
    """What the interpreter does at its end, but for taking every module of the library apart."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other name for waiting for threads
    atexit._run_exitfuncs()  # noqa: SLF001 - nor for this
    _main.__dict__.clear()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        status = status or UNFLUSHED
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)
