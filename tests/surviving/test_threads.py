"""A thread of the loop ends, or stands still, in a way that nobody foresaw: the loop says so and ends, for another start to begin anew."""

from __future__ import annotations

import sys

import pytest

from reconciler.cli.exits import Exit
from tests.fake.estate import Estate
from tests.surviving.loop import RUNNING, Loop, settled

CREATES = 4.0
NAMES = {"lease": "leading", "standstill": "leases stands still", "worker": "host-h1", "text": "text", "prober": "prober"}


@pytest.mark.parametrize("what", [pytest.param(one, marks=() if one == "worker" else pytest.mark.slow) for one in NAMES])
def test_a_loop_that_lost_a_thread_turns_red_ends_with_an_error_and_goes_on_when_started_again(what: str) -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        file = estate.root / "breaks"
        before = (sys.executable, "-m", "tests.surviving.breaks", what, str(file))
        with Loop(estate, "--full", "1", "--drain", "2", before=before) as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
            assert loop.health() == 200
            file.touch()
            estate.services["b"] = ""
            estate.write()
            estate.fakes[0].dies("svc-a", "unsandbox")
            assert loop.process.wait(30) == Exit.ERROR
            said = loop.log.read_text()
            assert NAMES[what] in next(line for line in said.splitlines() if line.startswith("error [defect]: the loop cannot go on"))
            assert '"state":"broken"' in said.replace(" ", "")
        with Loop(estate) as loop:
            loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))


@pytest.mark.slow
def test_what_is_planned_for_a_host_that_parts_is_not_gone_on_with() -> None:
    with Estate(count=2) as estate:
        estate.services = {"a": "placement: {host: h1}"}
        estate.write()
        parting = estate.fakes[1]
        with Loop(estate) as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
            parting.state.pace.create = CREATES
            estate.services["b"] = "placement: {host: h2}"
            estate.write()
            loop.until(lambda: any(asked.body.get("name") == "svc-b" for asked in parting.writes))
            del estate.services["b"]
            (estate.root / "inventory/h2.yaml").unlink()
            estate.write()
            loop.until(lambda: loop.told("action", "skipped"))
            assert "stopped after 1 of" in loop.told("action", "skipped")[0]["detail"]
            loop.be_quiet()
            assert not loop.told("action", "failed")
            assert {row["status"] for row in estate.rows(parting).values()} == {"Stopped"}
