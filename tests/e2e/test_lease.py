"""Two who write on one host, each from a checkout of its own, through the real command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reconciler.app.lease import FILE
from reconciler.lxd.connect import Door
from tests.lxd.conftest import host_of
from tests.lxd.holders import acquire, claim, holding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.lxd.lease import Lease
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

OURS = "?project=unsandbox"


def terms(fleet: Fleet) -> list[str]:
    """Leases on the first host."""
    rows = fleet.daemons[0].query("GET", f"/1.0/profiles{OURS}")
    return sorted(path.partition("?")[0].rpartition("lease-")[2] for path in rows if "/lease-" in path)


@contextmanager
def somebody(fleet: Fleet, number: int = 0) -> Iterator[Lease]:
    """Another machine at work on one of the hosts."""
    host = host_of(fleet.daemons[number])
    wanted = claim(host, "carl@elsewhere (process 5 on elsewhere)", env="test")
    with Door.open(host, None) as door:
        lease = acquire(door, wanted)
        yield lease
        lease.release()


def test_who_holds_it_and_until_when(single: Fleet) -> None:
    single.services({"one": ""})
    with somebody(single) as lease:
        refused = single.run("apply", "--yes", expect=6)
        assert "lease-held" in refused.err
        assert "P06: another writer holds the lease" in refused.err
        assert "carl@elsewhere (process 5 on elsewhere) (term 1, since " in refused.err
        assert "it is held until 20" in refused.err
        assert single.instances() == {}
        lease.check("DELETE", "/1.0/x", destructive=True)
        # Looking needs no lease, and the project that it lies in is no drift.
        assert single.run("plan", "--json", expect=2).json["refusals"] == []
    single.run("apply", "--yes")
    assert terms(single) == ["0000000002"]
    assert single.statuses() == {"svc-one": "Running"}
    single.converged()


def test_where_one_host_is_held_nothing_is_begun_on_the_others(fleet: Fleet) -> None:
    fleet.services({f"s-{daemon.name}": f"placement: {{host: {daemon.name}}}" for daemon in fleet.daemons})
    with somebody(fleet, 2):
        assert f"{fleet.daemons[2].name}: P06" in fleet.run("apply", "--yes", expect=6).err
        assert fleet.instances() == {}
    fleet.run("apply", "--yes")
    assert len(fleet.instances()) == 3


def test_nothing_to_do_takes_no_lease(single: Fleet) -> None:
    single.services({"one": ""})
    single.run("apply", "--yes")
    with somebody(single):
        assert single.run("plan", expect=0)
        single.run("apply", "--yes")
    assert terms(single) == ["0000000002"]


def test_a_killed_apply_is_followed_at_once_from_its_own_folder(single: Fleet) -> None:
    single.services({f"s-{number}": "" for number in range(6)})
    assert single.interrupt_after(2, signal.SIGKILL).status == -signal.SIGKILL
    assert terms(single) == ["0000000001"]
    began = time.monotonic()
    ran = single.run("apply", "--yes")
    assert "waiting for the lease" not in ran.out + ran.err
    assert time.monotonic() - began < 12
    assert len(single.instances()) == 6
    single.converged()


def test_a_killed_apply_is_waited_for_from_another_folder(single: Fleet, tmp_path: Path) -> None:
    single.services({"one": ""})
    with holding(host_of(single.daemons[0]), 2.0, "test") as dead:
        dead.signal(signal.SIGKILL)
        ran = single.run("apply", "--yes", "--events", str(tmp_path / "events"))
    assert "waiting for the lease of h1, held by berta@farm (term 1, since " in ran.out + ran.err
    assert "it ends in 2 s unless renewed" in ran.out + ran.err
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert events[0]["kind"] == "waiting"
    assert single.statuses() == {"svc-one": "Running"}


def test_the_nonces_of_a_copied_folder_prove_nothing(single: Fleet) -> None:
    """Its lock is another file, which the predecessor never held."""
    single.services({"one": ""})
    single.run("apply", "--yes")
    state = single.root / ".unsandbox"
    noted = json.loads((state / FILE).read_text())
    assert list(noted["nonces"]) == ["h1"]
    assert (state / FILE).stat().st_mode & 0o777 == 0o600
    path = f"/1.0/profiles/lease-{terms(single)[0]}{OURS}"
    found = single.daemons[0].query("GET", path)
    config = {key: value for key, value in found["config"].items() if not key.endswith(".released")}
    single.daemons[0].query("PUT", path, {"config": {**config, "user.unsandbox.ttl": "1"}})
    assert config["user.unsandbox.nonce"] in noted["nonces"]["h1"]
    shutil.copytree(state, single.root / "copy", copy_function=shutil.copy2)
    single.services({"one": "state: frozen"})
    ran = single.run("--state-dir", str(single.root / "copy"), "apply", "--yes")
    assert "waiting for the lease" in ran.out + ran.err
    assert single.statuses() == {"svc-one": "Frozen"}


def test_calls_outside_a_plan_take_one_too_and_the_journal_names_it(single: Fleet) -> None:
    single.services({"one": ""})
    single.run("apply", "--yes")
    with somebody(single):
        assert "P06" in single.run("release", "Service/one", "--yes", expect=6).err
    assert "user.unsandbox.name" in single.instances()["h1/svc-one"]["config"]
    single.run("release", "Service/one", "--yes")
    assert "user.unsandbox.name" not in single.instances()["h1/svc-one"]["config"]
    assert terms(single) == ["0000000003"]
    rows = single.run("history", "--json").json
    assert {row["term"] for row in _intents(rows)} == {"1", "3"}


def _intents(document: object) -> list[dict[str, str]]:
    """Rows of calls, wherever the document has them."""
    if isinstance(document, dict):
        found = [document] if {"call", "term"} <= document.keys() else []
        return found + [row for value in document.values() for row in _intents(value)]
    return [row for value in document for row in _intents(value)] if isinstance(document, list) else []


def test_an_apply_that_was_paused_past_its_lease_does_nothing_more(single: Fleet) -> None:
    """Paused between two steps, robbed of its lease, and woken up."""
    single.services({f"s-{number}": "" for number in range(12)})
    events = single.root / "events.jsonl"
    process = single.start("--parallel", "1", "apply", "--yes", "--events", str(events))
    deadline = time.monotonic() + 60
    while not (events.exists() and '"action-done"' in events.read_text() and single.instances()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(1)  # what LXD was asked for is done
    rows = single.daemons[0].query("GET", f"/1.0/profiles?recursion=1&project={OURS.partition('=')[2]}")
    ours = next(row for row in rows if row["name"].startswith("lease-"))
    single.daemons[0].query("POST", f"/1.0/profiles{OURS}", {"name": "lease-0000000009", "config": ours["config"]})
    before = set(single.instances())
    time.sleep(13)
    os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, f"{out}\n{err}"
    assert "P05" in out + err
    assert len(before) < 12
    assert set(single.instances()) == before
