"""The command before any command: help, options, variables, completion, and its ways to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.table import COMMANDS
from tests.cli.conftest import COMMAND, one_error

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

BOOM = """
import sys
from reconciler.cli import table, main
table.COMMANDS["boom"] = table.Row("tests.cli.boom", "", "")
main.main()
"""
"""The command with one more, which fails as its variable says."""


def test_help_names_every_command_and_exit_code(shell: Shell) -> None:
    bare, asked = shell.run(), shell.run("--help")
    assert (bare.returncode, asked.returncode, asked.stderr) == (0, 0, "")
    assert bare.stdout == asked.stdout
    for name, row in COMMANDS.items():
        assert f"{name} " in asked.stdout
        assert row.short in asked.stdout
    assert "    5  the saved plan is stale" in asked.stdout
    assert "--install-completion" in asked.stdout


def test_help_imports_nothing_that_takes_time(shell: Shell) -> None:
    code = """
import sys, atexit
atexit.register(lambda: sys.stderr.write(" ".join(sorted(sys.modules))))
from reconciler.cli.main import main
main()
"""
    done = shell.run("--help", code=code)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert "reconciler.cli.main" in loaded
    assert not loaded & {"pydantic", "requests", "pylxd", "rich", "yaml", "sqlite3", "cryptography", "reconciler.cli.plan"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_effects_and_exit_codes(shell: Shell, name: str) -> None:
    done = shell.run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Changes: {COMMANDS[name].changes}." in done.stdout
    assert "Exit codes:" in done.stdout
    if name not in {"init", "hosts", "images", "lock"}:  # those have no options of their own
        assert f"UNSANDBOX_{name.upper()}_" in done.stdout


def test_version(shell: Shell) -> None:
    assert shell.run("--version").stdout.startswith("unsandbox 0.")
    assert shell.run("--help", UNSANDBOX_VERSION="1").stdout.startswith("Usage:")


@pytest.mark.parametrize(
    ("arguments", "message", "following"),
    [
        (["plna"], "there is no command 'plna'", "unsandbox plan"),
        (["zzzzzz"], "there is no command 'zzzzzz'", "unsandbox --help"),
        (["--colour", "auto", "plan"], "no such option: --colour", "unsandbox --help"),
        (["--color", "pink", "plan"], "pink", "unsandbox --help"),
        (["--parallel", "0", "plan"], "parallel", "unsandbox --help"),
        (["plan", "-C", "elsewhere"], "-C is an option of unsandbox itself", "unsandbox -C VALUE plan"),
        (["plan", "--onyl", "destroy"], "no such option: --onyl", "unsandbox plan --help"),
        (["plan", "--only", "keep"], "keep", "unsandbox plan --help"),
        (["explain"], "missing argument 'REF'", "unsandbox explain --help"),
        (["explain", "web"], "'web' is not a reference", "unsandbox status"),
        (["apply", "--json", "--events", "-"], "both write to standard output", "unsandbox apply --json --events FILE"),
        (["apply", "plan.json", "--rev", "HEAD"], "a saved plan has its scope", "unsandbox apply plan.json"),
        (["hosts", "ad"], "ad", "unsandbox hosts --help"),
        (["-C"], "-C", "unsandbox --help"),
        (["history", "--limit", "many"], "valid integer", "unsandbox history --help"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_a_hint(shell: Shell, arguments: list[str], message: str, following: str) -> None:
    done = shell.run(*arguments)
    error = one_error(done)
    assert (done.returncode, done.stdout) == (1, "")
    assert error["code"] == "usage"
    assert message in error["message"]
    assert error["next"] == following


def test_options_come_from_variables_too(shell: Shell) -> None:
    assert "parallel" in one_error(shell.run("plan", UNSANDBOX_PARALLEL="none"))["message"]
    assert "no such folder" in shell.run("validate", UNSANDBOX_DIRECTORY="/nonexistent").stderr
    assert "limit" in one_error(shell.run("history", UNSANDBOX_HISTORY_LIMIT="0"))["message"]


def test_colour_only_where_it_is_wanted(shell: Shell) -> None:
    assert "\x1b[" not in shell.run("plna").stderr
    for arguments, environ, coloured in (
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"UNSANDBOX_COLOR": "always"}, True),
    ):
        assert ("\x1b[" in shell.run(*arguments, "validate", **environ).stderr) is coloured, (arguments, environ)


def test_commands_and_options_complete(shell: Shell) -> None:
    assert shell.complete("pl") == ["plan"]
    assert shell.complete("h") == ["hosts", "history"]
    assert shell.complete("") == list(COMMANDS)
    assert "--target" in shell.complete("plan", "--")
    assert shell.complete("plan", "--only", "de") == ["destroy"]


def test_references_complete_from_manifests(repository: Shell) -> None:
    assert repository.complete("explain", "") == ["Host/h1", "Image/starter", "Key/team", "Service/api", "Service/web", "Tier/small"]
    assert repository.complete("adopt", "Service/w") == ["Service/web"]
    assert repository.complete("plan", "--target", "Service/a") == ["Service/api"]
    assert repository.complete("adopt", "Key/") == []
    elsewhere = repository.complete("-C", str(repository.root), "release", "Service/a", UNSANDBOX_DIRECTORY="/nonexistent")
    assert elsewhere == ["Service/api"]


def test_completion_is_quiet_about_what_it_cannot_read(shell: Shell) -> None:
    shell.write({"manifests/a.yaml": "kind: Service\nmetadata: {name: good}\n---\n: [broken\nkind: Nothing\nmetadata: {name: x}\n"})
    (shell.root / "manifests" / "b.yaml").write_bytes(b"\xff\xfe\x00")
    (shell.root / "manifests" / "c.yaml").symlink_to("/nonexistent")
    done = shell.run(_UNSANDBOX_COMPLETE="complete_bash", COMP_WORDS="unsandbox explain Se", COMP_CWORD="2")
    assert done.stderr == ""
    assert done.stdout.split() in ([], ["Service/good"])


def test_a_defect_is_a_line_and_a_report_without_secrets(shell: Shell) -> None:
    path = os.pathsep.join(sys.path)
    done = shell.run("boom", code=BOOM, PYTHONPATH=path, BOOM="defect")
    error = one_error(done)
    assert (done.returncode, done.stdout, error["code"]) == (1, "", "defect")
    assert "hunter2" not in done.stderr
    (report,) = (shell.root / ".unsandbox" / "reports").iterdir()
    assert str(report.relative_to(shell.root)) in error["message"]
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "RuntimeError" in text
    assert "KeyError" in text
    assert "boom.py" in text
    assert "hunter2" not in text
    shown = shell.run("boom", code=BOOM, PYTHONPATH=path, BOOM="defect", UNSANDBOX_DEBUG="1")
    assert "Traceback" in shown.stderr
    assert shown.returncode == 1


def test_a_report_that_cannot_be_written_there_is_written_elsewhere(shell: Shell) -> None:
    (shell.root / ".unsandbox").write_text("a file where a folder should be")
    temporary = shell.root / "tmp"
    temporary.mkdir()
    done = shell.run("boom", code=BOOM, PYTHONPATH=os.pathsep.join(sys.path), BOOM="defect", TMPDIR=str(temporary))
    assert f"a report is in {temporary}/unsandbox-defect-" in one_error(done)["message"]


def test_ctrl_c_is_no_error(shell: Shell) -> None:
    done = shell.run("boom", code=BOOM, PYTHONPATH=os.pathsep.join(sys.path), BOOM="interrupt")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped; nothing was done\n")


def test_a_reader_that_left_is_no_error(shell: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run([COMMAND, "--help"], stdout=closed, stderr=subprocess.PIPE, env=shell.environ, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_terminal_without_unicode_gets_something_it_can_show(shell: Shell) -> None:
    done = shell.run("explain", "wörld", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "w\\xf6rld" in done.stderr
