"""What members of a cluster share in the loop: one stream of events, and the look of those that ask at one time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, cast

from reconciler.app.loop.ears import Ears
from reconciler.app.loop.looks import Looks
from reconciler.app.loop.memory import Memory
from reconciler.app.telemetry import Telemetry
from reconciler.errors import Unreachable
from reconciler.model.hints import Hint
from tests.engine.worlds import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from reconciler.model.resources import Desired, Host

NAMES = tuple(f"h{number}" for number in range(1, 21))
ELSEWHERE = Hint("instance-started", "svc-b", location="nobody")
THERE = Hint("instance-started", "svc-a", location="h2")


def members() -> Desired:
    """Twenty hosts that are members of one cluster."""
    desired, _, _ = build({"hosts": {name: {"cluster": "prod"} for name in NAMES}})
    return desired


class Town:
    """Doors to a cluster of which the first address answers until it is left, and streams from whoever answers."""

    def __init__(self) -> None:
        self.address, self.opened, self.left = "one", list[str](), list[str]()
        self.ends = threading.Event()
        self.dead = ""

    def open(self, host: Any) -> Any:
        """A door to ``host``, or a stream through one."""
        return SimpleNamespace(address=self.address, host=host, ask_again=int)

    def leave(self, _host: Host, address: str) -> None:
        self.left.append(address)
        self.address = "two"

    def stream(self, door: Any) -> Any:
        if door.address == self.dead:
            raise Unreachable("no stream")
        self.opened.append(door.address)
        return Told(self)


class Told:
    """An open stream: two hints, then silence until it ends."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._over.set()

    def hints(self) -> Iterator[Hint]:
        yield ELSEWHERE
        yield THERE
        while not self._over.wait(0.01):
            if self._town.ends.is_set():
                self._town.ends.clear()
                break
        raise Unreachable("it ended")


def test_members_are_heard_through_one_stream_and_woken_by_what_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    town, heard = Town(), list[tuple[str, Hint | None]]()
    monkeypatch.setattr("reconciler.app.loop.ears.Stream", SimpleNamespace(open=town.stream))
    ears = Ears(members().hosts[:3], cast("Any", town), lambda *told: heard.append(told), Telemetry())
    gap: list[tuple[str, Hint | None]] = [("h1", None), ("h2", None), ("h3", None)]
    ears.start()
    try:
        _until(lambda: heard == [*gap, ("h2", THERE)])
        assert town.opened == ["one"]
        heard.clear()
        town.dead = "one"
        town.ends.set()
        # It ended, its address answers no more, and at another it was opened again: a gap for all, each time.
        _until(lambda: heard == [*gap, *gap, ("h2", THERE)])
        assert (town.opened, town.left) == (["one", "two"], ["one"])
        heard.clear()
        ears.move("two")
        time.sleep(0.1)
        assert heard == []
        town.address = "three"
        ears.move("three")
        _until(lambda: heard == [*gap, *gap, ("h2", THERE)])
        assert town.opened == ["one", "two", "three"]
    finally:
        ears.close()
        ears.join(5)
    assert not ears.is_alive()


def test_what_is_declared_as_one_host_is_woken_by_all_that_its_cluster_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    town, heard = Town(), list[tuple[str, Hint | None]]()
    monkeypatch.setattr("reconciler.app.loop.ears.Stream", SimpleNamespace(open=town.stream))
    alone = replace(members().hosts[0], cluster=None, member="")
    ears = Ears((alone,), cast("Any", town), lambda *told: heard.append(told), Telemetry())
    ears.start()
    _until(lambda: heard == [("h1", None), ("h1", ELSEWHERE), ("h1", THERE)])
    ears.close()
    ears.join(5)


def test_members_that_ask_at_one_time_share_a_look_that_began_after_they_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    desired, town = members(), Town()
    memory, moved, looks = Memory(desired), dict[str, int](), list[dict[str, int]]()
    asked = list[tuple[str, str]]()

    def look(group: tuple[Host, ...], *_: object) -> tuple[()]:
        assert [host.name for host in group] == list(NAMES)
        looks.append(dict(moved))
        time.sleep(0.01)
        return ()

    monkeypatch.setattr("reconciler.app.loop.looks.views_of", look)
    shared = Looks(memory, cast("Any", town), lambda _views: None, lambda *told: asked.append(told))

    def work(host: Host) -> None:
        for turn in range(5):
            before = len(looks)
            moved[host.name] = turn
            shared.at(host)
            assert any(look.get(host.name) == turn for look in looks[before:])

    with ThreadPoolExecutor(len(NAMES)) as pool:
        list(pool.map(work, desired.hosts))
    assert len(looks) < len(NAMES) * 5 / 2
    assert set(asked) == {("cluster prod", "one")}


def _until(what: Any) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
