"""``unsandbox exec`` and ``unsandbox jobs`` as they are typed, in the cells of a real pool."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import COMMAND

if TYPE_CHECKING:
    from tests.execute.pools import Stocked

pytestmark = pytest.mark.lxd


def script(fleet: Stocked, name: str, code: str) -> str:
    path = fleet.root / name
    path.write_text(code)
    return str(path)


def test_a_program_as_it_is_typed(fleet: Stocked) -> None:
    code = 'printf "%s|" "$@" "$KEY"; cat; cat /tmp/input/data; echo made > /tmp/artifacts/it; echo err >&2; exit 5'
    told = fleet.execute(
        script(fleet, "main.sh", code), "--env", "KEY=value", "--file", script(fleet, "data", "input\n"),
        "--artifacts", str(fleet.root / "out"), "--", "one", "two words", expect=5,
    )  # fmt: skip
    assert (told.out, told.err) == ("one|two words|value|input\n", "err\n")
    assert (fleet.root / "out" / "it").read_text() == "made\n"
    again = fleet.execute("-l", "python", script(fleet, "x", "import sys; print(sys.argv)"), "--json", "--", "-l").json
    assert (again["stdout"], again["exit_code"], again["language"]) == ("['main.python', '-l']\n", 0, "python")
    assert again["receipt"]["doubts"] == []
    # One cell served both, for it is the same person; another person has another.
    assert fleet.owners()[0] == ""
    other = fleet.execute("-l", "awk", script(fleet, "y", 'BEGIN { print "hi" }'), "--json", actor="somebody@else").json
    assert other["cell"] != again["cell"]
    assert len(set(fleet.owners()) - {""}) == 2
    late = fleet.execute("-l", "sh", script(fleet, "z", "echo begun; sleep 30"), "--ttl", "1s", expect=124)
    assert (late.out, late.err) == ("begun\n", "timeout: it took longer than it may\n")
    refused = fleet.execute("-l", "sh", script(fleet, "z", "true"), "--wait", "0s", expect=3)
    assert refused.err.startswith("error [overloaded]: C10: ")
    unserved = fleet.execute("-l", "sh", script(fleet, "z", "true"), "--vcpu", "4", expect=3)
    assert unserved.err.startswith("error [not-served]: C33: ")
    assert "next: unsandbox pools" in unserved.err
    fleet.run("apply", "--yes")
    assert fleet.execute("-l", "sh", script(fleet, "z", "echo anew")).out == "anew\n"


@pytest.mark.slow
def test_a_job_outlives_the_command_and_is_run_once(fleet: Stocked) -> None:
    code = script(fleet, "job.sh", "sleep 1; echo done; echo made > /tmp/artifacts/it; exit 6")
    id_ = fleet.execute("-l", "sh", code, "--async", "--key", "k").out.strip()
    assert fleet.execute("-l", "sh", code, "--async", "--key", "k").out.strip() == id_
    other = fleet.execute("-l", "sh", script(fleet, "other.sh", "true"), "--async", "--key", "k", expect=3)
    assert other.err.startswith("error [not-served]: C18: ")
    ended = fleet.run("jobs", "wait", id_, "--artifacts", str(fleet.root / "left"), expect=6)
    assert ended.out == "done\n"
    assert (fleet.root / "left" / "it").read_text() == "made\n"
    assert fleet.execute("-l", "sh", code, "--key", "k", expect=6).out == "done\n"
    assert [job["state"] for job in fleet.run("jobs", "--json").json["jobs"]] == ["done"]
    assert fleet.run("--actor", "somebody@else", "jobs", "--json").json["jobs"] == []
    assert fleet.run("jobs", "show", id_, "--json").json["result"]["exit_code"] == 6
    long = fleet.execute("-l", "sh", script(fleet, "long.sh", "echo begun; sleep 60"), "--async").out.strip()
    while fleet.run("jobs", "show", long, "--json").json["state"] == "queued":
        time.sleep(0.05)
    fleet.run("jobs", "cancel", long)
    cancelled = fleet.run("jobs", "wait", long, expect=130)
    assert cancelled.out == "begun\n"


@pytest.mark.slow
def test_the_cell_of_a_killed_process_serves_nobody_and_is_made_anew(fleet: Stocked) -> None:
    code = script(fleet, "main.sh", "echo begun; sleep 60")
    killed = subprocess.Popen(
        [*COMMAND, "-C", str(fleet.root), "exec", "--pool", fleet.box, code], env=fleet.environ, stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == "begun\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    assert len(set(fleet.owners()) - {""}) == 1
    after = fleet.execute("-l", "sh", script(fleet, "z", "echo after"), "--json").json
    assert after["stdout"] == "after\n"
    assert fleet.owners()[1] == "spent"
    fleet.run("apply", "--yes")
    assert fleet.owners()[0] == ""
    assert not any(pool["spent"] for pool in fleet.run("pools", "--json").json["pools"])
