"""A whole loop over fakes, its workers woken again and again from many threads: nothing is begun twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.app.loop.loop import Loop
from reconciler.app.loop.options import Options
from reconciler.app.telemetry import Telemetry
from tests.fake.bystander import Bystander
from tests.fake.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTS, SERVICES = 5, 30
PATIENCE = 30.0


@contextmanager
def running(estate: Estate) -> Iterator[Loop]:
    """The loop in threads of this process."""
    with Telemetry() as telemetry:
        loop = Loop(estate.settings, Options(uncommitted=True, drain=10.0), telemetry)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield loop
        finally:
            loop.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def until(what: Callable[[], bool]) -> None:
    """Wait, at most for our patience."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def test_workers_that_share_decisions_begin_nothing_twice() -> None:
    services = {f"s{number:02}": f"placement: {{host: h{1 + number % HOSTS}}}" for number in range(SERVICES)}
    with Estate(count=HOSTS, services=services) as estate:
        estate.write()

        def statuses() -> list[str]:
            return [row["status"] for fake in estate.fakes for row in estate.rows(fake).values()]

        with running(estate) as loop:
            until(lambda: statuses() == ["Running"] * SERVICES)
            before = {fake.name: len(fake.writes) for fake in estate.fakes}
            for fake in estate.fakes:
                Bystander(fake).power(min(estate.rows(fake)), "stop")
                loop.reload()
            until(lambda: statuses() == ["Running"] * SERVICES)
        made = Counter(item.path for fake in estate.fakes for item in fake.writes if item.method == "POST" and _makes(item.path))
        assert sum(made.values()) == SERVICES
        starts = Counter(
            (fake.name, item.path) for fake in estate.fakes for item in fake.writes[before[fake.name] :] if "/state" in item.path
        )
        assert set(starts.values()) == {1}


def _makes(path: str) -> bool:
    return path.partition("?")[0].endswith("/1.0/instances")
