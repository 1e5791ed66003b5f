"""The threads of a loop: none ends of itself, no two work on one host, and what they share holds while others change it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.app.doors import Doors
from reconciler.app.loop.crew import Crew
from reconciler.app.loop.hostpass import HostPass
from reconciler.app.loop.leading import Leading
from reconciler.app.loop.lookout import Lookout
from reconciler.app.loop.memory import Memory
from reconciler.app.loop.options import Options
from reconciler.app.loop.origins import Folders
from reconciler.app.loop.text import Text
from reconciler.app.poke import poke
from reconciler.app.settings import Settings
from reconciler.app.telemetry import Telemetry
from reconciler.app.telemetry_health import Patience
from reconciler.errors import StateError, Unreachable
from reconciler.model.hints import Hint
from reconciler.model.world import unseen
from tests.engine.worlds import build

SETTINGS = Settings(Path("/nowhere"), Path("/nowhere"), Path("/nowhere"))
WORLD: dict[str, Any] = {"hosts": {"h1": {}, "h2": {}}}


def test_a_look_after_the_clock_was_set_back_counts() -> None:
    """Else the loop would go by the look of before for as long as the clock was set back by."""
    desired, observed, _ = build(WORLD)
    memory = Memory(desired, dict(observed.hosts))
    before = observed.hosts["h1"]
    back = unseen("h1", "gone", before.seen_at - timedelta(hours=1))
    memory.saw([back])
    assert memory.views["h1"] is back
    beside = replace(before, seen_at=back.seen_at - timedelta(seconds=1))
    memory.saw([beside])
    assert memory.views["h1"] is back


def test_a_host_that_changes_under_a_long_pass_gets_no_second_worker_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    desired, _, _ = build(WORLD)
    host = desired.hosts[0]
    goes_on, began, passes = threading.Event(), threading.Event(), []

    class Pass:
        pass_id = ""
        acts = False

        def __init__(self, host: Any, *_: object) -> None:
            self.host = host

        def run(self, _whys: tuple[str, ...]) -> None:
            passes.append(self.host.location)
            began.set()
            goes_on.wait(10)

    monkeypatch.setattr("reconciler.app.loop.crew.Ears", lambda hosts, *_: SimpleNamespace(start=int, close=int, hosts=hosts))
    monkeypatch.setattr("reconciler.app.loop.worker.HostPass", Pass)
    memory, told = Memory(desired), Telemetry()
    book = SimpleNamespace(passing=threading.Lock)
    doors = Doors(SETTINGS)
    shared = SimpleNamespace(
        memory=memory, telemetry=told, doors=doors, options=Options(drain=0.05), stop=threading.Event(), book=book, settings=SETTINGS
    )
    crew = Crew(cast("Any", shared))
    try:
        crew.follow([host], "text")
        crew.wake(host.name, "one")
        assert began.wait(5)
        for place in ("moved", "moved again"):
            crew.follow([replace(host, location=place)], "text")
        crew.wake(host.name, "two")
        assert not threading.Event().wait(0.2)
        assert passes == [host.location]
        goes_on.set()
        began.clear()
        assert began.wait(5)
        assert passes == [host.location, "moved again"]
    finally:
        goes_on.set()
        assert crew.close(time.monotonic() + 5)


def test_what_may_be_made_does_not_hang_on_hosts_that_nobody_declared() -> None:
    """Neither on a member of a cluster that is not in the inventory, nor on the last look at a host that was taken out of it."""
    desired, observed, _ = build(WORLD)
    stray = {name: replace(observed.hosts["h1"], host=name) for name in ("prod/h9", "h0")}
    memory = Memory(desired, {**observed.hosts, **stray})
    led = {"h1", "h2"}
    leading = SimpleNamespace(leads=led.__contains__)
    one = HostPass(desired.hosts[0], cast("Any", SimpleNamespace(memory=memory, leading=leading)), bool, threading.Event())
    assert one._leads_all()  # noqa: SLF001 - who may make is asked of nobody else
    led.remove("h2")
    assert not one._leads_all()  # noqa: SLF001 - the same


def test_a_door_that_is_forgotten_while_another_thread_opens_it() -> None:
    """Forgetting waits for who opens; who opens gets a door or a ``HostError``, nothing else."""
    desired, _, _ = build(WORLD)
    doors, host = Doors(SETTINGS), desired.hosts[0]
    doors._locks[host.endpoint] = lock = threading.Lock()  # noqa: SLF001 - it is held as by who opens
    with lock:
        forgets = threading.Thread(target=doors.forget, args=(host.endpoint,), daemon=True)
        forgets.start()
        forgets.join(0.1)
        assert forgets.is_alive()
    forgets.join(5)
    assert not forgets.is_alive()


def test_a_round_about_leases_that_breaks_is_told_and_followed_by_another(tmp_path: Path) -> None:
    desired, _, _ = build(WORLD)
    told, rounds, third = Telemetry(), [], threading.Event()
    settings = Settings(tmp_path, tmp_path, tmp_path)
    (tmp_path / "writer.lock").touch()

    def opens(_host: object) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise StateError("no room for a certificate")
        third.set()
        raise Unreachable("h1: away")

    doors = cast("Any", SimpleNamespace(open=opens, permit=lambda *_: None))
    leading = Leading(settings, doors, 15.0, told, lambda *_: None)
    leading.follow(desired)
    leading.start()
    assert third.wait(5)
    leading.close()
    leading.join(5)
    assert not leading.is_alive()


def test_a_text_that_breaks_the_reader_is_told_and_read_again(tmp_path: Path) -> None:
    told, read = Telemetry(), []

    class Journal:
        def ledger(self, _at: object) -> None:
            read.append(1)
            raise RecursionError

    text = Text(Settings(tmp_path, tmp_path, tmp_path), Options(), cast("Any", Journal()), told, lambda _: None)
    text.start()
    text.wakes.wake("start")
    wait = threading.Event()
    for _ in range(100):
        if len(read) > 1:
            break
        wait.wait(0.05)
    assert len(read) > 1
    assert text.is_alive()
    text.close()
    text.join(5)


def test_no_text_that_cannot_be_read_makes_the_watchdog_bite() -> None:
    """Killed for it the loop would lose the text in force, and begin again with none."""
    told = Telemetry(patience=Patience(beat=60, one_pass=60, text=0))
    told.text(None, "a manifest is broken")
    assert told.problems()
    assert not told.stuck()


def test_a_poke_is_told_from_a_text_that_changed_wherever_the_loop_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An approval lives for minutes: in a folder that was named from the one above, too, it wakes the loop."""
    monkeypatch.chdir(tmp_path)
    settings, heard, poked = Settings(Path(), Path(".unsandbox"), Path("config")), [], threading.Event()

    def hears(*told: bool) -> None:
        heard.append(told)
        poked.set()

    folders = Folders(settings, Telemetry(), (), hears)
    folders.start()
    for _ in range(50):
        poke(settings)
        if poked.wait(0.1):
            break
    folders.close()
    folders.join(5)
    assert heard[0] == (False, False, True)


