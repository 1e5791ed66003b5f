"""``python -m tests.mutants [CODE ...]``: take rules out of their tables, in a copy of the sources, and demand that a test fails.

A rule that is asked by its name is left where it stands and never refuses.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKERS = 2
SECONDS = 300

TABLES = (
    ("reconciler/engine/table/seeing.py", "SEEING", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/meaning.py", "MEANING", "tests/engine/test_decisions.py"),
    ("reconciler/engine/table/identity.py", "IDENTITY", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/life.py", "LIFE", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/modes.py", "MODES", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/rollout.py", "ROLLOUT", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/health.py", "HEALTH", "tests/engine/test_decisions.py tests/engine/test_guard.py"),
    ("reconciler/engine/table/plans.py", "PLAN_RULES", "tests/engine/test_plan_rules.py"),
    ("reconciler/engine/table/steps.py", "STEP_RULES", "tests/engine/test_plan_rules.py"),
    ("reconciler/engine/table/images.py", "AWAY_RULES", "tests/engine/test_image_rules.py"),
    ("reconciler/engine/table/images.py", "LEFT_RULES", "tests/engine/test_image_rules.py"),
    ("reconciler/engine/table/images.py", "MOVE_RULES", "tests/engine/test_image_rules.py"),
    ("reconciler/engine/lease.py", "LEASE_RULES", "tests/engine/test_lease.py"),
    ("reconciler/manifest/reading.py", "READ_RULES", "tests/manifest"),
    ("reconciler/manifest/checks.py", "INDEX_RULES", "tests/manifest"),
    ("reconciler/policy/access.py", "ACCESS_RULES", "tests/policy/test_access.py"),
    ("reconciler/policy/reuse.py", "KEEP_RULES", "tests/policy/test_reuse.py"),
    ("reconciler/policy/reuse.py", "AGAIN_RULES", "tests/policy/test_reuse.py"),
    ("reconciler/policy/fencing.py", "FENCING_RULES", "tests/policy/test_fencing.py"),
    ("reconciler/policy/admission.py", "ADMISSION_RULES", "tests/policy/test_admission.py"),
    ("reconciler/policy/admission.py", "MEMORY_RULES", "tests/policy/test_admission.py"),
    ("reconciler/engine/warm.py", "PLACE_RULES", "tests/engine/test_warm.py"),
    ("reconciler/engine/warm.py", "CELL_RULES", "tests/engine/test_warm.py"),
    ("reconciler/policy/serving.py", "SERVING_RULES", "tests/policy/test_serving.py"),
    ("reconciler/policy/paths.py", "NAME_RULES", "tests/policy/test_paths.py"),
    ("reconciler/policy/otp.py", "ANSWER_RULES", "tests/policy/test_otp.py"),
    ("reconciler/policy/approval_files.py", "FILE_RULES", "tests/policy"),
)
"""File, name of its table, and the tests that must notice."""
NOTICED_BY_THE_REST = "tests/engine tests/manifest tests/policy tests/docs"
"""Run where the few tests of the table noticed nothing."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One table without one of its rows."""

    file: str
    row: str
    """The rule's code, or the name by which it stands in the table."""
    text: str
    tests: str


def mutants() -> list[Mutant]:
    """One for each row of each table. Raises ``LookupError`` where a table is not found: what is not read cannot be taken away."""
    found = []
    for file, name, tests in TABLES:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        count = len(_rows(tree, name))
        for number in range(count):
            copy = ast.parse(ast.unparse(tree))
            row = _rows(copy, name).pop(number)
            found.append(Mutant(file, _code(row), ast.unparse(copy), tests))
    return found


def _rows(tree: ast.Module, name: str) -> list[ast.expr]:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.Assign | ast.AnnAssign):
            if not isinstance(node.value, ast.Tuple) or not node.value.elts:
                break
            return node.value.elts
    raise LookupError(f"no table {name}")


def _code(row: ast.expr) -> str:
    if isinstance(row, ast.Call) and row.args and isinstance(row.args[0], ast.Constant):
        return str(row.args[0].value)
    return ast.unparse(row)[:40]


def alone() -> list[Mutant]:
    """One for each rule that is asked by its name: its check refuses nothing, and the tests of its package must notice."""
    found = []
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for number in range(len(_by_name(ast.parse(text)))):
            tree = ast.parse(text)
            rule = _by_name(tree)[number]
            code, file = _code(rule), path.relative_to(ROOT)
            rule.args[2] = ast.parse("lambda *_: None", mode="eval").body
            found.append(Mutant(str(file), code, ast.unparse(tree), f"tests/{file.parts[1]}"))
    return found


def _by_name(tree: ast.Module) -> list[ast.Call]:
    values = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    calls = [value for value in values if isinstance(value, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Rule"]


def survives(mutant: Mutant, place: Path) -> bool:
    """Whether every test passes though the rule is gone. The sources in ``place`` are whole again afterwards."""
    target = place / mutant.file
    whole = target.read_text(encoding="utf-8")
    target.write_text(mutant.text, encoding="utf-8")
    try:
        return _pass(place, mutant.tests) and _pass(place, NOTICED_BY_THE_REST)
    finally:
        target.write_text(whole, encoding="utf-8")


def _pass(place: Path, tests: str) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "-m",
        "not lxd and not slow",
        *tests.split(),
    ]
    done = subprocess.run(command, cwd=place, capture_output=True, timeout=SECONDS, check=False)
    return done.returncode == 0


def copy_sources(place: Path) -> Path:
    """A copy of all that the tests read."""
    for name in ("reconciler", "tests", "docs", "manifests", "inventory", "images", "bootstrap"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", ".build", "files"))
    for name in ("pyproject.toml", "README.md", "Makefile", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, place / name)
    return place


def main(codes: list[str]) -> int:
    """0 where every mutant was noticed, 1 with those that were not. ``codes`` are those of the rules to take away: none is all."""
    began = time.monotonic()
    every = [mutant for mutant in [*mutants(), *alone()] if not codes or mutant.row in codes]
    with tempfile.TemporaryDirectory(prefix="unsandbox-mutants-") as folder:
        places = [copy_sources(Path(folder) / str(number)) for number in range(WORKERS)]
        if not all(_pass(place, NOTICED_BY_THE_REST) for place in places[:1]):
            sys.stderr.write("the tests do not pass on the sources as they are; next: make test\n")
            return 1
        shares = [every[number::WORKERS] for number in range(WORKERS)]
        with ThreadPoolExecutor(WORKERS) as pool:
            results = pool.map(_walk, shares, places)
            left = [mutant for share in results for mutant in share]
    print(f"{len(every)} rules taken away one by one, {len(every) - len(left)} noticed, {time.monotonic() - began:.0f} s")
    for mutant in left:
        print(f"  not noticed: {mutant.row} in {mutant.file}")
    return 1 if left else 0


def _walk(share: list[Mutant], place: Path) -> list[Mutant]:
    left = []
    for mutant in share:
        lives = survives(mutant, place)
        print(f"{'LIVES' if lives else 'noticed':8} {mutant.row:12} {mutant.file}", flush=True)
        left += [mutant] if lives else []
    return left


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
