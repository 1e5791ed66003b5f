"""``unsandbox images test``."""

from typing import Annotated

import typer

from reconciler.app.spread.results import write_results
from reconciler.app.spread.subject import built_of
from reconciler.app.spread.testing import run_test
from reconciler.app.spread.trial import TrialStopped
from reconciler.cli.completion import recipe_names
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting
from reconciler.cli.render.trials import Teller, trial_document, trial_lines
from reconciler.cli.stop import stoppable
from reconciler.errors import UsageError


def images_test(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The recipe whose image is tested.", autocompletion=recipe_names)],
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where.  [default: the first active host that answers]")] = "",
    language: Annotated[
        list[str] | None, typer.Option("--language", metavar="NAME", help="Test only this language, and no smoke test; may be repeated.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Keep the matrix: images/conformance/results.json and docs/languages.md.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The matrix as JSON on standard output.")] = False,
) -> None:
    """Test an image in a throw-away container: its smoke test, and every language in it.

    The container has no network and runs everything as an unprivileged user. Example: unsandbox images test golden --language rust
    """
    run = acting(context)
    only = tuple(language or ())
    if write and only:
        raise UsageError("the matrix is kept of whole images only", hint=f"unsandbox images test {name} --write")
    teller = Teller(run.err, each=True)
    try:
        with stoppable(teller) as stop:
            trial = run_test(run.settings, name, host, only, teller.progress, stop)
    except TrialStopped:
        teller.note("stopped; the container is gone")
        raise typer.Exit(Exit.STOPPED) from None
    if json:
        run.out.json(trial_document(trial))
    else:
        run.out.show(trial_lines(trial))
    if write and not trial.languages:
        run.err.say("no language was tried: what was kept of the test before is left as it is", "warn")
    elif write:
        for path in write_results(run.settings.root, trial, built_of(run.settings, name)):
            run.err.say(f"written: {path}")
    if not trial.passed:
        raise typer.Exit(Exit.FAILED)