def test_a_round_about_leases_that_stands_still_is_noticed_but_not_a_process_that_was_paused() -> None:
    leading, dead = SimpleNamespace(moved=0), list[threading.Thread]()
    lookout = Lookout(lambda: dead, cast("Any", leading), SETTINGS, 15.0)
    for _ in range(2000):
        leading.moved += 1
        assert not lookout.trouble()
    troubles = [lookout.trouble() for _ in range(2000)]
    assert not any(troubles[:300])
    assert "stands still" in troubles[-1]
    leading.moved += 1
    assert not lookout.trouble()
    dead.append(threading.Thread(name="host-h1"))
    assert "host-h1" in lookout.trouble()


def test_a_loop_that_broke_is_not_well_and_gets_no_more_time_from_the_watchdog() -> None:
    told = Telemetry()
    assert not told.problems()
    told.broke("threads have ended: host-h1")
    assert told.problems() == told.stuck() == ("threads have ended: host-h1",)


def test_what_a_host_tells_of_work_that_fails_is_a_reason_to_look_again() -> None:
    """It may be somebody else's doing, which nothing but a look tells from our own."""
    desired, observed, _ = build(WORLD)
    memory, woken = Memory(desired, dict(observed.hosts)), list[str]()
    consent = SimpleNamespace(look=lambda _made: None)
    inside = SimpleNamespace(memory=memory, consent=consent, wake=lambda _host, why, _after: woken.append(why))
    one = HostPass(desired.hosts[0], cast("Any", inside), bool, threading.Event())

    def claim(_decision: object, *, hears: bool = True) -> None:
        memory.begin("h1", [("Service/web", "svc-web")])
        assert memory.hints.hear("h1", Hint("instance-updated", "svc-other"))
        assert not hears or not memory.hints.hear("h1", Hint("instance-updated", "svc-web"))
        raise StateError("the disk is full")

    for hears in (False, True):
        one._claim = partial(claim, hears=hears)  # type: ignore[method-assign, assignment]  # noqa: SLF001 - it fails as a walk does
        with pytest.raises(StateError):
            one._act(cast("Any", SimpleNamespace(made=None)), "")  # noqa: SLF001 - the part of a pass that works
        assert bool(woken) is hears
    assert not memory.end("h1")
