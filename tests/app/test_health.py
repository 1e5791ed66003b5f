"""Asking in turn: verdicts and wakes, one that hangs, one that stops, no lease, another run."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.doors import Doors
from reconciler.app.health import Prober
from reconciler.app.observe import observe
from reconciler.app.settings import settings_from
from reconciler.engine.spec import stated_config
from reconciler.lxd.write import perform
from reconciler.model.health import Probe, Verdict
from reconciler.model.names import Kind, Ref
from reconciler.model.plan import CreateInstance, SetPower
from tests.contract.subject import ROOT, Subject, host_of, packed, prepare
from tests.engine.worlds import build, workload
from tests.fake.fake import Fake
from tests.lab.permit import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reconciler.model.health import Health
    from reconciler.model.resources import Desired

QUICK = Probe(command=("/bin/well",), interval=1, timeout=1, retries=1)


class World:
    """Two services on a fake host, and what each answers: a status, or seconds that it hangs."""

    def __init__(self, subject: Subject, doors: Doors, fake: Fake) -> None:
        self.subject, self.doors, self.fake = subject, doors, fake
        self.answers: dict[str, float] = {}
        self.begun: list[str] = []
        self.woken: list[tuple[str, str]] = []
        self.again = threading.Event()
        self.prober = Prober(doors, self._wake, lambda *_told: None)
        fake.router.inside.ran = self._ran

    def _wake(self, host: str, why: str) -> None:
        self.woken.append((host, why))
        self.again.set()

    def _ran(self, instance: Any, command: Sequence[str]) -> tuple[int, float]:
        if command[0] == "timeout":
            return 127, 0.0
        self.begun.append(instance.name)
        answer = self.answers.get(instance.name, 0)
        return (0, answer) if answer > 255 else (int(answer), 0.0)

    def desired(self, probe: Probe | None = QUICK) -> Desired:
        plain, _, _ = build({"services": {"web": {}, "db": {}}})
        workloads = tuple(replace(item, health=probe) for item in plain.workloads)
        return replace(plain, workloads=workloads, hosts=(self.subject.host,))

    def follow(self, probe: Probe | None = QUICK) -> None:
        self.prober.follow(self.desired(probe), observe([self.subject.host], self.doors))

    def of(self, name: str) -> Health | None:
        return self.prober.verdicts().get(self.subject.row(name)["config"]["volatile.uuid"])

    def until(self, name: str, holds: Callable[[Health | None], bool]) -> Health | None:
        end = time.monotonic() + 8
        while not holds(found := self.of(name)):
            assert time.monotonic() < end, found
            time.sleep(0.02)
        return found

    def power(self, name: str, verb: str) -> None:
        with self.subject.door() as door:
            perform(door, SetPower(name, verb, force=True, timeout=5))


@pytest.fixture
def world() -> Iterator[World]:
    with TemporaryDirectory(prefix="fake-") as folder, Fake(Path(folder)) as fake:
        file, image = packed(Path(folder))
        subject = prepare(Subject(fake, host_of(fake, f"unix:{fake.socket}"), None, image), file)
        for name in ("web", "db"):
            config = stated_config(workload(Ref(Kind.SERVICE, name), {}), "default")
            with subject.door() as door:
                perform(door, CreateInstance(f"svc-{name}", image, config, {"root": ROOT}))
                perform(door, SetPower(f"svc-{name}", "start", force=False, timeout=5))
        with Doors(settings_from(Path(folder), {})) as doors:
            doors.permit(subject.host.name, ALONE)
            made = World(subject, doors, fake)
            yield made
            made.prober.close()


def is_a(verdict: Verdict) -> Callable[[Health | None], bool]:
    return lambda health: health is not None and health.verdict is verdict


def test_a_verdict_that_changes_wakes_and_one_that_stays_does_not(world: World) -> None:
    world.answers["svc-db"] = 7
    world.follow()
    world.until("svc-web", is_a(Verdict.HEALTHY))
    ill = world.until("svc-db", is_a(Verdict.UNHEALTHY))
    assert ill is not None
    assert ill.why == "the probe ended with status 7; 1 of 1 failures in a row"
    assert ill.run == world.subject.row("svc-db")["last_used_at"]
    before = len(world.begun)
    end = time.monotonic() + 3
    while len(world.begun) < before + 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert sorted(why.partition(":")[0] for _, why in world.woken) == ["Service/db is unhealthy", "Service/web is healthy"]


def test_one_that_hangs_is_begun_once_and_holds_up_no_other(world: World) -> None:
    world.answers["svc-db"] = 600
    world.follow()
    world.until("svc-web", is_a(Verdict.HEALTHY))
    ill = world.until("svc-db", is_a(Verdict.UNHEALTHY))
    assert ill is not None
    assert "did not end within 1 s" in ill.why
    assert world.begun.count("svc-db") == 1
    assert world.begun.count("svc-web") > 1
    assert len(ill.asked) in {1, 2}


def test_what_stopped_is_unknown_and_another_run_begins_anew(world: World) -> None:
    world.answers["svc-db"] = 7
    world.follow()
    ill = world.until("svc-db", is_a(Verdict.UNHEALTHY))
    world.power("svc-db", "stop")
    world.follow()
    world.until("svc-db", is_a(Verdict.UNKNOWN))
    world.answers["svc-db"] = 0
    world.power("svc-db", "start")
    world.follow()
    well = world.until("svc-db", is_a(Verdict.HEALTHY))
    assert ill is not None
    assert well is not None
    assert well.run != ill.run


def test_without_a_lease_nothing_is_known(world: World) -> None:
    world.doors.permit(world.subject.host.name, None)
    world.follow()
    unknown = world.until("svc-web", lambda health: health is not None and "could not be asked" in health.why)
    assert unknown is not None
    assert unknown.verdict is Verdict.UNKNOWN
    assert not world.begun


def test_a_command_that_is_not_there_is_unknown(world: World) -> None:
    world.answers["svc-web"] = 127
    world.follow()
    world.until("svc-web", lambda health: health is not None and "is not in it" in health.why)
    assert is_a(Verdict.UNKNOWN)(world.of("svc-web"))


def test_who_asks_for_nothing_is_not_asked(world: World) -> None:
    world.follow()
    world.until("svc-web", is_a(Verdict.HEALTHY))
    world.follow(None)
    assert world.prober.verdicts() == {}
