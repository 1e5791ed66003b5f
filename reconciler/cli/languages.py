"""``unsandbox languages``, with ``show`` and ``detect``."""

import sys
from typing import Annotated

import typer

from reconciler.app.languages import language_named, language_of, read_languages
from reconciler.cli.invocation import invocation
from reconciler.cli.render.languages import detected_document, detected_lines, language_document, language_lines, list_lines
from reconciler.cli.table import COMMANDS, LANGUAGES_DETECT, LANGUAGES_SHOW, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="The same as JSON on standard output.")]


@app.callback(invoke_without_command=True, epilog=epilog(COMMANDS["languages"]))
def languages(context: typer.Context, json: Json = False) -> None:
    """Show the languages that images can hold.

    Those that cannot be had are shown with the reason. They are rows of images/languages.yaml. No host is asked.
    Example: unsandbox languages detect main.py
    """
    if context.invoked_subcommand:
        return
    run = invocation(context)
    rows = read_languages(run.settings.root).rows
    if json:
        run.out.json({"languages": [language_document(row) for row in rows]})
    else:
        run.out.show(list_lines(rows))


@app.command("show", epilog=epilog(LANGUAGES_SHOW))
def languages_show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name or an alias, in any case, with or without a version.")],
    json: Json = False,
) -> None:
    """Show everything that is said of one language.

    Example: unsandbox languages show c++
    """
    run = invocation(context)
    row = language_named(run.settings.root, name)
    if json:
        run.out.json(language_document(row))
    else:
        run.out.show(language_lines(row))


@app.command("detect", epilog=epilog(LANGUAGES_DETECT))
def languages_detect(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A program; - for standard input.")],
    json: Json = False,
) -> None:
    """Say which language a file is in, and by what.

    The end of its name decides, else the interpreter in its first line, else lines that hardly another language could hold. Where none of
    them is clear, no language is guessed. Example: unsandbox languages detect - < main.py
    """
    run = invocation(context)
    found = language_of(run.settings.root, file, sys.stdin.buffer)
    if json:
        run.out.json(detected_document(found))
    else:
        run.out.show(detected_lines(found))
