"""The loop is told to end while something is under way, or hangs."""

from __future__ import annotations

import signal
import time

import pytest

from reconciler.cli.exits import Exit
from tests.fake.estate import Estate
from tests.fake.lies import Lie
from tests.surviving.loop import RUNNING, Loop, settled

DRAIN, REST = 2.0, 4.0
"""Seconds for what is under way, and for giving back leases and leaving."""
HANGS = "60"
CREATES = 4.0


def _under_way(estate: Estate, loop: Loop) -> None:
    """Something is being made."""
    loop.until(lambda: settled(estate, a=RUNNING))
    estate.services["b"] = ""
    estate.write()
    loop.until(lambda: any(asked.body.get("name") == "svc-b" for asked in estate.fakes[0].writes))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/1.0/instances"),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in (("GET", "/1.0/instances"), ("PUT", "/1.0/profiles/.*"))),
    ],
)
def test_a_host_that_hangs_does_not_hold_up_the_end(method: str, path: str) -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        with Loop(estate, "--drain", str(DRAIN), timeout=HANGS) as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
            told = estate.fakes[0].liar.tell(Lie.SILENT, times=None, method=method, path=path)
            estate.services["b"] = ""
            estate.write()
            loop.until(lambda: told.count)
            assert loop.end() < DRAIN + REST
            if method == "POST":
                assert loop.process.returncode == Exit.FAILED


def test_a_look_that_hangs_is_left_and_leaves_nothing_open() -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        with Loop(estate, "--drain", HANGS, timeout=HANGS) as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
            loop.be_quiet()
            told = estate.fakes[0].liar.tell(Lie.SLOW, times=None, method="GET", path="/1.0/instances", seconds=float(HANGS))
            loop.process.send_signal(signal.SIGHUP)
            loop.until(lambda: told.count)
            assert loop.end() < REST
            assert loop.process.returncode == Exit.DONE


@pytest.mark.slow
def test_what_is_under_way_is_finished_and_nothing_more_is_begun() -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        estate.fakes[0].state.pace.create = CREATES / 2
        with Loop(estate) as loop:
            _under_way(estate, loop)
            assert loop.end() < CREATES
            assert loop.process.returncode == Exit.DONE
            assert "svc-b" in estate.rows()
        assert estate.fakes[0].query("GET", "/1.0/instances/svc-b?project=unsandbox")["config"]["user.unsandbox.name"] == "b"


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once_and_the_next_run_settles_what_is_open() -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        with Loop(estate, "--drain", "60") as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
            estate.fakes[0].state.pace.create = CREATES
            _under_way(estate, loop)
            loop.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert loop.process.poll() is None
            assert loop.end() < REST / 2
            assert loop.process.returncode == Exit.FAILED
        with Loop(estate) as loop:
            loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))
