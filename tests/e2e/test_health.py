"""The loop itself on a real host: what is unhealthy is restarted, and no more often than its policy allows."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import SOON, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.slow, pytest.mark.timeout(300)]

ASKED = "health: {command: [sh, -c, '! test -f /root/ill'], interval: 1s, timeout: 2s, retries: 2}"


@pytest.fixture
def looped(single: Fleet) -> Iterator[Fleet]:
    """A loop that keeps two services; both run."""
    host = single.daemons[0].name
    single.services(
        {
            name: f"placement: {{host: {host}}}, {ASKED}, restart: {{policy: {policy}, cap: 1}}"
            for name, policy in (("web", "always"), ("kept", "never"))
        }
    )
    process = single.start("run", "--uncommitted")
    try:
        until(lambda: list(single.statuses().values()) == ["Running", "Running"], SOON, 0.1)
        yield single
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)


def test_what_is_unhealthy_is_restarted_as_often_as_its_policy_allows(looped: Fleet) -> None:
    daemon = looped.daemons[0]

    def inside(name: str, command: str) -> None:
        daemon.lxc("exec", name, "--project", "unsandbox", "--", "sh", "-c", command)

    def started(name: str) -> str:
        return str(looped.instances()[f"{daemon.name}/{name}"]["last_used_at"])

    before = {name: started(name) for name in ("svc-web", "svc-kept")}
    for name in before:
        inside(name, "touch /root/ill")
    until(lambda: started("svc-web") != before["svc-web"], SOON, 0.1)
    until(lambda: looped.statuses()["svc-web"] == "Running", SOON, 0.1)
    once = started("svc-web")
    time.sleep(6)
    assert started("svc-web") == once
    assert started("svc-kept") == before["svc-kept"]
    told = looped.run("history", "Service/web").out
    assert told.count("SetPower:stop") == 1
    inside("svc-web", "rm /root/ill")
    time.sleep(2)
    assert started("svc-web") == once
