"""``unsandbox jobs``, with ``show``, ``wait`` and ``cancel``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.clock import now
from reconciler.app.execute.requests import owner_of_operator
from reconciler.app.execute.stored import await_end, job_named, result_of_job, stored_jobs
from reconciler.cli.exec import say, show
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting, seconds
from reconciler.cli.outcome import empty_folder, write_artifacts
from reconciler.cli.render.jobs import job_document, job_lines, jobs_lines
from reconciler.cli.table import COMMANDS, INNER, epilog
from reconciler.model.execute import ENDED

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="The same as JSON on standard output.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `unsandbox exec --async` printed it.")]
Folder = Annotated[
    Path | None, typer.Option("--artifacts", metavar="DIR", help="Where to put the artifacts; a folder that is empty, or not there.")
]


@app.callback(invoke_without_command=True, epilog=epilog(COMMANDS["jobs"]))
def jobs(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, max=10_000, help="Show so many, the newest.")] = 100,
    json: Json = False,
) -> None:
    """Show the jobs that are stored, and what came of each.

    Yours alone. One that ended is kept as long as the Policy's keepJobs says; one whose process ended is lost, and never run again.
    Example: unsandbox jobs wait "$(unsandbox exec --async -l python main.py)"
    """
    if context.invoked_subcommand:
        return
    run = acting(context)
    with stored_jobs(run.settings) as file:
        found = file.jobs(owner_of_operator(run.settings.actor), limit)
    if json:
        run.out.json({"jobs": [job_document(job) for job in found]})
    else:
        run.out.show(jobs_lines(found))


@app.command("show", epilog=epilog(INNER["jobs show"]))
def jobs_show(context: typer.Context, id_: Id, *, artifacts: Folder = None, json: Json = False) -> None:
    """Show one job, and give what it left.

    What it said is in --json. Example: unsandbox jobs show 6f1c... --artifacts out
    """
    run = acting(context)
    with stored_jobs(run.settings) as file:
        job = job_named(file, id_, owner_of_operator(run.settings.actor))
    if artifacts is not None:
        write_artifacts(empty_folder(artifacts), result_of_job(job).artifacts)
    if json:
        run.out.json(job_document(job))
    else:
        run.out.show(job_lines(job))


@app.command("wait", epilog=epilog(INNER["jobs wait"]))
def jobs_wait(
    context: typer.Context,
    id_: Id,
    *,
    timeout: Annotated[str, typer.Option("--timeout", metavar="DURATION", help="Wait for so long at most.")] = "1h",
    artifacts: Folder = None,
    json: Json = False,
) -> None:
    """Wait for a job to end, and end as it did.

    Its output is printed then, and its exit code is that of this command, as with unsandbox exec. Example: unsandbox jobs wait 6f1c...
    """
    run = acting(context)
    folder = empty_folder(artifacts) if artifacts is not None else None
    owner = owner_of_operator(run.settings.actor)
    with stored_jobs(run.settings) as file:
        job = await_end(file, job_named(file, id_, owner).id, owner, seconds(context, "--timeout", timeout))
    if job is None or job.state not in ENDED:
        run.err.say(f"job {id_} goes on; next: unsandbox jobs wait {id_}")
        raise typer.Exit(Exit.FAILED)
    result = result_of_job(job)
    if not json:
        say("stdout", result.stdout)
        say("stderr", result.stderr)
    show(run, result, folder, json=json)


@app.command("cancel", epilog=epilog(INNER["jobs cancel"]))
def jobs_cancel(context: typer.Context, id_: Id) -> None:
    """End a job.

    What it said until then is kept. One that ended before stays as it is. Example: unsandbox jobs cancel 6f1c...
    """
    run = acting(context)
    owner = owner_of_operator(run.settings.actor)
    with stored_jobs(run.settings) as file:
        job = job_named(file, id_, owner)
        asked = file.cancel(job.id, owner, now().timestamp())
    run.out.say(f"job {job.id} is being cancelled" if asked else f"job {job.id} had ended: {job.state}")
