"""The command's part of the reference, from the Typer app itself."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import typer

from reconciler.cli.main import PREFIX, app
from reconciler.cli.table import COMMANDS, INNER, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click import Command, Context, Parameter

SHELL_ONLY = ("install_completion", "show_completion")
"""Made by typer; they act on the shell that runs and have no variable."""


def walk() -> Iterator[tuple[str, Command, Context]]:
    """Every command with its full name, the main one first."""
    main = typer.main.get_command(app)
    root = typer.Context(main, info_name="unsandbox", auto_envvar_prefix=PREFIX)
    yield "unsandbox", main, root
    for name in COMMANDS:
        yield from _below(main, name, root)


def _below(group: Command, name: str, parent: Context) -> Iterator[tuple[str, Command, Context]]:
    command = group.get_command(parent, name)  # type: ignore[attr-defined]  # only groups are asked
    context = typer.Context(command, info_name=name, parent=parent)
    yield context.command_path, command, context
    for inner in getattr(command, "commands", {}):
        yield from _below(command, inner, context)


def row_of(path: str) -> Row | None:
    """The command's row in the table; None for the main command."""
    _, _, name = path.partition(" ")
    return INNER.get(name) or COMMANDS.get(name)


def variable(parameter: Parameter, context: Context) -> str:
    """The environment variable of an option; "" where it has none."""
    if parameter.param_type_name != "option" or not getattr(parameter, "allow_from_autoenv", False) or parameter.name in SHELL_ONLY:
        return ""
    return f"{context.auto_envvar_prefix}_{parameter.name}".upper() if parameter.name else ""


def command_sections() -> str:
    """One section a command."""
    return "\n".join(_section(path, command, context) for path, command, context in walk())


def _section(path: str, command: Command, context: Context) -> str:
    row = row_of(path)
    lines = [f"## {path}\n", f"{inspect.cleandoc(command.help or '')}\n"]
    if row:
        exits = ", ".join(f"`{code}`" for code in sorted({0, 1, *row.exits}))
        lines.append(f"Changes: {row.changes}. Exit codes: {exits}.\n")
    parameters = [parameter for parameter in command.get_params(context) if parameter.name != "help"]
    if parameters:
        lines += ["| argument or option | meaning | default | variable |", "| --- | --- | --- | --- |"]
        lines += [_parameter(parameter, context) for parameter in parameters]
        lines.append("")
    return "\n".join(lines)


def _parameter(parameter: Parameter, context: Context) -> str:
    meaning, _, default = (getattr(parameter, "help", "") or "").partition("  [default: ")
    default = default.removesuffix("]") or _default(parameter, context)
    name = variable(parameter, context)
    cells = [f"`{spelling(parameter, context)}`", meaning, default, f"`{name}`" if name else ""]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def spelling(parameter: Parameter, context: Context) -> str:
    """As it is typed: ``-C, --directory DIR``."""
    record = parameter.get_help_record(context)
    return record[0] if record else str(parameter.name)


def _default(parameter: Parameter, context: Context) -> str:
    if parameter.required:
        return "required"
    value = parameter.get_default(context, call=False)
    return "" if value in (None, False, "", []) else f"`{getattr(value, 'value', value)}`"
