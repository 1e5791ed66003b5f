"""The pages of the reference, each from the table or tree that the program itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.commands import command_sections
from reconciler import errors
from reconciler.cli.exits import MEANING
from reconciler.cli.variables import OTHERS
from reconciler.engine.guard import NO_RULE
from reconciler.engine.rules import RULES
from reconciler.manifest.reference import reference_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


BESIDE = {
    "O14": "Two instances carry the marks of one object",
    "S09": "No host that it may live on has room, or none fits its placement",
    "F01": "More destroys, replaces or freezes than the Policy allows in one pass",
    NO_RULE: "No rule speaks in favour of the action",
}
"""Codes that are given outside the table of rules."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; pipes inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def cli() -> str:
    """Every command, option, variable and exit code."""
    return (
        "# The command\n\n"
        "`unsandbox [OPTIONS] COMMAND ...`. Options of `unsandbox` itself go before the command. Every option can be given as the\n"
        "variable beside it; a list takes blanks between its values. What is on the command line wins.\n\n"
        + command_sections()
        + "\n## Other variables\n\n"
        + table(("variable", "what it does"), ((f"`{name}`", text) for name, text in OTHERS.items()))
        + "\n## Exit codes\n\nThe same for every command. See [exit-codes.md](exit-codes.md).\n"
    )


def exit_codes() -> str:
    """The table of exit codes."""
    return "# Exit codes\n\n" + table(
        ("code", "name", "meaning"), ((f"`{code}`", code.name.lower(), text) for code, text in MEANING.items())
    )


def error_tree() -> str:
    """Every error a user can meet."""
    rows = [_error(kind, depth) for depth, kind in _tree(errors.UnsandboxError, 0)]
    head = ("code", "error", "meaning", "exit", "HTTP", "worth another try", "next command, unless the message has a better one")
    return "# Errors\n\nThe code stands in brackets in the message: `error [host-unreachable]: ...`.\n\n" + table(head, rows)


def _error(kind: type[errors.UnsandboxError], depth: int) -> tuple[object, ...]:
    meaning, _, _ = (kind.__doc__ or "").partition("\n")
    again = "yes" if kind.retryable else "no"
    name = f"{'&nbsp;' * 4 * depth}{kind.__name__}"
    return (
        f"`{kind.code}`",
        name,
        meaning.replace("``", "`"),
        kind.exit_status,
        kind.http_status,
        again,
        f"`{kind.default_hint}`" if kind.default_hint else "",
    )


def _tree(kind: type[errors.UnsandboxError], depth: int) -> Iterator[tuple[int, type[errors.UnsandboxError]]]:
    yield depth, kind
    for child in kind.__subclasses__():
        yield from _tree(child, depth + 1)


def rules() -> str:
    """Every rule of the guard, in the order in which they speak."""
    return (
        "# Rules\n\n"
        "The guard asks every rule about every change, in this order; the first no counts. A rule that fails says no. What is refused is\n"
        "shown by `plan` with the evidence and the command that unblocks; the rest goes on.\n\n"
        + table(("code", "refuses when"), ((f"`{rule.code}`", rule.title) for rule in RULES))
        + "\nThese come from before and after the rules, where more than one change has to be seen at once:\n\n"
        + table(("code", "refuses when"), ((f"`{code}`", title) for code, title in BESIDE.items()))
    )


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "manifests.md": reference_markdown,
    "errors.md": error_tree,
    "rules.md": rules,
    "exit-codes.md": exit_codes,
}
"""File name -> what writes it."""
