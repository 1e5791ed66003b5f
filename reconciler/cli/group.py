"""The main command's list of commands, each imported when it is called: ``--help`` and completion import none."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from typer.core import CompletionItem, TyperGroup  # type: ignore[attr-defined]  # typer does not list it, and takes no other
from typer.main import get_command

from reconciler.cli.table import COMMANDS
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typer._click import Command, Context, HelpFormatter


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like ``word``, or ""."""
    return next(iter(get_close_matches(word, list(known), n=1)), "")


class Commands(TyperGroup):
    """Commands by the table."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Import and build one command; None where there is no such."""
        del ctx
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = get_command(import_module(row.module).app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command. Raises ``UsageError`` with the nearest one that exists."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"there is no command {args[0]!r}", hint=f"unsandbox {nearest(args[0], COMMANDS) or '--help'}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The list in ``--help``."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.short) for name, row in COMMANDS.items()])

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, and the options of the main command."""
        names = [CompletionItem(name, help=row.short) for name, row in COMMANDS.items() if name.startswith(incomplete)]
        # Past TyperGroup, whose own list would import every command.
        return names + super(TyperGroup, self).shell_complete(ctx, incomplete)
