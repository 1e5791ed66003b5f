"""A host whose event stream cannot be relied on: the loop comes to the same end by its own looks."""

from __future__ import annotations

import pytest

from tests.fake.estate import Estate
from tests.fake.lies import Lie
from tests.surviving.loop import RUNNING, Loop, settled


@pytest.mark.slow
@pytest.mark.parametrize("lie", [Lie.EVENT_LOST, Lie.EVENT_GARBAGE, Lie.EVENT_ELSEWHERE, Lie.STREAM_CLOSED, Lie.STREAM_DEAF])
def test_what_is_not_told_is_found_by_looking(lie: Lie) -> None:
    with Estate() as estate:
        estate.services = {"a": "", "b": ""}
        estate.write()
        fake = estate.fakes[0]
        with Loop(estate, "--full", "2") as loop:
            loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))
            told = fake.liar.tell(lie, times=None)
            for name in ("svc-a", "svc-b"):
                # What was just done is looked at once more in any case.
                loop.be_quiet()
                fake.dies(name, "unsandbox")
                loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))
            assert told.count
