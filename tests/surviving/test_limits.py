"""Few open files."""

from __future__ import annotations

from tests.fake.estate import Estate
from tests.surviving.loop import RUNNING, Loop, settled


def test_it_takes_as_many_open_files_as_it_may_have_and_says_so_where_they_are_too_few() -> None:
    with Estate() as estate:
        estate.services = {"a": ""}
        estate.write()
        with Loop(estate, before=("prlimit", "--nofile=12:12")) as loop:
            assert loop.process.wait(30) == 1
            assert "Too many open files" in loop.log.read_text()
            assert estate.rows() == {}
        with Loop(estate, before=("prlimit", "--nofile=12:4096")) as loop:
            loop.until(lambda: settled(estate, a=RUNNING))
