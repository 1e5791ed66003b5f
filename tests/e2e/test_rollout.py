"""A rolling update on real hosts through the real command: one batch an apply."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.slow, pytest.mark.timeout(180)]

POOL = "size: 3, hosts: [{host}], network: {network}, update: {{canary: 1, maxUnavailable: 2, proven: 2s{more}}}"


def test_each_apply_takes_the_next_batch_and_says_what_waits(single: Fleet) -> None:
    host = single.daemons[0].name

    def declare(network: str, more: str = "") -> None:
        single.pool("py", POOL.format(host=host, network=network, more=more))

    def made() -> dict[str, str]:
        """Time of creation by name."""
        return {row["name"]: row["created_at"] for row in single.instances().values()}

    declare("zerotrust")
    single.run("apply", "--yes", "--uncommitted")
    first = made()
    time.sleep(3)

    declare("semitrusted", ", pause: true")
    ran = single.run("apply", "--yes", "--uncommitted", expect=3)
    assert "R02 replace 3 objects" in ran.out
    assert made() == first

    declare("semitrusted")
    ran = single.run("apply", "--yes", "--uncommitted", expect=3)
    assert "R04 replace 2 objects" in ran.out
    assert {name for name, at in made().items() if at != first[name]} == {"cell-py-0"}
    assert "R04" in single.run("plan", expect=3).out

    time.sleep(3)
    single.run("apply", "--yes", "--uncommitted")
    assert {name for name, at in made().items() if at != first[name]} == set(first)
    assert set(single.statuses().values()) == {"Running"}
