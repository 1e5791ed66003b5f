"""``unsandbox hosts`` and ``unsandbox hosts add``."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import typer

from reconciler.app.enrolment import Enrolment, Taken, add, fetch_identity
from reconciler.app.hosts import list_hosts
from reconciler.cli.ask import confirm, secret
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation, invocation
from reconciler.cli.render.hosts import enrolment_lines, host_document, host_lines
from reconciler.cli.table import COMMANDS, HOSTS_ADD, epilog
from reconciler.errors import UsageError, WrongIdentity

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.callback(invoke_without_command=True, epilog=epilog(COMMANDS["hosts"]))
def hosts(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="The hosts as JSON on standard output.")] = False,
) -> None:
    """Show who is reachable, who they are and what they hold.

    Each host is asked at most four times, all hosts at once.
    """
    if context.invoked_subcommand:
        return
    run = invocation(context)
    rows = list_hosts(run.settings)
    if json:
        run.out.json({"hosts": [host_document(row) for row in rows]})
    else:
        run.out.show(host_lines(rows))
    if any(row.grade != "complete" for row in rows):
        raise typer.Exit(Exit.FAILED)


@app.command("add", epilog=epilog(HOSTS_ADD))
def hosts_add(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    url: Annotated[str, typer.Argument(metavar="URL", help="https://address:port of its LXD API.")],
    location: Annotated[str, typer.Option("--location", metavar="NAME", help="Where the host stands.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Its name in the inventory, or its cluster's.  [default: from URL]")
    ] = "",
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="The LXD project that is ours.")] = "unsandbox",
    fingerprint: Annotated[
        str,
        typer.Option("--fingerprint", metavar="SHA256", help="What the certificate must be; asked for if not given."),
    ] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the trust token or password from the first line of standard input.")] = False,
) -> None:
    """Take a host in: its fingerprint, our certificate, its entry.

    Shows the fingerprint of its certificate and asks, has the host trust our client certificate, writes the inventory entry. The trust
    token or password comes from UNSANDBOX_TRUST_TOKEN, standard input or a prompt, never from the command line. Where an LXD cluster
    answers, --name is the cluster's, and each member gets an entry that is called after it.
    """
    run = invocation(context)
    enrolment = fetch_identity(run.settings, name or _name_of(url), url, location, project)
    run.err.show(enrolment_lines(enrolment))
    _compare(run, enrolment, fingerprint)
    taken = add(run.settings, enrolment, secret(run.err, f"Trust token or password of {enrolment.name}", from_stdin=stdin))
    run.out.say(_told(enrolment, taken))


def _told(enrolment: Enrolment, taken: Taken) -> str:
    entries = ", ".join(map(str, taken.entries))
    if not taken.members:
        return f"{enrolment.name} trusts us; its entry is {entries}. Next: unsandbox hosts"
    members = ", ".join(taken.members)
    return f"{enrolment.name} trusts us. It is a cluster of {members}; their entries are {entries}. Next: unsandbox hosts"


def _compare(run: Invocation, enrolment: Enrolment, fingerprint: str) -> None:
    wanted = fingerprint.replace(":", "").strip().lower()
    if wanted and wanted != enrolment.fingerprint:
        raise WrongIdentity(
            f"{enrolment.url} shows {enrolment.fingerprint}, not {wanted}; nothing was sent to it",
            hint="ask who runs the host for: lxc info | grep certificate_fingerprint",
        )
    hint = f"unsandbox hosts add {enrolment.url} --location {enrolment.location} --fingerprint SHA256"
    if not wanted and not confirm(run.err, "Is that the fingerprint of the host?", full=True, hint=hint):
        run.err.say("nothing was changed", "warn")
        raise typer.Exit(Exit.ERROR)


def _name_of(url: str) -> str:
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host.split(".")[0]
    raise UsageError(f"no name can be made of {url}", hint=f"unsandbox hosts add {url} --name NAME --location NAME")
