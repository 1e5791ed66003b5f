"""Doors of a process that never ends: what is not used any more is closed, and what a lease lives by is not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.app.doors import Doors
from reconciler.app.journaled import outcome_of
from reconciler.errors import Forgotten, HostError, LeaseHeld, OperationFailed, Refused, Rejected, Unreachable
from reconciler.lxd.lease import Lease
from reconciler.lxd.transport import new_session
from reconciler.model.records import Outcome
from reconciler.store.journal import FILE_NAME, Journal
from tests.fake.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable


def sockets() -> int:
    """Connections that this process has open."""
    return sum(_is_socket(file) for file in Path("/proc/self/fd").iterdir())


def _is_socket(file: Path) -> bool:
    try:
        return str(file.readlink()).startswith("socket:")
    except OSError:
        return False


def test_a_door_that_is_forgotten_keeps_no_connection_and_still_serves_who_holds_it() -> None:
    with Estate() as estate, Doors(estate.settings) as doors:
        host = estate.plan().desired.hosts[0]
        before = sockets()
        door = doors.open(host)
        assert sockets() > before
        doors.forget(host.endpoint)
        assert _comes_to(before)
        assert door.get("/1.0")
        assert _comes_to(before)
        assert doors.open(host) is not door
        doors.leave(host, "another")
        assert sockets() > before
        doors.leave(host, host.address)
        assert _comes_to(before)


def test_over_tls_too() -> None:
    with Estate() as estate:
        fake = estate.fakes[0]
        session = new_session(fake.url, fake.fingerprint, None)
        before = sockets()
        for closed in (False, True):
            assert session.get(fake.url + "/1.0").ok
            assert closed == _comes_to(before, tries=10)
            session.close()
            assert _comes_to(before)


def _comes_to(count: int, tries: int = 100) -> bool:
    """The other end of a connection, the fake's, is in this process too and closes a moment later."""
    for _ in range(tries):
        if sockets() <= count:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (LeaseHeld("P05: it was lost"), Outcome.SKIPPED),
        (Refused("no permit", rule="P15"), Outcome.SKIPPED),
        (Unreachable("no answer in time"), Outcome.UNKNOWN),
        (Forgotten("nothing shows it"), Outcome.UNKNOWN),
        (OperationFailed("it did not"), Outcome.FAILED),
        (Rejected("no"), Outcome.FAILED),
    ],
)
def test_how_a_call_ended(error: HostError | LeaseHeld | Refused, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome


def test_what_a_lost_lease_kept_from_being_sent_is_no_failure_of_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: Callable[..., None] = Lease.check

    def check(lease: Lease, method: str, path: str, *, destructive: bool, body: object = None) -> None:
        if method == "POST" and path.startswith("/1.0/instances"):
            raise LeaseHeld("P05: it was lost")
        allowed(lease, method, path, destructive=destructive, body=body)

    monkeypatch.setattr(Lease, "check", check)
    with Estate(services={"a": ""}, limits={"failures": 1}) as estate:
        assert [event.ref for event in estate.apply().failed] == ["Service/a"]
        with Journal(estate.settings.state_dir / FILE_NAME) as journal:
            last = journal.entries(None, 1)[0]
            assert (last.call, last.outcome) == ("CreateInstance", Outcome.SKIPPED)
        monkeypatch.undo()
        assert [event.ref for event in estate.apply().done] == ["Service/a"]
