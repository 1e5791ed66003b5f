"""How often the loop looks at a host, and that it does nothing on the strength of a look that it did not take for it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler.app.loop.hostpass import FRESH
from reconciler.app.loop.wakes import ALL_SEEN, LED, TELLS_NOTHING, WORK
from reconciler.app.observe import views_of
from reconciler.model.world import Grade, Status
from tests.app.test_workers import running, until
from tests.fake.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.app.doors import Doors
    from reconciler.app.loop.loop import Loop
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

NAMES = ("h1", "h2", "h3")
QUIET = 1.5
"""Seconds: longer than anything that a pass plans for soon after its end."""


class Rested(NamedTuple):
    """A loop that came to rest over hosts on which there is nothing to do."""

    estate: Estate
    loop: Loop
    looks: Counter[str]
    """Of passes, by host."""
    at_start: int
    """The most that one host was looked at until then."""

    def wake(self, *whys: str) -> None:
        """Have the first host looked at, as others do."""
        for why in whys:
            self.loop._wake("h1", why)  # noqa: SLF001 - as other workers do

    def sees(self, view: HostView) -> None:
        """Put another look in the place of the one there is."""
        self.loop._memory.views["h1"] = view  # noqa: SLF001 - a look cannot be made wrong from outside

    def view(self) -> HostView:
        """The look there is."""
        return self.loop._memory.views["h1"]  # noqa: SLF001 - the same


@pytest.fixture(scope="module")
def rested() -> Iterator[Rested]:
    """One for all, as each test leaves it at rest."""
    looks: Counter[str] = Counter()

    def counting(group: Sequence[Host], doors: Doors, before: Mapping[str, HostView]) -> tuple[HostView, ...]:
        looks[group[0].name] += 1
        return views_of(group, doors, before)

    services = {f"s{name}": f"placement: {{host: {name}}}" for name in NAMES}
    with pytest.MonkeyPatch.context() as patch, Estate(count=len(NAMES), services=services) as estate:
        patch.setattr("reconciler.app.loop.looks.views_of", counting)
        estate.apply()
        with running(estate) as loop:
            until(lambda: set(looks) == set(NAMES) and all(map(loop._leading.leads, NAMES)))  # noqa: SLF001 - nothing else tells
            threading.Event().wait(QUIET)
            yield Rested(estate, loop, looks, max(looks.values()))


def writes(estate: Estate) -> list[str]:
    """Whatever was written but leases."""
    return [item.path for fake in estate.fakes for item in fake.writes if "/profiles" not in item.path]


def test_at_the_start_a_host_is_looked_at_once_or_where_its_events_come_late_twice(rested: Rested) -> None:
    assert 1 <= rested.at_start <= 2


def test_a_wake_that_tells_nothing_goes_by_the_look_there_is(rested: Rested) -> None:
    before = Counter(rested.looks)
    for why in TELLS_NOTHING:
        rested.wake(why)
        threading.Event().wait(QUIET / 3)
    assert rested.looks == before


@pytest.mark.parametrize(
    "whys", [("somebody asked for a look",), (WORK, "instance-stopped svc-sh1"), ("lease: leader after standby", ALL_SEEN)]
)
def test_any_other_reason_has_the_host_looked_at(rested: Rested, whys: tuple[str, ...]) -> None:
    before = rested.looks["h1"]
    rested.wake(*whys)
    until(lambda: rested.looks["h1"] > before)


def test_nothing_is_done_by_a_look_that_was_not_taken_for_it(rested: Rested) -> None:
    """The look that is there shows work; the host, asked anew, has none."""
    before, done, view = rested.looks["h1"], writes(rested.estate), rested.view()
    rested.sees(replace(view, instances=tuple(replace(row, status=Status.STOPPED) for row in view.instances), told=None))
    rested.wake(WORK)
    until(lambda: rested.looks["h1"] > before)
    threading.Event().wait(QUIET)
    assert writes(rested.estate) == done
    assert {row["status"] for row in rested.estate.rows().values()} == {"Running"}


@pytest.mark.parametrize("flaw", ["old", "partial"])
def test_a_look_that_is_old_or_not_whole_is_taken_anew(rested: Rested, flaw: str) -> None:
    before, view = rested.looks["h1"], rested.view()
    old = replace(view, seen_at=view.seen_at - FRESH - timedelta(seconds=1))
    rested.sees(old if flaw == "old" else replace(view, grade=Grade.PARTIAL, why=("in doubt",)))
    rested.wake(LED)
    until(lambda: rested.looks["h1"] > before)
