"""Operations whose end nobody saw are settled by the object, never assumed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reconciler.errors import Conflict, Forgotten, NotFound, OperationFailed, Unreachable
from reconciler.lxd import operations
from reconciler.lxd.connect import Door
from reconciler.lxd.operations import Waiting, run, wait
from reconciler.lxd.write import perform
from reconciler.model.plan import DeleteInstance, SetPower
from tests.lab.permit import ALONE
from tests.lxd.actors import creation, names, row, uuid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

FORGET = 6
"""Seconds; LXD forgets an operation 5 s after its end."""


class Late(Door):
    """A door that asks for the end of an operation only after LXD forgot it, or that loses some answers on the way."""

    delay = 0.0
    lose = 0

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        if path.startswith("/1.0/operations/") and "/wait" in path:
            time.sleep(self.delay)
            if self.lose:
                self.lose -= 1
                raise Unreachable("lost")
        return super().send(method, path, body, **given)


@pytest.fixture
def late(prepared: Host) -> Late:
    return Late.open(prepared, None).under(ALONE)


def test_what_lxd_forgot_and_did_counts_as_done(late: Late, lxd: Daemon, starter: Starter) -> None:
    late.delay = FORGET
    perform(late, creation("forgotten", starter.fingerprint))
    assert row(lxd, "forgotten")["status"] == "Stopped"
    perform(late, SetPower("forgotten", "start", force=False, timeout=20))
    assert row(lxd, "forgotten")["status"] == "Running"
    perform(late, SetPower("forgotten", "stop", force=True, timeout=20))
    perform(late, DeleteInstance("forgotten", uuid(lxd, "forgotten")))
    assert "forgotten" not in names(lxd)


def test_what_lxd_forgot_and_did_not_do_has_failed(late: Late, lxd: Daemon, starter: Starter) -> None:
    late.delay = FORGET
    with pytest.raises(Forgotten, match="forgot operation"):
        perform(late, creation("invalid", starter.fingerprint, {"limits.cpu": "many"}))
    assert "invalid" not in names(lxd)


def test_a_forgotten_creation_of_a_name_that_another_took_has_failed(late: Late, lxd: Daemon, starter: Starter) -> None:
    perform(late, creation("other", starter.fingerprint, {"user.unsandbox.intent": "plan-0"}))
    before = row(lxd, "other")
    late.delay = FORGET
    with pytest.raises((OperationFailed, Conflict)):
        perform(late, creation("other", starter.fingerprint))
    assert row(lxd, "other") == before


def test_an_operation_that_never_was_is_settled_by_the_object(door: Door) -> None:
    assert wait(door, str(uuid4()), Waiting(5, lambda: True)) == {}
    with pytest.raises(Forgotten, match="nothing there shows"):
        wait(door, str(uuid4()), Waiting(5, lambda: False))


def test_a_stop_that_lxd_forgot_is_not_called_one_that_did_not_end(door: Door, starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    perform(door, creation("vague", starter.fingerprint))
    perform(door, SetPower("vague", "start", force=False, timeout=20))
    # The daemon that began it was killed, and the one that answers never heard of it.
    monkeypatch.setattr(door, "send", _unheard(door))
    with pytest.raises(Forgotten):
        perform(door, SetPower("vague", "stop", force=False, timeout=20))


def _unheard(door: Door) -> Callable[..., Any]:
    send = door.send

    def sent(method: str, path: str, body: object = None, **given: Any) -> Any:
        if method == "PUT" and path.partition("?")[0].endswith("/state"):
            body = {"action": "freeze", "timeout": 20}
        if path.startswith("/1.0/operations/"):
            raise NotFound("forgotten")
        return send(method, path, body, **given)

    return sent


def test_one_lost_answer_is_asked_for_again_and_two_are_not(late: Late, lxd: Daemon, starter: Starter) -> None:
    late.lose = 1
    perform(late, creation("patient", starter.fingerprint))
    assert row(lxd, "patient")["status"] == "Stopped"
    late.lose = 2
    with pytest.raises(Unreachable):
        perform(late, SetPower("patient", "start", force=False, timeout=20))


def test_a_failure_is_told_in_lxds_words(door: Door, starter: Starter) -> None:
    with pytest.raises(OperationFailed, match="Invalid CPU limit syntax"):
        perform(door, creation("words", starter.fingerprint, {"limits.cpu": "many"}))


def test_a_request_that_is_refused_begins_nothing(door: Door) -> None:
    with pytest.raises(NotFound):
        run(door, "DELETE", door.path("instances", "nobody"), None, Waiting(5, lambda: True))


def test_a_wait_request_is_shorter_than_the_read_time_out(prepared: Host) -> None:
    with Door.open(prepared, None).under(ALONE) as door:
        assert door.read_timeout > operations.SLICE
