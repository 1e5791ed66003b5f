"""``unsandbox run``."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from reconciler.app.heap import keep_little
from reconciler.app.listener import serve
from reconciler.app.loop.loop import Loop
from reconciler.app.loop.options import Options
from reconciler.app.telemetry_open import telemetry
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting
from reconciler.cli.render.error import error_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import Defect
from reconciler.model.modes import Mode
from reconciler.model.telling import Level
from reconciler.store.retention import Keep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from reconciler.cli.invocation import Invocation

app = typer.Typer(rich_markup_mode=None, add_completion=False)
PLAIN = Options()
HANDLES = 65_536
"""Open files that are enough for any fleet."""


class LogFormat(StrEnum):
    """How a line of the log is written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class _Seeing:
    """How one can see in from outside."""

    form: LogFormat
    least: Level
    listen: str
    anywhere: bool


@app.command(epilog=epilog(COMMANDS["run"]))
def run(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    git: Annotated[str, typer.Option("--git", metavar="URL", help="Follow this repository; DIR becomes a checkout of it.")] = "",
    branch: Annotated[str, typer.Option("--branch", metavar="NAME", help="Branch to follow.")] = PLAIN.branch,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=1, max=86_400, help="Between two fetches.")
    ] = PLAIN.interval,
    full: Annotated[
        float, typer.Option("--full", metavar="SECONDS", min=1, max=86_400, help="Between two looks at everything, whatever was heard.")
    ] = PLAIN.full,
    mode: Annotated[
        Mode, typer.Option("--mode", help="detect tells what differs and changes nothing, whatever the manifests say.")
    ] = Mode.ENFORCE,
    uncommitted: Annotated[
        bool, typer.Option("--uncommitted", help="Take the files as they are, not the commit that is checked out.")
    ] = PLAIN.uncommitted,
    lease_ttl: Annotated[
        float, typer.Option("--lease-ttl", metavar="SECONDS", min=1, max=600, help="After so long without a sign of us another may lead.")
    ] = PLAIN.lease_ttl,
    drain: Annotated[
        float, typer.Option("--drain", metavar="SECONDS", min=0, max=3600, help="Time for what is under way when told to stop.")
    ] = PLAIN.drain,
    keep_days: Annotated[
        float, typer.Option("--keep-days", metavar="DAYS", min=1, max=36_500, help="How long the journal keeps what no decision needs.")
    ] = PLAIN.keep.age.days,
    keep_entries: Annotated[
        int, typer.Option("--keep-entries", metavar="NUMBER", min=1_000, help="Entries of its chain that the journal keeps at most.")
    ] = PLAIN.keep.entries,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="Of the log on standard error; auto is text on terminals, JSON lines elsewhere.")
    ] = LogFormat.AUTO,
    log_level: Annotated[Level, typer.Option("--log-level", help="What is logged at least.")] = Level.INFO,
    listen: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS", help="Serve /metrics, /healthz and /readyz at 127.0.0.1:PORT or unix:/path.")
    ] = "",
    listen_anywhere: Annotated[
        bool, typer.Option("--listen-anywhere", help="Let ADDRESS be one that others reach: they read what hosts are called.")
    ] = False,
) -> None:
    """Keep the world as the manifests say, until stopped.

    Looks again whenever a host, a file or git says so, and now and then in any case. SIGTERM and Ctrl-C end it after what is under way,
    a second one at once; SIGHUP reads everything again. Of several only the one that holds the leases acts, the others stand by.
    """
    made = acting(context)
    _allow_handles()
    keep_little()
    options = Options(
        git=git,
        branch=branch,
        interval=interval,
        mode=mode,
        full=full,
        uncommitted=uncommitted,
        lease_ttl=lease_ttl,
        drain=drain,
        keep=Keep(timedelta(days=keep_days), keep_entries),
    )
    drained, broken = _run(made, options, _Seeing(log_format, log_level, listen, listen_anywhere))
    if broken:
        made.err.tell(error_lines(Defect(f"the loop cannot go on: {broken}", hint="start it again, and " + Defect.default_hint)))
        _leave(made.err.stream, Exit.ERROR)
    _leave(made.err.stream, Exit.DONE if drained else Exit.FAILED)


def _allow_handles() -> None:
    """As many open files as the machine lets us have: each host takes several."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = HANDLES if hard == resource.RLIM_INFINITY else min(hard, HANDLES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _run(made: Invocation, options: Options, seeing: _Seeing) -> tuple[bool, str]:
    """Whether all that was begun ended in time, and why it broke; "" where it did not."""
    as_json = seeing.form is LogFormat.JSON or (seeing.form is LogFormat.AUTO and not made.err.live)
    with ExitStack() as stack:
        told = stack.enter_context(telemetry(made.settings, made.err.stream, as_json=as_json, colour=made.err.colour, least=seeing.least))
        if seeing.listen:
            where = stack.enter_context(serve(told, seeing.listen, anywhere=seeing.anywhere))
            told.note("listening", "", where)
        loop = Loop(made.settings, options, told)
        stack.enter_context(_signals(loop, made.err.stream))
        return loop.run(), loop.broken


def _leave(stream: TextIO, code: Exit = Exit.FAILED) -> NoReturn:
    """Leave with looks, or calls, under way: the end of the interpreter would wait for them, however long a host hangs.

    Intents without an outcome are settled by the next run.
    """
    with suppress(OSError, RuntimeError, ValueError):  # a signal may come in the middle of a line, or after the reader has gone
        stream.flush()
    os._exit(code)


@contextmanager
def _signals(loop: Loop, stream: TextIO) -> Iterator[None]:
    """SIGTERM and SIGINT stop, a second one leaves at once; SIGHUP reads everything again."""
    told: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if told:
            _leave(stream)
        told.append(number)
        loop.stop()

    def reload(_number: int, _frame: object) -> None:
        loop.reload()

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
