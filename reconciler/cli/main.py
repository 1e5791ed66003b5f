"""The command ``unsandbox``: global options, then the command that was asked for."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.settings import settings_from
from reconciler.cli.exits import MEANING
from reconciler.cli.failure import guarded
from reconciler.cli.group import Commands
from reconciler.cli.invocation import Invocation
from reconciler.cli.render.screen import Screen, wants_colour

PREFIX = "UNSANDBOX"
COMPLETION = "_UNSANDBOX_COMPLETE"

EPILOG = "\n".join(["\b", "Exit codes, the same for every command:", *(f"  {code:>3}  {text}" for code, text in MEANING.items())])

app = typer.Typer(
    name="unsandbox", cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False, subcommand_metavar="COMMAND ...", epilog=EPILOG
)


class Colour(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - a tenth of the start-up, needed here alone

        sys.stdout.write(f"unsandbox {version('unsandbox')}\n")
        raise typer.Exit


@app.callback()
def unsandbox(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    directory: Annotated[
        Path, typer.Option("-C", "--directory", metavar="DIR", help="The repository of manifests.", file_okay=False)
    ] = Path(),
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", metavar="DIR", help="Where the journal is.  [default: .unsandbox in the repository]")
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", metavar="DIR", help="Where our client certificate is.  [default: ~/.config/unsandbox]")
    ] = None,
    connect_timeout: Annotated[
        float, typer.Option("--connect-timeout", metavar="SECONDS", min=0.1, max=600, help="How long to wait for a connection.")
    ] = 3,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=3600, help="How long to wait for an answer.")] = 30,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="NUMBER", min=1, max=64, help="Objects of one host worked on at once.")
    ] = 8,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="Who acts, for the journal.  [default: user@machine]")
    ] = None,
    signers: Annotated[
        Path | None,
        typer.Option(
            "--signers",
            metavar="FILE",
            help="Whose signed commits are trusted.  [default: signers in --config-dir]",
        ),
    ] = None,
    color: Annotated[Colour, typer.Option("--color", help="When to colour; auto colours on terminals and honours NO_COLOR.")] = Colour.AUTO,
    _asked: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, allow_from_autoenv=False, help="Show the version and exit."),
    ] = False,
) -> None:
    """Infrastructure as code for LXD: manifests in git become containers, and an ambiguous difference is refused."""
    settings = settings_from(
        directory,
        os.environ,
        state_dir=state_dir,
        config_dir=config_dir,
        connect_timeout=connect_timeout,
        read_timeout=timeout,
        parallel=parallel,
        actor=actor,
        signers=signers,
    )
    out, err = (Screen(stream, colour=wants_colour(color, stream, os.environ)) for stream in (sys.stdout, sys.stderr))
    context.obj = Invocation(settings, out, err)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not turn a plan into a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    group = typer.main.get_command(app)
    if COMPLETION in os.environ:
        group.main(prog_name="unsandbox", complete_var=COMPLETION)
    # Ours, not typer's: its own runner ends usage errors with 2, which here means that a plan has changes.
    sys.exit(guarded(group, sys.argv[1:] or ["--help"], PREFIX))
