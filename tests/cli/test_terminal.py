"""The command on a terminal, with somebody who answers, and a real host."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pyotp
import pytest

from reconciler.app import approvers
from reconciler.app.settings import Settings
from tests.cli.terminal import converse
from tests.e2e.fleet import POLICY, Fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


@pytest.fixture
def fleet(lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path: Path) -> Fleet:
    """One empty host and a repository that knows it."""
    clean(lxd)
    made = Fleet(tmp_path / "fleet", [lxd], starter)
    made.root.mkdir()
    made.set_up()
    made.environ.pop("NO_COLOR", None)
    return made


def talk(fleet: Fleet, *arguments: str, answers: tuple[tuple[str, str], ...] = ()) -> tuple[int, str]:
    return converse(fleet.root, fleet.environ, arguments, answers)


def test_an_apply_asks_shows_progress_and_time(fleet: Fleet) -> None:
    fleet.services({"one": "", "two": ""})
    status, shown = talk(fleet, "apply", answers=(("[y/N]", "n\n"),))
    assert (status, fleet.instances()) == (1, {})
    assert "nothing was changed" in shown

    status, shown = talk(fleet, "apply", answers=(("[y/N]", "y\n"),))
    assert status == 0, shown
    assert "\x1b[32m" in shown
    assert "0:00:0" in shown
    assert "create Service/one on h1" in shown
    assert "Applied: " in shown
    assert shown.rstrip().endswith("s\x1b[0m")
    assert "\x1b[?25h" in shown  # the cursor is back
    assert fleet.statuses() == {"svc-one": "Running", "svc-two": "Running"}

    # Nothing to do: nothing is asked.
    assert talk(fleet, "apply")[0] == 0


def test_a_destroy_wants_yes_in_full(fleet: Fleet) -> None:
    fleet.services({"one": "", "two": ""})
    fleet.run("apply", "--yes")
    fleet.services({"two": ""})
    refused = fleet.run("apply", expect=1)
    assert "next: unsandbox apply --yes" in refused.err
    status, shown = talk(fleet, "apply", answers=(("Type yes", "y\n"),))
    assert (status, sorted(fleet.statuses())) == (1, ["svc-one", "svc-two"])
    assert "destroys a container and its data" in shown
    assert talk(fleet, "apply", answers=(("Type yes", "yes\n"),))[0] == 0
    assert list(fleet.statuses()) == ["svc-two"]


def test_a_destroy_asks_for_the_code_where_the_policy_wants_one(fleet: Fleet) -> None:
    fleet.write("manifests/policy.yaml", POLICY.replace('approval: "off"', "approval: required"))
    fleet.services({"one": "", "two": "ports: [80], env: {A: '1'}"})
    fleet.run("apply", "--yes")
    settings = Settings(fleet.root, fleet.root / ".unsandbox", fleet.root / "config", actor="anna@desk")
    made = approvers.new_enrolment(settings, "anna")
    approvers.enrol(settings, made, pyotp.TOTP(made.secret).now())
    fleet.services({"two": "ports: [80], env: {A: '1'}"})
    answers = (("Type yes", "yes\n"), ("One-time code of anna", made.recovery[0] + "\n"))
    status, shown = talk(fleet, "apply", answers=answers)
    assert (status, list(fleet.statuses())) == (0, ["svc-two"])
    assert "needs approval: destroys Service/one" in shown
    assert made.recovery[0] not in shown


def test_ctrl_c_at_the_question_does_nothing(fleet: Fleet) -> None:
    fleet.services({"one": ""})
    status, shown = talk(fleet, "apply", answers=(("[y/N]", "\x03"),))
    assert status == 130
    assert "; nothing was done" in shown
    assert "Traceback" not in shown
    assert fleet.instances() == {}


def test_ctrl_c_while_it_runs_stops_between_steps(fleet: Fleet) -> None:
    fleet.services({f"s-{number:02}": "" for number in range(24)})
    fleet.environ["NO_COLOR"] = "1"
    status, shown = talk(fleet, "--parallel", "2", "apply", answers=(("[y/N]", "y\n"), ("done create", "\x03")))
    assert status == 4, shown
    assert "stopping after the calls under way" in shown
    assert "stopped between steps" in shown
    assert 0 < len(fleet.instances()) < 24
    with sqlite3.connect(fleet.root / ".unsandbox" / "journal.db") as journal:
        assert journal.execute("select count(*) from intents where outcome is null").fetchone() == (0,)
    fleet.run("apply", "--yes")
    fleet.converged()


def test_events_and_the_report_are_json(fleet: Fleet) -> None:
    fleet.services({"one": "env: {TOKEN: hunter2}"})
    ran = fleet.run("apply", "--yes", "--events", str(fleet.root / "events.jsonl"), "--json")
    assert [row["ref"] for row in ran.json["done"] if row["action"] == "create"] == ["Service/one"]
    assert "Plan: " in ran.err
    written = [json.loads(line) for line in (fleet.root / "events.jsonl").read_text().splitlines()]
    assert (written[0]["kind"], written[-1]["kind"]) == ("plan-started", "plan-done")
    assert {row["kind"] for row in written[1:-1]} == {"action-started", "action-done"}
    fleet.services({"one": "env: {TOKEN: hunter3}, state: frozen"})
    ran = fleet.run("apply", "--yes", "--events", "-")
    kinds = [json.loads(line)["kind"] for line in ran.out.splitlines()]
    assert kinds == ["plan-started", "action-started", "action-done", "plan-done"]
    told = ran.out + ran.err + fleet.run("history", "--json").out
    assert not any(secret in told for secret in ("hunter2", "hunter3"))
    rows = fleet.run("history", "Service/one", "--limit", "3", "--json").json["entries"]
    assert len(rows) == 3
    assert {row["outcome"] for row in rows} == {"done"}


def test_status_and_hosts_and_explain_of_what_runs(fleet: Fleet) -> None:
    fleet.services({"one": "", "two": "state: frozen"})
    fleet.run("apply", "--yes")
    objects = {row["ref"]: row for row in fleet.run("status", "--json").json["objects"]}
    assert {ref: (row["declared"], row["actual"]) for ref, row in objects.items()} == {
        "Service/one": ("running", "running"),
        "Service/two": ("frozen", "frozen"),
    }
    assert "Service/two" in fleet.run("status").out
    (host,) = fleet.run("hosts", "--json").json["hosts"]
    assert (host["grade"], host["instances"], host["powers"]) == ("complete", 2, {"frozen": 1, "running": 1})
    assert "as declared" in fleet.run("explain", "Service/one").out


def test_a_host_is_taken_in_by_a_person(lxd: Daemon, clean: Callable[..., None], shell: Shell) -> None:
    clean(lxd)
    token = lxd.trust_token("unsandbox-person")
    environ = {**shell.environ, "UNSANDBOX_CONFIG_DIR": str(shell.root / "config")}
    arguments = ("hosts", "add", lxd.url, "--name", "far", "--location", "there")
    status, shown = converse(shell.root, environ, arguments, (("Type yes", "no\n"),))
    assert (status, lxd.fingerprint in shown) == (1, True)
    assert not (shell.root / "inventory").exists()

    status, shown = converse(shell.root, environ, arguments, (("Type yes", "yes\n"), ("Trust token or password", f"{token}\n")))
    assert status == 0, shown
    assert token not in shown
    entry = (shell.root / "inventory" / "far.yaml").read_text()
    assert lxd.fingerprint in entry
    assert token not in entry
    shell.environ = environ
    assert json.loads(shell.run("hosts", "--json").stdout)["hosts"][0]["grade"] == "complete"


def test_a_wrong_fingerprint_is_told_before_anything_is_sent(lxd: Daemon, shell: Shell) -> None:
    token = lxd.trust_token("unsandbox-wrong")
    done = shell.run(
        "hosts", "add", lxd.url, "--name", "far", "--location", "there", "--fingerprint", "0" * 64, UNSANDBOX_TRUST_TOKEN=token
    )
    assert done.returncode == 4
    assert "nothing was sent to it" in done.stderr
    assert not (shell.root / "inventory").exists()
