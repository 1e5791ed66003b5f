"""Power of real instances."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.fingerprint import essence
from reconciler.errors import Conflict, NotFound, OperationFailed
from reconciler.lxd.read import instance
from reconciler.lxd.startlog import first_error
from reconciler.lxd.write import perform
from reconciler.model.plan import SetPower
from tests.lxd.actors import counted, creation, launch, row, uuid

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def test_every_verb_and_again_when_it_is_so_already(door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("walker", starter.fingerprint))
    known = uuid(lxd, "walker")
    for verb, status in (("start", "Running"), ("freeze", "Frozen"), ("unfreeze", "Running"), ("stop", "Stopped")):
        for planned in (known, "", known):
            told = perform(door, SetPower("walker", verb, force=False, timeout=20, uuid=planned))
            # Whoever wakes what was put to rest must know by uuid that we did that; a start need not be remembered.
            assert told == (known if planned or verb in {"freeze", "stop"} else "")
            assert row(lxd, "walker")["status"] == status


def test_an_instance_of_this_plan_is_not_read_first(door: Door, starter: Starter) -> None:
    perform(door, creation("quick", starter.fingerprint))
    with counted(door) as sent:
        perform(door, SetPower("quick", "start", force=False, timeout=20))
    assert sent == {"PUT /1.0/instances/{name}/state": 1, "GET /1.0/operations/{name}/wait": 1}


def test_a_frozen_instance_is_stopped_by_force(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("ice", starter.fingerprint))
    perform(door, SetPower("ice", "freeze", force=False, timeout=20))
    perform(door, SetPower("ice", "stop", force=True, timeout=20, uuid=uuid(lxd, "ice")))
    assert row(lxd, "ice")["status"] == "Stopped"


def test_another_instance_of_that_name_keeps_its_power(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("other", starter.fingerprint))
    with pytest.raises(Conflict, match="another instance"):
        perform(door, SetPower("other", "stop", force=True, timeout=20, uuid="u-1"))
    assert row(lxd, "other")["status"] == "Running"


def test_what_cannot_be_done_fails_and_is_not_taken_for_done(door: Door, starter: Starter) -> None:
    perform(door, creation("asleep", starter.fingerprint))
    with pytest.raises(OperationFailed, match="isn't running"):
        perform(door, SetPower("asleep", "freeze", force=False, timeout=5))
    with pytest.raises(NotFound):
        perform(door, SetPower("nobody", "start", force=False, timeout=5))


DEAF = {"raw.lxc": "lxc.signal.halt = SIGWINCH"}
"""PID 1 is asked to stop by a signal that busybox's init does not heed."""


def test_a_container_that_does_not_stop_in_time_fails_by_name_and_is_not_forced(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("stubborn", starter.fingerprint, DEAF))
    stop = SetPower("stubborn", "stop", force=False, timeout=1, uuid=uuid(lxd, "stubborn"))
    with counted(door) as sent, pytest.raises(OperationFailed, match=r"S11: stubborn did not stop within 1 s .*shutting down") as told:
        perform(door, stop)
    assert sent["PUT /1.0/instances/{name}/state"] == 1
    assert told.value.hint.startswith("lxc stop stubborn --project unsandbox --force")
    assert row(lxd, "stubborn")["status"] == "Running"
    with counted(door) as sent:
        perform(door, replace(stop, last_resort=True))
    assert sent["PUT /1.0/instances/{name}/state"] == 2
    assert row(lxd, "stubborn")["status"] == "Stopped"


def test_what_was_adopted_since_is_not_stopped_on_the_way_to_its_end(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("adopted", starter.fingerprint))
    found = instance(door, "adopted")
    assert found is not None
    lxd.query("PATCH", "/1.0/instances/adopted?project=unsandbox", {"config": {"user.unsandbox.owner": "another"}})
    with pytest.raises(Conflict, match="P02: adopted is not as planned for"):
        perform(door, SetPower("adopted", "stop", force=True, timeout=20, uuid=found.uuid, essence=essence(found)))
    assert row(lxd, "adopted")["status"] == "Running"


def test_a_start_that_fails_is_told_with_the_reason_in_its_log(door: Door, lxd: Daemon, starter: Starter) -> None:
    call = creation("nobody", starter.fingerprint, {"security.idmap.isolated": "true", "security.idmap.base": "65536"})
    source = {"type": "image", "fingerprint": call.image}
    body = {"name": call.name, "type": "container", "profiles": [], "source": source, "config": call.config, "devices": call.devices}
    lxd.query("POST", "/1.0/instances?project=unsandbox", body)
    told = r"forkstart unsandbox_nobody .*\(lxc\.log: newuidmap failed .* uid range \[0-65536\) -> \[65536-131072\) not allowed.*\)"
    with pytest.raises(OperationFailed, match=told):
        perform(door, SetPower("nobody", "start", force=False, timeout=20))


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", ""),
        ("lxc a 20260101000000.000 WARN     conf - conf.c:f:1 - odd\n", ""),
        (
            "lxc a 2026 WARN a - b:1 - odd\nlxc a 2026 ERROR    conf - conf.c:f:1 - no - such file\nlxc a 2026 ERROR a - b:1 - x\n",
            "no - such file",
        ),
        ("lxc a 2026 ERROR nothing of the usual form", "lxc a 2026 ERROR nothing of the usual form"),
        ("lxc a 2026 ERROR conf - f:1 - \x1b[31mred\x00", "?[31mred?"),
        ("lxc a 2026 ERROR conf - f:1 - " + "x" * 5000, "x" * 300),
    ],
)
def test_the_first_error_of_a_log_is_its_reason(log: str, told: str) -> None:
    assert first_error(log) == told
