"""The lease of a host, on the real daemon: several at once, a killed holder, a paused one, a cut link, and somebody who takes it away."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.clock import now
from reconciler.engine.foundation import foundation
from reconciler.engine.lease import Seen, config_of, name_of
from reconciler.errors import Conflict, HostError, LeaseHeld, NotFound, Unreachable
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.connect import Door
from reconciler.lxd.enrol import enrol
from reconciler.lxd.foundation import put_object
from reconciler.lxd.lease import leases, take, watch
from reconciler.lxd.read import look
from reconciler.model import marks
from reconciler.model.resources import Policy
from reconciler.model.world import Grade
from tests.lab.clean import clean_daemon
from tests.lab.permit import ALONE
from tests.lxd.holders import acquire, claim, holding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.lxd.lease import Lease
    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

THREADS, ROUNDS = 8, 20
TTL = 2.0
OURS = "?project=unsandbox"


@pytest.fixture
def door(host: Host) -> Iterator[Door]:
    """To a host that has our project and no lease of a living holder."""
    with Door.open(host, None) as opened:
        writing = opened.under(ALONE)
        put_object(writing, foundation(host, Policy()).objects[0])
        for lease in leases(opened):
            writing.send("DELETE", opened.path("profiles", name_of(lease.term)))
        yield opened


@pytest.fixture
def lease(door: Door, host: Host) -> Iterator[Lease]:
    """Ours."""
    taken = acquire(door, claim(host))
    yield taken
    taken.release()


def terms(door: Door) -> list[int]:
    """Of every lease that is there."""
    return sorted(lease.term for lease in leases(door))


def write(door: Door, name: str) -> None:
    """Something that changes the host."""
    door.send("POST", door.path("profiles"), {"name": name})


def profiles(lxd: Daemon) -> set[str]:
    """Of our project."""
    return {path.partition("?")[0].rpartition("/")[2] for path in lxd.query("GET", f"/1.0/profiles{OURS}")}


def test_an_unprepared_host_gets_its_project_with_its_mark(lxd: Daemon, host: Host) -> None:
    clean_daemon(lxd)
    with Door.open(host, None) as door:
        with pytest.raises(NotFound):
            acquire(door, replace(claim(host), project=None))
        acquire(door, claim(host)).release()
        assert terms(door) == [1]
        config = lxd.query("GET", "/1.0/projects/unsandbox")["config"]
        assert (config[marks.ENV], config["features.profiles"]) == ("default", "true")
        assert marks.FOUNDATION not in config
        assert look(door, now).grade is Grade.COMPLETE


def test_of_eight_at_once_exactly_one_holds(host: Host, door: Door) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(THREADS) as threads:
        doors = [stack.enter_context(Door.open(host, None)) for _ in range(THREADS)]
        for number in range(ROUNDS):
            start = threading.Barrier(THREADS)

            def race(which: int, start: threading.Barrier = start) -> Lease | str:
                start.wait()
                try:
                    return acquire(doors[which], claim(host, f"writer-{which}"))
                except LeaseHeld as error:
                    return str(error)

            ended = list(threads.map(race, range(THREADS)))
            won = [one for one in ended if not isinstance(one, str)]
            assert len(won) == 1
            assert all("P06" in one for one in ended if isinstance(one, str))
            assert won[0].term == str(number + 1)
            won[0].check("DELETE", "/1.0/x", destructive=True)
            won[0].release()
            assert terms(door) == [number + 1]


def test_a_killed_holder_is_followed_after_its_ttl_and_not_before(host: Host, door: Door) -> None:
    heard: list[str] = []
    with holding(host, TTL) as holder:
        holder.signal(signal.SIGKILL)
        began = time.monotonic()
        ours = acquire(door, claim(host), heard)
        took = time.monotonic() - began
    assert TTL <= took < TTL + 1.5
    assert ours.term == "2"
    assert heard == [f"waiting for the lease of {host.name}, held by {heard[0].partition('held by ')[2]}"]
    assert "berta@farm (term 1, since " in heard[0]
    assert heard[0].endswith("; it ends in 2 s unless renewed")
    ours.release()


def test_our_own_dead_predecessor_is_followed_at_once(host: Host, door: Door) -> None:
    with holding(host, ttl=60) as holder:
        holder.signal(signal.SIGKILL)
        began = time.monotonic()
        acquire(door, claim(host, mine=frozenset({holder.nonce}))).release()
        assert time.monotonic() - began < 1


def test_a_holder_that_was_paused_past_its_ttl_does_nothing_more(host: Host, door: Door, lxd: Daemon) -> None:
    with holding(host, TTL) as holder:
        holder.ask("before")
        assert holder.answer() == ""
        holder.signal(signal.SIGSTOP)
        ours = acquire(door, claim(host))
        holder.ask("after")
        holder.signal(signal.SIGCONT)
        assert "P05" in holder.answer()
        assert "before" in profiles(lxd)
        assert "after" not in profiles(lxd)
        # Nor does it renew itself back to life.
        time.sleep(TTL)
        holder.ask("later")
        assert "P05" in holder.answer()
        ours.check("DELETE", "/1.0/x", destructive=True)
        ours.release()
    door.under(ALONE).send("DELETE", door.path("profiles", "before"))


def test_renewal_keeps_others_out(host: Host, door: Door) -> None:
    ours = acquire(door, claim(host, "anna@desk (process 7 on desk)", ttl=1.5))
    end = time.monotonic() + 4
    while time.monotonic() < end:
        with pytest.raises(LeaseHeld, match="P06: another writer holds the lease") as caught:
            acquire(door, claim(host))
        assert "anna@desk (process 7 on desk) (term 1, since " in str(caught.value)
        assert f"until {now():%Y-%m-%dT%H}" in str(caught.value)
        ours.check("DELETE", "/1.0/x", destructive=True)
    ours.release()
    assert terms(door) == [1]


def test_a_released_lease_is_taken_at_once_and_terms_only_grow(host: Host, door: Door) -> None:
    for number in range(1, 6):
        heard: list[str] = []
        ours = acquire(door, claim(host), heard)
        assert ours.term == str(number)
        assert heard == []
        ours.release()
        assert terms(door) == [number]
        with pytest.raises(LeaseHeld, match="P05: the lease was given back"):
            ours.check("POST", "/1.0/x", destructive=False)


def test_one_that_somebody_took_away_counts_as_lost(lease: Lease, door: Door, lxd: Daemon) -> None:
    write(door.under(lease), "kept")
    lxd.query("DELETE", f"/1.0/profiles/{name_of(1)}{OURS}")
    with pytest.raises(LeaseHeld, match="P05: the lease is not ours any more"):
        door.under(lease).send("DELETE", door.path("profiles", "kept"))
    assert "kept" in profiles(lxd)
    with pytest.raises(LeaseHeld, match="P05"):
        write(door.under(lease), "more")
    door.under(ALONE).send("DELETE", door.path("profiles", "kept"))


def test_it_is_noticed_by_the_next_renewal_as_well(lease: Lease, door: Door, lxd: Daemon) -> None:
    lxd.query("DELETE", f"/1.0/profiles/{name_of(1)}{OURS}")
    time.sleep(TTL / 2)
    with pytest.raises(LeaseHeld, match="P05"):
        write(door.under(lease), "more")
    assert terms(door) == []


def test_one_of_the_same_number_that_is_not_ours_is_never_written_over(lease: Lease, door: Door, host: Host, lxd: Daemon) -> None:
    lxd.query("DELETE", f"/1.0/profiles/{name_of(1)}{OURS}")
    theirs = claim(host, "berta@farm")
    other = take(door, theirs, None)
    with pytest.raises(LeaseHeld, match="P05"):
        lease.renew()
    lease.release()
    config = lxd.query("GET", f"/1.0/profiles/{name_of(1)}{OURS}")["config"]
    assert config["user.unsandbox.nonce"] == theirs.nonce
    assert "user.unsandbox.released" not in config
    other.check("DELETE", "/1.0/x", destructive=True)
    other.release()


def test_a_higher_term_ends_ours(lease: Lease, door: Door, lxd: Daemon) -> None:
    seen = leases(door)[0]
    body = {"name": name_of(9), "config": config_of(replace(seen, term=9, nonce="theirs", holder="berta@farm"))}
    lxd.query("POST", f"/1.0/profiles{OURS}", body)
    lease.check("POST", "/1.0/x", destructive=False)
    with pytest.raises(LeaseHeld, match=r"P05: .*there: berta@farm \(term 9"):
        lease.check("DELETE", "/1.0/x", destructive=True)
    with pytest.raises(LeaseHeld, match="P05"):
        lease.check("POST", "/1.0/x", destructive=False)


def test_a_lease_that_cannot_be_read_is_waited_for_by_nobody(door: Door, host: Host, lxd: Daemon) -> None:
    lxd.query("POST", f"/1.0/profiles{OURS}", {"name": name_of(3), "config": {}})
    with pytest.raises(LeaseHeld, match="P06: what stands for the lease cannot be read"):
        acquire(door, claim(host))
    assert terms(door) == [3]


def test_a_project_without_profiles_of_its_own_gives_no_lease(host: Host, lxd: Daemon) -> None:
    """It shows those of the default project, which is none of ours."""
    lxd.query("POST", "/1.0/projects", {"name": "shares", "config": {"features.profiles": "false", "features.images": "true"}})
    with Door.open(replace(host, project="shares"), None) as door, pytest.raises(Conflict, match="no profiles of its own"):
        acquire(door, claim(replace(host, project="shares")))
    assert lxd.query("GET", "/1.0/profiles") == ["/1.0/profiles/default"]
    lxd.query("DELETE", "/1.0/projects/shares")


def test_a_look_is_not_disturbed_by_it(lease: Lease, door: Door) -> None:
    before = door.requests.copy()
    view = look(door, now)
    assert (view.grade, view.why, view.instances) == (Grade.COMPLETE, (), ())
    assert view.project is not None
    assert view.project.names == frozenset()
    assert (door.requests - before).total() == 3
    lease.check("DELETE", "/1.0/x", destructive=True)


class Busy(Door):
    """Its answers to what makes a lease are lost, though LXD did it."""

    lose = False

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        response = super().send(method, path, body, **given)
        if self.lose and method == "POST":
            raise Unreachable("lost on the way")
        return response


def test_an_answer_that_was_lost_is_read_from_the_host(door: Door, host: Host) -> None:
    with Busy.open(host, None) as busy:
        busy.lose = True
        ours = acquire(busy, claim(host))
        ours.check("DELETE", "/1.0/x", destructive=True)
        ours.release()
    assert terms(door) == [1]


class Deaf(Door):
    """What makes a lease does not come through to it."""

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        if method == "POST" and self.deaf:
            raise Unreachable("no answer in time")
        return super().send(method, path, body, **given)

    deaf = False


def test_a_lease_that_was_not_made_is_nobodys_and_the_host_counts_as_out_of_reach(door: Door, host: Host) -> None:
    acquire(door, claim(host)).release()
    with Deaf.open(host, None) as deaf:
        deaf.deaf = True
        with pytest.raises(Unreachable, match="has none of ours"):
            acquire(deaf, claim(host))
    assert terms(door) == [1], "the one that was given back is still the highest"


def test_a_call_that_arrives_after_its_process_gave_up_holds_nobody_up(door: Door, host: Host) -> None:
    acquire(door, claim(host)).release()
    gone = claim(host)
    ours, others = claim(host, mine=frozenset({gone.nonce})), claim(host)
    after = watch(door, ours, lambda _line: None)
    late = Seen(2, gone.holder, gone.nonce, 0, gone.ttl)
    door.under(ALONE).send("POST", door.path("profiles"), {"name": name_of(late.term), "config": config_of(late)})
    with pytest.raises(LeaseHeld, match="was quicker to take its lease"):
        take(door, others, after)
    take(door, ours, after).release()
    assert terms(door)[-1] == late.term + 1


@pytest.mark.usefixtures("door")
def test_a_cut_link_ends_what_we_believe_and_nothing_is_sent(lxd: Daemon, host: Host, tmp_path: Path) -> None:
    certificate = load_or_make(tmp_path)
    enrol(lxd.url, host.fingerprint, certificate, lxd.trust_password)
    with Door.open(replace(host, address=lxd.url), certificate, connect_timeout=1, read_timeout=1) as remote:
        ours = acquire(remote, claim(host))
        writing = remote.under(ours)
        write(writing, "before")
        lxd.cut()
        try:
            with pytest.raises((LeaseHeld, HostError)):
                ours.check("DELETE", "/1.0/x", destructive=True)
            time.sleep(TTL)
            sent = writing.requests["POST /1.0/profiles"]
            with pytest.raises(LeaseHeld, match="P05: our lease was not renewed in time"):
                write(writing, "after")
            assert writing.requests["POST /1.0/profiles"] == sent
        finally:
            lxd.heal()
        # The host is back, and nobody took the lease: it stays lost all the same.
        deadline = time.monotonic() + 20
        while not _answers(remote):
            assert time.monotonic() < deadline
        with pytest.raises(LeaseHeld, match="P05"):
            ours.renew()
        with pytest.raises(LeaseHeld, match="P05"):
            write(writing, "after")
        ours.release()
    assert "after" not in profiles(lxd)
    lxd.query("DELETE", f"/1.0/profiles/before{OURS}")


def _answers(door: Door) -> bool:
    try:
        watch(door, claim(door.host, mine=frozenset(lease.nonce for lease in leases(door))), lambda _line: None)
    except HostError:
        return False
    return True
