"""The page of attacks: what each tries, what holds it and its control from the tests' own marks, and what came of it from the last run."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.rights import ATTACKS

ROOT = Path(__file__).parents[1]
PLACES = ("tests/attacks", "tests/runner", "tests/egress", "tests/lxd")
PAGE, RESULTS = "docs/attacks.md", "docs/attacks.json"
CONTROLS = {
    "cell": "as root of the cell, without a sandbox, it succeeds",
    "leaky": "as root of the cell, given descriptors, it succeeds",
    "machine": "as root of the machine it succeeds",
}
HEAD = """<!-- Written by `make attacks`, which tries them, and by `make docs`. The tests are where changes go. -->

# Attacks

What programs were made to try from inside a sandbox or a cell, on real containers and in networks of their own. Each attack has a control:
the same where it must succeed, which shows that the test can fail. `held` is what the last `make attacks` found.

"""


@dataclass(frozen=True, slots=True)
class Row:
    """One attack."""

    tries: str
    held: str
    control: str


def rows() -> list[Row]:
    """Every attack that a test makes, in the order of files and lines. Raises ``ValueError`` for a mark that cannot be read."""
    marked = [
        row for place in PLACES for path in sorted((ROOT / place).glob("test_*.py")) for row in _marks(ast.parse(path.read_text("utf-8")))
    ]
    return [*(Row(attack.name, attack.held, CONTROLS[attack.where]) for attack in ATTACKS), *marked]


def _marks(tree: ast.Module) -> list[Row]:
    calls = [call for node in tree.body if isinstance(node, ast.FunctionDef) for call in node.decorator_list]
    return [_row(call) for call in calls if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.attack"]


def _row(call: ast.Call) -> Row:
    words = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    return Row(ast.literal_eval(call.args[0]), words["held"], words["control"])


def page() -> str:
    """The page, with what is kept of the last run."""
    file = ROOT / RESULTS
    kept = json.loads(file.read_text("utf-8")) if file.is_file() else {"where": "", "results": {}}
    where = f"Last tried on {kept['where']}.\n\n" if kept["where"] else ""
    lines = [f"| {row.tries} | {row.held} | {row.control} | {kept['results'].get(row.tries, 'not tried')} |\n" for row in rows()]
    return HEAD + where + "| tries to, or by | what holds it | control | result |\n| --- | --- | --- | --- |\n" + "".join(lines)
