"""Files and commands inside real containers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import HostError, NotFound, OperationFailed
from reconciler.lxd.write import perform
from reconciler.model.plan import PushFile, RunCommand
from tests.lxd.actors import creation, launch

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

SCRIPT = "#!/bin/sh\n# ümlaut\nprintf ran >>/root/marks\nexit ${1:-0}\n"


@pytest.fixture
def inhabited(door: Door, starter: Starter, lxd: Daemon) -> Door:
    if "home" not in lxd.lxc("list", "--project", "unsandbox", "--format", "csv", "-c", "n").split():
        launch(door, creation("home", starter.fingerprint))
    return door


def inside(lxd: Daemon, command: str) -> str:
    return lxd.lxc("exec", "home", "--project", "unsandbox", "--", "sh", "-c", command)


def test_a_file_is_written_for_root_alone_and_over_an_older_one(inhabited: Door, lxd: Daemon) -> None:
    for text in ("a longer text that was there before the script\n" * 20, SCRIPT):
        perform(inhabited, PushFile("home", "/root/it is.sh", text))
    assert inside(lxd, "stat -c '%a %u %g' '/root/it is.sh'").strip() == "700 0 0"
    assert inside(lxd, "cat '/root/it is.sh'") == SCRIPT


def test_a_command_runs_once_and_its_status_counts(inhabited: Door, lxd: Daemon) -> None:
    perform(inhabited, PushFile("home", "/root/script", SCRIPT))
    inside(lxd, "rm -f /root/marks")
    perform(inhabited, RunCommand("home", ("/bin/sh", "/root/script"), 10))
    assert inside(lxd, "cat /root/marks") == "ran"
    with pytest.raises(OperationFailed, match="status 7") as caught:
        perform(inhabited, RunCommand("home", ("/bin/sh", "/root/script", "7"), 10))
    assert inside(lxd, "cat /root/marks") == "ranran"
    assert caught.value.hint.startswith("lxc exec home --project unsandbox -- /bin/sh")


def test_a_command_past_its_deadline_is_not_taken_for_done(inhabited: Door) -> None:
    began = time.monotonic()
    with pytest.raises(OperationFailed, match="may still be going on"):
        perform(inhabited, RunCommand("home", ("sleep", "20"), 2))
    assert time.monotonic() - began < 6


def test_a_command_longer_than_the_read_time_out_is_waited_for(inhabited: Door) -> None:
    inhabited.read_timeout = 2  # a wait request is always shorter than that
    began = time.monotonic()
    perform(inhabited, RunCommand("home", ("sleep", "3"), 20))
    assert time.monotonic() - began >= 3


def test_what_is_not_there_fails(inhabited: Door) -> None:
    with pytest.raises(NotFound):
        perform(inhabited, PushFile("nobody", "/root/x", "x"))
    with pytest.raises(HostError):
        perform(inhabited, PushFile("home", "/no/such/folder/x", "x"))
    with pytest.raises(OperationFailed):
        perform(inhabited, RunCommand("home", ("/no/such/program",), 10))
