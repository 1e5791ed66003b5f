"""Which cells a run may be given: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine import warm
from reconciler.engine.spec import stated_devices
from reconciler.engine.warm import CELL_RULES, PLACE_RULES, Candidate, Place, warm_cells, why_all_shut, why_no_runs, why_not_warm
from reconciler.model import marks
from reconciler.model.modes import Mode, Stance, Suspension
from reconciler.model.resources import Bootstrap, HostState
from reconciler.model.rules import FAILED_CAUSE
from reconciler.model.world import Grade, Status
from tests.engine.worlds import build
from tests.policy.cells import cell, claim

if TYPE_CHECKING:
    from reconciler.model.rules import Rule
    from reconciler.model.world import Instance

WORLD: dict[str, Any] = {
    "pools": {"py": {"size": 2}},
    "hosts": {"h1": {"rows": [{"kind": "cell", "of": "py-0"}, {"kind": "cell", "of": "py-1"}]}},
}
DESIRED, OBSERVED, _ = build(WORLD)
VIEW = OBSERVED.hosts["h1"]
PLACE = Place(DESIRED.hosts[0], VIEW, DESIRED.policy, OBSERVED.at)
ROW = VIEW.instances[0]
FIT = Candidate(ROW, DESIRED.workloads[0], PLACE, {})
OUTWARD: dict[str, Any] = {
    "services": {"out": {"network": "proxy", "host": "h1", "bootstrap": "set up"}},
    "pools": {"py": {"size": 1, "network": "semitrusted"}},
    "hosts": {
        "h1": {
            "rows": [
                {"kind": "cell", "of": "py-0", "made": {"network": "semitrusted"}},
                {"of": "out", "made": {"network": "proxy", "host": "h1", "bootstrap": "set up"}},
            ]
        }
    },
}
LEADING, SEEN, _ = build(OUTWARD)
PROXY = next(item for item in LEADING.workloads if item.ref.name == "out")
OUT = next(
    replace(row, devices=stated_devices(PROXY, LEADING.hosts[0], row.name)) for row in SEEN.hosts["h1"].instances if row.name == "svc-out"
)
VIEWS = {"h1": replace(SEEN.hosts["h1"], instances=tuple(OUT if row.name == OUT.name else row for row in SEEN.hosts["h1"].instances))}
LED = Candidate(
    next(row for row in VIEWS["h1"].instances if row is not OUT),
    next(item for item in LEADING.workloads if item is not PROXY),
    Place(LEADING.hosts[0], VIEWS["h1"], LEADING.policy, SEEN.at),
    {},
    PROXY,
)


def led(*proxies: Instance) -> Candidate:
    return replace(LED, place=replace(LED.place, view=replace(LED.place.view, instances=(LED.row, *proxies))))


HELD = Stance(suspension=Suspension("it is being moved", "2999-01-01T00:00:00Z"))
OVER = Stance(suspension=Suspension("it was moved", "2001-01-01T00:00:00Z"))
CLOSED = {
    "C40": [replace(PLACE, host=replace(PLACE.host, state=state)) for state in (HostState.CORDONED, HostState.DRAINED)],
    "C41": [
        replace(PLACE, host=replace(PLACE.host, stance=HELD)),
        replace(PLACE, host=replace(PLACE.host, stance=Stance(Mode.DETECT))),
        replace(PLACE, policy=replace(PLACE.policy, stance=HELD)),
        replace(PLACE, host=replace(PLACE.host, stance=Stance(suspension=Suspension("soon", "soon")))),
    ],
    "C42": [replace(PLACE, view=replace(VIEW, grade=grade)) for grade in (Grade.PARTIAL, Grade.UNSEEN)],
}


def marked(**config: str) -> Candidate:
    return replace(FIT, row=replace(ROW, config={**ROW.config, **{key.replace("_", "."): value for key, value in config.items()}}))


UNFIT = {
    "C43": [
        replace(FIT, claims=None),
        replace(FIT, claims={ROW.uuid: claim()}),
        replace(FIT, row=replace(ROW, config={**ROW.config, marks.CLAIM: f"7:{'a' * 16}"})),
        replace(FIT, row=replace(ROW, config={**ROW.config, marks.CLAIM: "spent:7"})),
    ],
    "C44": [
        replace(FIT, row=replace(ROW, status=Status.STOPPED)),
        replace(FIT, row=replace(ROW, status=Status.CHANGING)),
        replace(FIT, row=replace(ROW, config={**ROW.config, marks.TOMBSTONE: "plan"})),
        replace(FIT, row=replace(ROW, uuid="")),
        replace(FIT, place=replace(PLACE, view=replace(VIEW, doubtful={ROW.name: "hollow"}))),
    ],
    "C45": [
        marked(limits_memory="1GiB"),
        replace(FIT, row=replace(ROW, profiles=("default",))),
        replace(FIT, row=replace(ROW, devices={**ROW.devices, "eth1": {"type": "nic"}})),
        replace(FIT, row=replace(ROW, config={**ROW.config, "volatile.base_image": "f" * 64})),
        replace(FIT, row=replace(ROW, name="cell-py-7")),
    ],
    "C46": [
        replace(LED, proxy=None),
        replace(LED, proxy=replace(PROXY, bootstrap=None)),
        replace(LED, proxy=replace(PROXY, bootstrap=Bootstrap("other", f"sha256:{'1' * 64}"))),
        led(),
        led(OUT, OUT),
        led(replace(OUT, status=Status.STOPPED)),
        led(replace(OUT, status=Status.FROZEN)),
        led(replace(OUT, config={**OUT.config, marks.QUARANTINE: "2026"})),
        led(replace(OUT, config={key: value for key, value in OUT.config.items() if key != marks.BOOTSTRAP})),
        led(replace(OUT, devices={**OUT.devices, "eth2": {"type": "nic"}})),
        led(replace(OUT, uuid="")),
        replace(LED, place=replace(LED.place, view=replace(LED.place.view, doubtful={OUT.name: "hollow"}))),
    ],
}


@pytest.mark.parametrize("code", CLOSED)
def test_a_host_that_takes_no_runs(code: str) -> None:
    for place in CLOSED[code]:
        found = why_no_runs(place)
        assert found is not None
        assert found[0] == code


def test_a_host_that_takes_runs() -> None:
    assert why_no_runs(PLACE) is None
    assert why_no_runs(replace(PLACE, host=replace(PLACE.host, stance=OVER))) is None


@pytest.mark.parametrize("code", UNFIT)
def test_a_cell_that_no_run_is_given(code: str) -> None:
    for candidate in UNFIT[code]:
        found = why_not_warm(candidate)
        assert found is not None
        assert found[0] == code, found


def test_a_cell_that_a_run_may_be_given() -> None:
    assert why_not_warm(FIT) is None
    assert why_not_warm(replace(FIT, claims={"another": claim()})) is None
    assert why_not_warm(LED) is None


@pytest.mark.parametrize("rule", [*PLACE_RULES, *CELL_RULES], ids=lambda rule: rule.code)
def test_a_check_that_breaks_refuses(rule: Rule[[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_asked: object) -> None:
        raise RuntimeError("the check could not be made")

    for table in ("PLACE_RULES", "CELL_RULES"):
        rules = tuple(replace(one, check=breaks) if one is rule else one for one in getattr(warm, table))
        monkeypatch.setattr(warm, table, rules)
    found = why_no_runs(PLACE) or why_not_warm(FIT)
    assert found is not None
    assert (found[0], found[1].cause) == (rule.code, FAILED_CAUSE)
    assert not any(warm_cells(DESIRED, OBSERVED.hosts, {}, OBSERVED.at).values())


def test_what_is_warm_in_a_fleet() -> None:
    found = warm_cells(DESIRED, OBSERVED.hosts, {}, OBSERVED.at)
    assert [item.ref.name for item in found["py"]] == ["py-0", "py-1"]
    taken = {found["py"][0].uuid: replace(claim(), cell=replace(cell(), uuid=found["py"][0].uuid))}
    assert [item.ref.name for item in warm_cells(DESIRED, OBSERVED.hosts, taken, OBSERVED.at)["py"]] == ["py-1"]
    fewer = replace(DESIRED, workloads=DESIRED.workloads[:1])
    assert [item.ref.name for item in warm_cells(fewer, OBSERVED.hosts, {}, OBSERVED.at)["py"]] == ["py-0"]
    other = replace(DESIRED, policy=replace(DESIRED.policy, environment="another"))
    assert not any(warm_cells(other, OBSERVED.hosts, {}, OBSERVED.at).values())


def test_a_pool_that_is_held_gives_nothing() -> None:
    held = replace(DESIRED, pools=tuple(replace(pool, stance=HELD) for pool in DESIRED.pools))
    assert not any(warm_cells(held, OBSERVED.hosts, {}, OBSERVED.at).values())


def test_a_semitrusted_pool_gives_cells_where_the_proxy_of_their_host_stands() -> None:
    assert [item.ref.name for item in warm_cells(LEADING, VIEWS, {}, SEEN.at)["py"]] == ["py-0"]
    assert why_all_shut(LEADING, VIEWS, SEEN.at) is None
    bare = replace(LEADING, workloads=tuple(item for item in LEADING.workloads if item is not PROXY))
    assert warm_cells(bare, VIEWS, {}, SEEN.at)["py"] == ()


def test_with_no_proxy_that_stands_on_any_host_the_way_out_is_shut() -> None:
    bare = replace(LEADING, workloads=tuple(item for item in LEADING.workloads if item is not PROXY))
    blind = {"h1": replace(VIEWS["h1"], grade=Grade.PARTIAL)}
    for found in (why_all_shut(bare, VIEWS, SEEN.at), why_all_shut(LEADING, {}, SEEN.at), why_all_shut(LEADING, blind, SEEN.at)):
        assert found is not None
        assert found[0] == "C46"


def test_a_check_of_the_way_out_that_breaks_shuts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "stated_devices", None)
    found = why_all_shut(LEADING, VIEWS, SEEN.at)
    assert found is not None
    assert (found[0], found[1].cause) == ("C46", FAILED_CAUSE)
