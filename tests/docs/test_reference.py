"""Every command, kind, field, exit code and setting is documented, and the generated pages are current."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from docs.commands import row_of, spelling, variable, walk
from docs.generate import REFERENCE, stale
from reconciler import errors
from reconciler.app.catalogue import catalogue
from reconciler.cli.exits import MEANING, Exit
from reconciler.cli.table import COMMANDS
from reconciler.cli.variables import OTHERS
from reconciler.engine.decisions import DECISIONS
from reconciler.engine.rules import RULES
from reconciler.manifest.jsonschema import json_schemas
from reconciler.model.names import Kind

ROOT = Path(__file__).parents[2]
CLI = (REFERENCE / "cli.md").read_text()
README = (ROOT / "README.md").read_text()
WALKED = list(walk())


def test_generated_pages_are_current() -> None:
    assert stale(check=True) == []


def test_what_the_example_in_python_names_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last part runs programs, and so needs a host; a name that it lacks shows without one."""
    found = re.search(r"^```python\n(.*?)^```", (ROOT / "docs" / "execute.md").read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with pytest.raises(errors.ManifestError, match="no manifests found here"):
        exec(compile(found[1], "docs/execute.md", "exec"), names)  # noqa: S102 - this project's own page
    used = {name for name in compile(found[1], "docs/execute.md", "exec").co_names if name[:1].isupper()}
    assert used <= names.keys()


def test_every_command_is_in_the_readme() -> None:
    for name in COMMANDS:
        assert re.search(rf"`{name}[` ]", README), name


@pytest.mark.parametrize(("path", "command", "context"), WALKED, ids=[path for path, _, _ in WALKED])
def test_every_command_and_option_is_documented(path, command, context) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - typer's own
    section = CLI.partition(f"## {path}\n")[2].partition("\n## ")[0]
    assert section
    for parameter in command.get_params(context):
        if parameter.name == "help":
            continue
        assert f"`{spelling(parameter, context)}`".replace("|", "\\|") in section
        assert getattr(parameter, "help", None), f"{parameter.name} of {path} has no help"
        assert variable(parameter, context) in section


@pytest.mark.parametrize(("path", "command", "context"), WALKED[1:], ids=[path for path, _, _ in WALKED[1:]])
def test_help_says_what_the_table_says(path, command, context) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - typer's own
    row = row_of(path)
    assert row is not None
    assert inspect.cleandoc(command.help or "").split("\n")[0] == row.short
    text = command.get_help(context)
    assert f"Changes: {row.changes}." in text
    for code in (Exit.DONE, Exit.ERROR, *row.exits):
        assert re.search(rf"^ +{code.value} +{re.escape(MEANING[code])}$", text, re.MULTILINE), code


def test_reading_commands_speak_json() -> None:
    reading = {path for path, _, _ in WALKED if (row := row_of(path)) and row.changes.startswith("nothing")}
    speaking = {path for path, command, context in WALKED for one in command.get_params(context) if "--json" in one.opts}
    assert reading <= speaking


def test_every_kind_and_field_is_documented() -> None:
    page = (REFERENCE / "manifests.md").read_text()
    for kind in set(Kind) - {Kind.CELL}:
        assert re.search(rf"^#+ .*\b{kind}\b", page, re.MULTILINE), kind
    for name, schema in json_schemas().items():
        for field in _fields(schema):
            assert re.search(rf"[`.]{field}[`:\[.]", page), f"{field} of {name}"


def _fields(schema: object) -> set[str]:
    if isinstance(schema, list):
        return {field for part in schema for field in _fields(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(_fields(part) for part in schema.values())) if schema else own


def test_every_exit_code_is_documented() -> None:
    assert set(MEANING) == set(Exit)
    page = (REFERENCE / "exit-codes.md").read_text()
    for code, text in MEANING.items():
        assert f"`{code.value}` | {code.name.lower()} | {text}" in page
    for number in range(7):
        assert f"`{number}`" in README


def test_every_error_ends_with_a_documented_code() -> None:
    page = (REFERENCE / "errors.md").read_text()
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.UnsandboxError)]
    assert len(kinds) > 15
    for kind in kinds:
        assert kind.exit_status in {code.value for code in Exit}
        assert f"`{kind.code}`" in page


def test_every_code_is_documented_once() -> None:
    page = (REFERENCE / "refusals.md").read_text()
    order = (REFERENCE / "rules.md").read_text()
    entries = catalogue()
    assert len(entries) > 100
    for entry in entries:
        assert page.count(f"| `{entry.code}` | {entry.title} |") == 1, entry.code
        assert len(entry.why) > 20, f"{entry.code} says nothing about why"
    for rule in RULES:
        assert order.count(f"| `{rule.code}` | {rule.title} |") == 1
    given = {
        code
        for folder in ("engine", "manifest", "policy", "lxd", "app")
        for path in (ROOT / "reconciler" / folder).rglob("*.py")
        for code in re.findall(r"\"([ACDEFGHILMOPRSX]\d\d)\"", path.read_text())
    }
    assert given == {entry.code for entry in entries}


def test_every_code_belongs_to_one_decision() -> None:
    codes = [code for decision in DECISIONS for code in decision.codes]
    assert len(codes) == len(set(codes))
    assert set(codes) == {entry.code for entry in catalogue()}
    assert len(DECISIONS) >= 26


def test_every_variable_that_is_read_is_documented() -> None:
    read = set()
    for path in (ROOT / "reconciler").rglob("*.py"):
        read |= set(re.findall(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text()))
    assert read
    assert read <= set(OTHERS)
    for name in OTHERS:
        assert f"`{name}`" in CLI


def test_schemas_are_json() -> None:
    for schema in json_schemas().values():
        assert json.loads(json.dumps(schema)) == schema
