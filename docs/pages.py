"""The pages of the reference, each from the table or tree that the program itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.commands import command_sections
from docs.languages import languages
from reconciler import errors
from reconciler.app.catalogue import MEANING as MEANING_OF
from reconciler.app.catalogue import Stage, catalogue
from reconciler.cli.exits import MEANING
from reconciler.cli.variables import OTHERS
from reconciler.engine.decisions import DECISIONS
from reconciler.engine.rules import RULES
from reconciler.manifest.reference import reference_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


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
        "# The order of the rules\n\n"
        "The guard asks every rule about every change, in this order; the first no counts. A rule that fails says no. What is refused is\n"
        "shown by `plan` with the evidence and the command that unblocks; the rest goes on. [refusals.md](refusals.md) says why.\n\n"
        + table(
            ("code", "refuses when", "asked about"),
            ((f"`{rule.code}`", rule.title, ", ".join(sorted(action.value for action in rule.actions))) for rule in RULES),
        )
        + "\nBudgets (`F01`) are counted over what every rule allowed.\n"
    )


def refusals() -> str:
    """Every code, by the stage at which it is asked."""
    entries = catalogue()
    text = (
        f"# Refusals\n\n{len(entries)} codes. The default is no, and a check that fails is a no. `unsandbox refusals CODE` shows one,\n"
        "`unsandbox explain REF` walks the rules for one object. What can be accepted is accepted with `unsandbox accept CODE REF`,\n"
        "for exactly the evidence shown and for a day.\n"
    )
    for stage in Stage:
        rows = [entry for entry in entries if entry.stages[0] is stage]
        text += f"\n## Asked of {stage}\n\nHolds up {MEANING_OF[stage]}.\n\n" + table(
            ("code", "refused when", "why", "can be accepted"),
            ((f"`{entry.code}`", entry.title, entry.why, "yes" if entry.acceptable else "") for entry in rows),
        )
    return text


def decisions() -> str:
    """The points at which the default is no."""
    rows = ((number, row.question, row.danger, ", ".join(f"`{code}`" for code in row.codes)) for number, row in enumerate(DECISIONS, 1))
    return (
        f"# Where we fail closed\n\n{len(DECISIONS)} points at which something could be destroyed, exposed, overspent or doubled. At each\n"
        "the default is no, and a check that cannot be made is a no. The list is ours: the service that this follows names a number\n"
        "and no list. Each code is tried three times: it refuses, it allows, and its check fails, which refuses.\n\n"
        + table(("", "question", "what a wrong yes would cost", "says no by"), rows)
    )


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "manifests.md": reference_markdown,
    "languages.md": lambda: languages(table),
    "errors.md": error_tree,
    "rules.md": rules,
    "refusals.md": refusals,
    "fail-closed.md": decisions,
    "exit-codes.md": exit_codes,
}
"""File name -> what writes it."""
