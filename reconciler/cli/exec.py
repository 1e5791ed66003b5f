"""``unsandbox exec``."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from reconciler.app.execute.executor import Executor
from reconciler.app.execute.requests import LONGEST_PATIENCE
from reconciler.app.execute.results import document_of
from reconciler.app.execute.stored import result_of_job
from reconciler.cli.background import in_background
from reconciler.cli.completion import languages, pools
from reconciler.cli.invocation import Invocation, acting, seconds
from reconciler.cli.outcome import CODES, code_of, empty_folder, write_artifacts
from reconciler.cli.render.jobs import ending_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.cli.wishes import code_from, with_inputs
from reconciler.errors import UsageError
from reconciler.model.execute import ENDED
from reconciler.model.resources import NetworkMode
from reconciler.model.run import SECONDS, Ending, RunRequest, RunResult
from reconciler.model.tenancy import Caller

HOUR = 3600.0
"""Seconds between two looks at a job that goes on, which tells by itself when it ended."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("exec", epilog=epilog(COMMANDS["exec"]))
def execute(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The program; - for standard input.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="ARGUMENT", help="Given to the program; put -- before them.")] = None,
    language: Annotated[
        str, typer.Option("-l", "--language", metavar="LANG", autocompletion=languages, help="Its language.  [default: told from FILE]")
    ] = "",
    ttl: Annotated[str, typer.Option("--ttl", metavar="DURATION", help="How long it may take, from 1s to 15m.")] = "60s",
    vcpu: Annotated[int, typer.Option("--vcpu", metavar="NUMBER", help="CPUs, from 1 to 8, with at most 2 GiB of memory each.")] = 1,
    network: Annotated[
        Literal["zerotrust", "semitrusted"],
        typer.Option("--network", help="zerotrust reaches nothing, semitrusted what the policy names."),
    ] = "zerotrust",
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="KEY=VALUE", help="A variable of its environment; may be repeated.")
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--file", metavar="PATH", help="A file that it finds in /tmp/input; may be repeated.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option("--artifacts", metavar="DIR", help="Where to put what it leaves in /tmp/artifacts; empty, or not there.")
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Give it our standard input, read to its end before.")] = False,
    pool: Annotated[str, typer.Option("--pool", metavar="NAME", autocompletion=pools, help="Run in a cell of this pool.")] = "",
    wait: Annotated[str, typer.Option("--wait", metavar="DURATION", help="How long to wait for a cell, at most 60s.")] = "10s",
    later: Annotated[bool, typer.Option("--async", help="Print the id of a job and return; see unsandbox jobs.")] = False,
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="Run it as a job, once, however often this is asked with KEY.")] = "",
    json: Annotated[bool, typer.Option("--json", help="All that came of it as JSON on standard output.")] = False,
) -> None:
    """Run a program in a warm cell, and be gone.

    Its output comes as it says it, and its exit code is that of this command: 124 where it took too long, 128 and the number of a signal
    that ended it, 137 for too much memory, 153 for too much output, 130 where it was cancelled, 125 where its cell was lost.
    Example: unsandbox exec -l python main.py -- one two
    """
    run = acting(context)
    request = replace(
        with_inputs(code_from(file), files or (), env or (), stdin=stdin),
        language=language,
        args=tuple(arguments or ()),
        seconds=seconds(context, "--ttl", ttl, SECONDS),
        vcpu=vcpu,
        network=NetworkMode(network),
        artifacts=artifacts is not None or later or bool(key),
        pool=pool,
        accepts=float(seconds(context, "--wait", wait, (0, LONGEST_PATIENCE))),
    )
    if later:
        if artifacts is not None:
            raise UsageError("--artifacts is for a run that is waited for", hint="unsandbox jobs show ID --artifacts DIR")
        _later(run, request, key, json=json)
    folder = empty_folder(artifacts) if artifacts is not None else None
    try:
        with Executor.open(run.settings) as executor:
            result = _result(executor, replace(request, owner=executor.owner(Caller(operator=run.settings.actor))), key, json=json)
    except KeyboardInterrupt:
        run.err.say("cancelled; what it ran in is destroyed", "warn")
        raise typer.Exit(CODES[Ending.CANCELLED]) from None
    show(run, result, folder, json=json)


def _later(run: Invocation, request: RunRequest, key: str, *, json: bool) -> None:
    id_ = in_background(run.settings, request, key)
    if json:
        run.out.json({"id": id_})
    else:
        run.out.say(id_)
    raise typer.Exit


def _result(executor: Executor, request: RunRequest, key: str, *, json: bool) -> RunResult:
    if not key:
        return executor.run(request, None if json else say)
    job = executor.submit(request, key)
    while job.state not in ENDED:
        job = executor.wait(job.id, request.owner, HOUR) or job
    result = result_of_job(job)
    if not json:
        say("stdout", result.stdout)
        say("stderr", result.stderr)
    return result


def say(name: str, data: bytes) -> None:
    """Pass on what a program said, as it is."""
    stream = sys.stdout.buffer if name == "stdout" else sys.stderr.buffer
    stream.write(data)
    stream.flush()


def show(run: Invocation, result: RunResult, folder: Path | None, *, json: bool) -> None:
    """What came of a program, beside its output, and its exit code. Raises ``typer.Exit``."""
    if folder is not None:
        write_artifacts(folder, result.artifacts)
    if json:
        run.out.json(document_of(result))
    else:
        run.err.tell(ending_lines(result))
    raise typer.Exit(code_of(result))
