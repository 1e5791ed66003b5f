"""Running a command to an exit code: every error becomes one clear message, none a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reconciler.app.clock import stamp
from reconciler.app.shortage import shortage_of
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation
from reconciler.cli.render.error import error_lines
from reconciler.cli.render.screen import Screen, wants_colour
from reconciler.errors import Defect, UnsandboxError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typer._click import Command, Context

DEBUG = "UNSANDBOX_DEBUG"
GLOBAL = ("-C", "--directory", "--state-dir", "--config-dir", "--connect-timeout", "--timeout", "--parallel", "--actor", "--color")


def guarded(group: Command, arguments: Sequence[str], prefix: str) -> int:
    """Run ``group`` and return the exit code of the process."""
    context: list[Context] = []
    try:
        with group.make_context("unsandbox", list(arguments), auto_envvar_prefix=prefix) as made:
            context.append(made)
            group.invoke(made)
            sys.stdout.flush()
    except typer.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        return _unread()
    except (KeyboardInterrupt, typer.Abort):
        return _told(context, [(("stopped", "warn"), ("; nothing was done", ""))], Exit.STOPPED)
    except Exception as error:  # noqa: BLE001 - the last place before the user; everything is reported
        ours = _ours(error, context)
        return _told(context, error_lines(ours), ours.exit_status)
    return Exit.DONE


def _ours(error: Exception, context: Sequence[Context]) -> UnsandboxError:
    if isinstance(error, UnsandboxError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage(error)
    return shortage_of(error) or _defect(error, _folders(context))


def _told(context: Sequence[Context], lines: list[Sequence[tuple[str, str]]], code: int) -> int:
    made = context[0].obj if context else None
    err = made.err if isinstance(made, Invocation) else Screen(sys.stderr, colour=wants_colour("auto", sys.stderr, os.environ))
    err.tell(lines)
    return code


def _unread() -> int:
    # The interpreter flushes at its end and would complain about the closed pipe once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.UNREAD


def _usage(error: typer.TyperException) -> UsageError:
    """A wrong command line in our one form, with the help that shows the right one."""
    message = error.format_message().rstrip(".")
    path = getattr(getattr(error, "ctx", None), "command_path", "unsandbox")
    option = getattr(error, "option_name", "")
    if option in GLOBAL and path != "unsandbox":
        return UsageError(f"{option} is an option of unsandbox itself and goes before the command", hint=_moved(path, option))
    return UsageError(message[:1].lower() + message[1:], hint=f"{path} --help")


def _moved(path: str, option: str) -> str:
    name, _, rest = path.partition(" ")
    return f"{name} {option} VALUE {rest}"


def _folders(context: Sequence[Context]) -> list[Path]:
    """Where a report may go, the best place first."""
    made = context[0].obj if context else None
    own = [made.settings.state_dir / "reports"] if isinstance(made, Invocation) else []
    return [*own, Path(tempfile.gettempdir())]


def _defect(error: Exception, folders: Sequence[Path]) -> Defect:
    """Write a report and name it. Messages stay out of the file: they may hold values of manifests."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    what = f"this program failed: {type(error).__name__} at {_place(error)}"
    for folder in folders:
        try:
            path = _write(folder, _report(error))
        except OSError:
            continue
        return Defect(f"{what}; a report is in {path}")
    return Defect(f"{what}; no report could be written", hint=f"{DEBUG}=1 unsandbox ...")


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="unsandbox-defect-", suffix=".txt", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)


def _report(error: Exception) -> str:
    head = [f"unsandbox defect report, {stamp()}", f"Python {sys.version.split()[0]} on {sys.platform}"]
    return "\n".join([*head, f"Messages are left out, as they may hold secrets; to see them: {DEBUG}=1", "", *_chain(error)]) + "\n"


def _chain(error: BaseException | None) -> Iterator[str]:
    """Frames of the error and of those that caused it, the first cause first; types, places and code, no values."""
    if error is None:
        return
    yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
