"""The clocks of a host and of the loop come to differ, by hours or by years, whichever of them jumped."""

from __future__ import annotations

import time

import pytest

from tests.fake.estate import Estate
from tests.fake.lies import Lie
from tests.surviving.loop import RUNNING, Loop, settled

HOUR, YEARS = 3600.0, 20 * 366 * 86_400.0
WHILE = 1.5


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [HOUR, -HOUR, YEARS, -YEARS])
def test_nothing_ends_while_clocks_disagree_and_power_is_kept(seconds: float) -> None:
    with Estate() as estate:
        estate.services = {"a": "", "b": "resources: {memory: 48MiB}", "c": "resources: {memory: 32MiB}"}
        estate.write()
        fake = estate.fakes[0]
        with Loop(estate, "--full", "2") as loop:
            loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING, c=RUNNING))
            fake.liar.tell(Lie.CLOCK_SKEW, times=None, seconds=seconds)
            loop.be_quiet()
            del estate.services["b"]
            estate.write()
            fake.dies("svc-a", "unsandbox")
            loop.until(lambda: any(line["code"] == "O11" for line in loop.told("refusal", "came")))
            time.sleep(WHILE)
            loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING, c=RUNNING))
            fake.liar.stop()
            loop.until(lambda: settled(estate, a=RUNNING, c=RUNNING))
