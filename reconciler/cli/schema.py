"""``unsandbox schema``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.schema import write_schemas
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import invocation
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["schema"]))
def schema(
    context: typer.Context,
    directory: Annotated[Path, typer.Option("--directory", metavar="DIR", help="Where they are, from the repository's root.")] = Path(
        "manifests/schema"
    ),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 where a file is not current.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What differed, as JSON on standard output.")] = False,
) -> None:
    """Write the JSON Schemas that editors complete and underline with.

    A manifest takes its schema from its first line: # yaml-language-server: $schema=schema/unsandbox.schema.json
    """
    run = invocation(context)
    place = run.settings.root / directory
    changed = [str(path) for path in write_schemas(place, check=check)]
    if json:
        run.out.json({"directory": str(place), "written": [] if check else changed, "differ": changed if check else []})
    elif not changed:
        run.out.say(f"The schemas in {place} are current.")
    elif check:
        run.err.show([*(((f"{path} is not current", "bad"),) for path in changed), (("next: ", "dim"), ("unsandbox schema", "info"))])
    else:
        run.out.show([((path, ""),) for path in changed])
    if check and changed:
        raise typer.Exit(Exit.ERROR)
