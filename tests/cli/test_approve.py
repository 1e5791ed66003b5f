"""Approving through the real command: a person at a terminal, and lines on standard input."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
import pytest
import segno

from reconciler.app.approval_files import redeem_file
from reconciler.app.approvals import binding_of_saved, redeem
from reconciler.app.planfile import read_plan
from reconciler.app.settings import settings_from
from reconciler.cli.render.approvals import qr_rows
from tests.cli.conftest import COMMAND, one_error
from tests.cli.terminal import converse

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings
    from tests.cli.conftest import Shell

PAINT = re.compile(r"\x1b\[[0-9;]*m|\r")
SECRET = re.compile(r"secret +((?:[A-Z2-7]{4} ?){8})")
RECOVERY = re.compile(r"^ +([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})\s*$", re.MULTILINE)
BLOCKS = {" ": (1, 1), "\u2580": (0, 1), "\u2584": (1, 0), "\u2588": (0, 0)}


@dataclass
class Office:
    """A repository, and people with their apps and recovery codes."""

    shell: Shell
    secrets: dict[str, str] = field(default_factory=dict)
    recovery: dict[str, list[str]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return settings_from(self.shell.root, self.shell.environ)

    def now(self, name: str) -> str:
        """What the app of ``name`` shows at this moment."""
        return pyotp.TOTP(self.secrets[name]).now()

    def spare(self, name: str) -> str:
        """A recovery code, so that no test waits for the next 30 seconds."""
        return self.recovery[name].pop()

    def say(self, *arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *arguments],
            cwd=self.shell.root,
            env=self.shell.environ,
            input=lines,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def enrol(self, name: str, voucher: str = "") -> str:
        """Over pipes: the secret comes out, then the code goes in. What was written to standard output."""
        with subprocess.Popen(
            [str(COMMAND), "approvers", "add", name, "--stdin", *(("--approver", voucher) if voucher else ())],
            cwd=self.shell.root,
            env=self.shell.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as process:
            assert process.stdin
            assert process.stdout
            if voucher:
                process.stdin.write(self.spare(voucher) + "\n")
            shown = "".join(iter_until(process.stdout.readline, 11))
            self.take_in(name, shown)
            out, err = process.communicate(self.now(name) + "\n", timeout=60)
            assert process.returncode == 0, err
            return shown + out

    def take_in(self, name: str, shown: str) -> None:
        text = PAINT.sub("", shown)
        found = SECRET.search(text)
        assert found, shown
        self.secrets[name] = found[1].replace(" ", "")
        self.recovery[name] = RECOVERY.findall(text)
        assert len(set(self.recovery[name])) == 8

    def names(self) -> list[str]:
        return [row["name"] for row in json.loads(self.say("approvers", "--json").stdout)["approvers"]]

    def notes(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.shell.root / ".unsandbox" / "journal.db") as journal:
            rows = journal.execute("select kind, by from notes order by rowid").fetchall()
        journal.close()
        return rows


def iter_until(read: object, count: int) -> list[str]:
    assert callable(read)
    return [read() for _ in range(count)]


@pytest.fixture
def office(repository: Shell) -> Office:
    """Anna is enrolled, and a plan is saved that destroys."""
    made = Office(repository)
    made.enrol("anna")
    done = made.say("plan", "--out", "plan.json")
    assert done.returncode == 3, done.stderr
    edit(
        made.shell.root / "plan.json",
        [("destroy", "Service", "web", "h1", "f1"), ("replace", "Service", "api", "h2", "f2"), ("create", "Service", "new", "h1", "")],
    )
    return made


def edit(path: Path, rows: list[tuple[str, str, str, str, str]]) -> None:
    """No host answers here, so the saved plan is empty: give it actions, as a plan of a living fleet has."""
    document = json.loads(path.read_text())
    names = ("action", "kind", "name", "host", "fingerprint")
    document["actions"] = [{**dict(zip(names, row, strict=True)), "fields": []} for row in rows]
    path.write_text(json.dumps(document))


def approved(office: Office, plan: str = "plan.json") -> str:
    """Who approved the plan; the approval is used up."""
    found = redeem(office.settings, binding_of_saved(read_plan(office.shell.root / plan)))
    return found.by if found else ""


def test_enrolling_at_a_terminal_shows_a_code_to_photograph(repository: Shell) -> None:
    office = Office(repository)
    secret: list[str] = []

    def first_code(shown: str) -> str:
        office.take_in("anna", shown)
        secret.append(office.secrets["anna"])
        return office.now("anna") + "\n"

    status, shown = converse(
        repository.root, repository.environ, ("approvers", "add", "anna"), (("The code that the app of anna shows: ", first_code),)
    )
    assert status == 0, shown
    assert "anna is enrolled" in shown
    account = f"anna%40{repository.root.name}"
    uri = f"otpauth://totp/unsandbox:{account}?secret={secret[0]}&issuer=unsandbox"
    assert pyotp.parse_uri(uri).secret == secret[0]
    rows = [line for line in PAINT.sub("", shown).splitlines() if set(line) <= set(BLOCKS) and len(line) > 20]
    assert rows == [row for row in qr_rows(uri) if len(row) > 20]
    assert "\x1b[97;40m" in shown
    assert office.names() == ["anna"]
    # The code that was typed is not on the screen, and it is spent.
    assert office.now("anna") not in shown


def test_a_drawn_code_is_the_code() -> None:
    text = "otpauth://totp/unsandbox:anna%40fleet?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=unsandbox"
    pairs = [[BLOCKS[block] for block in row] for row in qr_rows(text)]
    drawn = [[pair[half] for pair in row] for row in pairs for half in (0, 1)]
    meant = [[int(bool(dark)) for dark in row] for row in segno.make(text, micro=False).matrix]
    border = 4
    assert [row[border:-border] for row in drawn[border : border + len(meant)]] == meant


def test_without_a_terminal_no_secret_is_shown(repository: Shell) -> None:
    done = repository.run("approvers", "add", "anna")
    error = one_error(done)
    assert (done.returncode, done.stdout) == (1, "")
    assert error["next"] == "unsandbox approvers add anna --stdin"
    listed = repository.run("approvers")
    assert (listed.returncode, "nobody is enrolled" in listed.stdout) == (0, True)


def test_a_wrong_first_code_enrols_nobody(repository: Shell) -> None:
    office = Office(repository)
    done = office.say("approvers", "add", "anna", "--stdin", lines="12345\n")
    assert (done.returncode, one_error(done)["message"].startswith("A25: ")) == (3, True)
    assert office.names() == []


def test_a_second_person_needs_the_first_and_may_be_removed(office: Office) -> None:
    done = office.say("approvers", "add", "mallory", "--stdin", lines="123456\n654321\n")
    assert done.returncode == 3
    assert "A25: " in done.stderr
    assert SECRET.search(done.stdout) is None, "a stranger sees no secret"
    office.enrol("bert", voucher="anna")
    assert office.names() == ["anna", "bert"]
    assert office.say("approvers", "remove", "bert", "--stdin", "--approver", "anna", lines="\n").returncode == 1
    assert office.say("approvers", "remove", "bert", "--stdin", "--approver", "anna", lines=f"{office.spare('anna')}\n").returncode == 0
    assert office.names() == ["anna"]
    done = office.say("approvers", "remove", "anna", "--stdin", lines=f"{office.spare('anna')}\n")
    assert (done.returncode, "nobody is enrolled" in done.stderr) == (0, True)
    added = [row for row in office.notes() if row[0].startswith("approver-")]
    assert added[1:] == [("approver-added", "anna"), ("approver-removed", "anna"), ("approver-removed", "anna")]


def test_the_list_holds_no_secret(office: Office) -> None:
    told = office.say("approvers").stdout + office.say("approvers", "--json").stdout + office.say("history", "--json").stdout
    assert "anna" in told
    assert "8 left" in told
    assert office.secrets["anna"] not in told.replace(" ", "")
    assert not any(code in told for code in office.recovery["anna"])


def test_a_plan_is_approved_with_a_line_on_standard_input(office: Office) -> None:
    done = office.say("approve", "plan.json", "--stdin", lines=f"{office.spare('anna')}\n")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith(": 1 destroy, 1 replace, 1 create")
    assert [line.split() for line in lines if line.startswith("    ")] == [
        ["Service/api", "on", "h2", "replace"],
        ["Service/web", "on", "h1", "destroy"],
        ["Service/new", "on", "h1", "create"],
    ]
    assert lines[-1] == "Approved by anna, for 5 minutes and one apply. Next: unsandbox apply plan.json"
    assert approved(office) == "anna"
    assert approved(office) == ""
    assert office.notes()[-2:] == [("approved", "anna"), ("approval-used", "anna")]


def test_a_code_comes_from_a_variable_too(office: Office) -> None:
    spare = office.spare("anna")
    done = office.shell.run("approve", "plan.json", UNSANDBOX_OTP=spare)
    assert done.returncode == 0, done.stderr
    again = office.shell.run("approve", "plan.json", UNSANDBOX_OTP=spare)
    assert (again.returncode, one_error(again)["message"].startswith("A26: ")) == (3, True)
    assert spare not in again.stderr + again.stdout


def test_a_plan_edited_around_its_id_is_not_approved(office: Office) -> None:
    """Who approves a harmless list has not approved the plan that carries the same id."""
    path = office.shell.root / "plan.json"
    whole = path.read_text()
    edit(path, [("create", "Service", "new", "h1", "")])
    assert office.say("approve", "plan.json", "--stdin", lines=f"{office.spare('anna')}\n").returncode == 0
    path.write_text(whole)
    assert approved(office) == ""


@pytest.mark.parametrize(
    ("arguments", "lines", "status", "message"),
    [
        (("approve", "plan.json", "--stdin"), "000\n", 3, "A25: the code is wrong"),
        (("approve", "plan.json", "--stdin"), "\n", 1, "no code was given, so nothing was tried"),
        (("approve", "plan.json"), "", 1, "there is no terminal to ask on; set UNSANDBOX_OTP or give --stdin"),
        (("approve", "plan.json", "--stdin", "--approver", "bert"), "123456\n", 3, "A20: "),
        (("approve", "none.json", "--stdin"), "123456\n", 1, "none.json"),
        (("approve", "plan.json", "--sign-with", "key"), "", 1, "--sign-with and --out go together"),
        (("approve", "plan.json", "--sign-with", "plan.json", "--out", "a"), "", 1, "plan.json"),
        (("approvers", "add", "anna", "--stdin"), "1\n", 1, "anna is enrolled already"),
        (("approvers", "add", "Anna B", "--stdin"), "1\n", 1, "is not a name"),
        (("approvers", "remove", "bert", "--stdin"), "1\n", 1, "nobody called bert is enrolled"),
        (("approvers", "key", "anna", "plan.json", "--stdin"), "1\n", 1, "plan.json exists"),
    ],
)
def test_what_is_refused_is_one_error_with_the_next_command(
    office: Office, arguments: tuple[str, ...], lines: str, status: int, message: str
) -> None:
    done = office.say(*arguments, lines=lines)
    error = one_error(done)
    assert done.returncode == status
    assert message in error["message"]
    assert error["next"]
    assert approved(office) == ""
    assert office.names() == ["anna"]


def test_with_nobody_enrolled_nothing_is_asked(repository: Shell) -> None:
    office = Office(repository)
    office.say("plan", "--out", "plan.json")
    edit(repository.root / "plan.json", [("destroy", "Service", "web", "h1", "f1")])
    done = office.say("approve", "plan.json", "--stdin", lines="123456\n")
    assert (done.returncode, one_error(done)["next"]) == (3, "unsandbox approvers add NAME")
    assert "A20: " in done.stderr


def test_a_person_at_a_terminal_is_asked_again(office: Office) -> None:
    spare = office.spare("anna")
    answers = (("Code of anna: ", "000\n"), ("Code of anna: ", f"{spare}\n"))
    status, shown = converse(office.shell.root, office.shell.environ, ("approve", "plan.json"), answers)
    assert status == 0, shown
    assert "tries left: 4" in shown
    assert spare not in shown
    assert approved(office) == "anna"


def test_an_empty_answer_is_no_try(office: Office) -> None:
    for typed in ("\n", "\x04"):
        status, shown = converse(office.shell.root, office.shell.environ, ("approve", "plan.json"), (("Code of anna: ", typed),))
        assert (status, "no code was given, so nothing was tried" in shown) == (1, True), shown
    assert [kind for kind, _ in office.notes()] == ["approver-added"]


def test_ctrl_c_at_the_code_approves_nothing(office: Office) -> None:
    status, shown = converse(office.shell.root, office.shell.environ, ("approve", "plan.json"), (("Code of anna: ", "\x03"),))
    assert status == 130, shown
    assert "Traceback" not in shown
    assert approved(office) == ""


def test_of_several_the_one_who_approves_is_asked_for(office: Office) -> None:
    office.enrol("bert", voucher="anna")
    done = office.say("approve", "plan.json", "--stdin", lines=f"{office.spare('bert')}\n")
    assert (done.returncode, one_error(done)["next"]) == (1, "unsandbox approve plan.json --approver NAME")
    answers = (("Who approves (anna, bert): ", "bert\n"), ("Code of bert: ", f"{office.spare('bert')}\n"))
    assert converse(office.shell.root, office.shell.environ, ("approve", "plan.json"), answers)[0] == 0
    assert approved(office) == "bert"


def test_a_key_signs_for_a_run_that_nobody_attends(office: Office) -> None:
    assert office.say("approvers", "key", "anna", "anna.key", "--stdin", lines="000\n").returncode == 3
    assert not (office.shell.root / "anna.key").exists()
    done = office.say("approvers", "key", "anna", "anna.key", "--stdin", lines=f"{office.spare('anna')}\n")
    assert done.returncode == 0, done.stderr
    assert (office.shell.root / "anna.key").stat().st_mode & 0o777 == 0o600
    for life in ("0h", "25h", "soon"):
        done = office.say("approve", "plan.json", "--sign-with", "anna.key", "--expires", life, "-o", "approval.json")
        assert (done.returncode, one_error(done)["code"]) == (1, "usage")
    done = office.say("approve", "plan.json", "--sign-with", "anna.key", "--expires", "30m", "-o", "approval.json")
    assert done.returncode == 0, done.stderr
    assert "1 destroy" in done.stdout
    document = json.loads((office.shell.root / "approval.json").read_text())
    left = datetime.fromisoformat(document["expires_at"]) - datetime.now(UTC)  # noqa: TID251 - what the command wrote by the real clock
    assert 29 * 60 < left.total_seconds() <= 30 * 60
    binding = binding_of_saved(read_plan(office.shell.root / "plan.json"))
    assert redeem_file(office.settings, office.shell.root / "approval.json", binding).by == "anna"
    key = json.loads((office.shell.root / "anna.key").read_text())["private_key"]
    state = b"".join(path.read_bytes() for path in (office.shell.root / ".unsandbox").iterdir() if path.is_file())
    assert key.encode() not in state
