"""How many cells a pool should have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.execute import Target, Traffic
from reconciler.policy.poolsize import HOLD, SPAWN, Room, sized, target
from tests.engine.worlds import build
from tests.policy.cells import AT, pool

ROOM = Room(1, 1, memory=0.3, load=0.2)
BUSY = Traffic(asks=120, hits=120, span=60.0, held=3.0, refill=1.0)
HAS = Target(5, "", AT - 60)


def test_it_grows_to_what_is_needed_as_fast_as_hosts_make_cells() -> None:
    # 2/s for 4 s each are 8, and twice its root is 5.7 to spare.
    assert target(pool(), replace(HAS, cells=12), BUSY, ROOM, AT).cells == 14
    assert target(pool(), HAS, BUSY, ROOM, AT).cells == 5 + SPAWN
    assert target(pool(), HAS, BUSY, Room(2, 2, 0.3, 0.2), AT).cells == 5 + 2 * SPAWN
    assert target(pool(), HAS, BUSY, ROOM, AT).why == "on its way to 14: 2.00 claims/s for 4.0 s each, and 6 to spare"


def test_it_grows_again_only_after_a_pause() -> None:
    assert target(pool(), replace(HAS, since=AT - 1), BUSY, ROOM, AT).cells == 5


@pytest.mark.parametrize(
    ("room", "why"),
    [
        (replace(ROOM, memory=0.85), "stays though 14 are needed: 85% of memory is in use, 85% are the limit"),
        (replace(ROOM, load=2.0), "stays though 14 are needed: the load is 2.0 per core, 2.0 are the limit"),
        (replace(ROOM, memory=None), "stays though 14 are needed: how much memory and load its hosts have is not known"),
        (replace(ROOM, load=None), "stays though 14 are needed: how much memory and load its hosts have is not known"),
        (replace(ROOM, complete=0), "stays: 0 of 1 hosts were seen in full"),
        (Room(0, 0, 0.1, 0.1), "stays: 0 of 0 hosts were seen in full"),
    ],
)
def test_it_does_not_grow_where_there_is_no_room(room: Room, why: str) -> None:
    found = target(pool(), HAS, BUSY, room, AT)
    assert (found.cells, found.why) == (5, why)


def test_it_shrinks_after_fewer_were_enough_for_long() -> None:
    first = target(pool(), HAS, Traffic(), ROOM, AT)
    assert (first.cells, first.low) == (5, AT)
    assert target(pool(), first, Traffic(), ROOM, AT + HOLD - 1).cells == 5
    assert target(pool(), first, Traffic(), ROOM, AT + HOLD).cells == 2
    assert target(pool(), first, Traffic(), replace(ROOM, complete=0), AT + HOLD).cells == 5
    again = target(pool(), first, replace(BUSY, asks=0, held=0.0), ROOM, AT - 9)
    assert (again.cells, again.low) == (5, AT - 9)


def test_it_shrinks_on_a_busy_host_too() -> None:
    first = target(pool(), HAS, Traffic(), replace(ROOM, memory=0.99), AT)
    assert target(pool(), first, Traffic(), replace(ROOM, memory=0.99), AT + HOLD).cells == 2


@pytest.mark.parametrize("traffic", [replace(BUSY, span=0.0), replace(BUSY, held=float("nan")), replace(BUSY, asks=-1)])
def test_what_cannot_be_counted_moves_nothing(traffic: Traffic) -> None:
    found = target(pool(), HAS, traffic, ROOM, AT)
    assert found.cells == 5
    assert found.why.startswith("stays: its need could not be counted")


def test_a_fixed_size_is_what_it_is() -> None:
    assert target(pool(3, 3), None, BUSY, ROOM, AT).cells == 3
    assert target(pool(3, 3), HAS, BUSY, ROOM, AT).cells == 3


TRAFFIC = st.builds(Traffic, st.integers(-1, 10_000), st.just(0), st.floats(0, 100), st.floats(-1, 1e9), st.floats(allow_nan=True))
SHARE = st.none() | st.floats(-1, 5)


@given(
    st.integers(0, 5),
    st.integers(0, 50),
    st.none() | st.builds(Target, st.integers(-5, 100), st.just(""), st.floats(0, 2 * AT), st.floats(0, 2 * AT)),
    TRAFFIC,
    st.builds(Room, st.integers(0, 3), st.integers(0, 3), SHARE, SHARE),
    st.floats(0, 2 * AT),
)
def test_it_stays_between_its_bounds_and_moves_on_no_host_out_of_sight(
    minimum: int, more: int, before: Target | None, traffic: Traffic, room: Room, at: float
) -> None:
    which = pool(minimum, minimum + more)
    found = target(which, before, traffic, room, at)
    assert which.minimum <= found.cells <= which.maximum
    assert found.why
    had = max(which.minimum, min(which.maximum, before.cells if before else which.minimum))
    if room.complete < room.hosts or not room.hosts or room.memory is None or room.load is None:
        assert found.cells <= had
    if room.complete < room.hosts or not room.hosts:
        assert found.cells == had


def test_what_is_declared_has_the_cells_that_the_target_says_and_no_others() -> None:
    desired = build({"pools": {"py": {"size": 5}}, "services": {"web": {}}})[0]
    cells = [item for item in desired.workloads if item.ref.name.startswith("py-")]
    others = tuple(item for item in desired.workloads if item not in cells)
    spare = replace(pool(2, 5), spare=tuple(cells[2:]))
    small = replace(desired, pools=(spare,), workloads=tuple(sorted((*cells[:2], *others), key=lambda item: item.ref)))
    assert sized(small, {}) is small
    grown = sized(small, {"py": Target(4, "")})
    assert {item.ref.name for item in grown.workloads} == {"py-0", "py-1", "py-2", "py-3", "web"}
    assert sized(grown, {"py": Target(4, "")}) is grown
    assert sized(grown, {}).workloads == small.workloads
    assert len(sized(grown, {"py": Target(99, "")}).workloads) == 6
