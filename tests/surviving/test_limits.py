"""Few open files."""

from __future__ import annotations

import pytest

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


MIB = 1024 * 1024


@pytest.mark.parametrize("most", [60, 90, 120])
def test_too_little_memory_is_one_line_and_an_exit_code(most: int) -> None:
    with Estate(services={"a": ""}) as estate:
        estate.write()
        with Loop(estate, before=("prlimit", f"--as={most * MIB}")) as loop:
            assert loop.process.wait(30) == 1
            *_, error, following = loop.log.read_text().splitlines()
            assert error.startswith("error [exhausted]: this machine gives us no more ")
            assert following.startswith("next: ulimit -a")
