"""``unsandbox init``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app import scaffold
from reconciler.cli.invocation import invocation
from reconciler.cli.table import COMMANDS, epilog
from reconciler.manifest.scaffold import Options

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["init"]))
def init(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make it; absent or empty.")],
    host_name: Annotated[str, typer.Option("--host-name", metavar="NAME", help="Name of the first host.")] = "local",
    host_address: Annotated[
        str,
        typer.Option("--host-address", metavar="ADDRESS", help="unix:/path or https://host:port.  [default: the local LXD]"),
    ] = "",
    fingerprint: Annotated[
        str, typer.Option("--fingerprint", metavar="SHA256", help="Of the host's certificate; read from the local LXD where that is used.")
    ] = "",
    image_name: Annotated[str, typer.Option("--image-name", metavar="NAME", help="Name of the first image.")] = "",
    image_fingerprint: Annotated[str, typer.Option("--image-fingerprint", metavar="SHA256", help="Its LXD fingerprint.")] = "",
    image_file: Annotated[str, typer.Option("--image-file", metavar="FILE", help="A tarball of it to import from.")] = "",
) -> None:
    """Make a repository of your own.

    Writes an inventory, commented manifests, a Makefile and the editor schemas. A local LXD is found and its identity pinned. What is not
    given comes as a commented example.
    """
    run = invocation(context)
    place = run.settings.root / directory
    options = Options(
        host_name=host_name,
        host_address=host_address,
        fingerprint=fingerprint,
        image_name=image_name,
        image_fingerprint=image_fingerprint,
        image_file=image_file,
    )
    written = scaffold.init(place, options)
    run.out.show([((str(path), ""),) for path in written])
    run.out.say(f"Made {place}: {len(written)} {'file' if len(written) == 1 else 'files'}. Next: unsandbox -C {place} plan")
