"""The state folder breaks under the hands of the loop."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.fake.estate import IN_PROJECT, Estate
from tests.surviving.loop import RUNNING, Loop, settled, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHILE = 2.0


@pytest.fixture
def estate() -> Iterator[Estate]:
    """One host with two services declared."""
    with Estate() as made:
        made.services = {"a": "", "b": ""}
        made.write()
        yield made


def test_a_journal_that_is_deleted_while_the_loop_runs(estate: Estate) -> None:
    fake = estate.fakes[0]
    with Loop(estate) as loop:
        loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))
        loop.process.send_signal(signal.SIGSTOP)
        for file in estate.settings.state_dir.glob("journal.db*"):
            file.unlink()
        fake.query("PATCH", f"/1.0/instances/svc-b{IN_PROJECT}", {"config": {"security.protection.delete": "false"}})
        fake.query("PUT", f"/1.0/instances/svc-b/state{IN_PROJECT}", {"action": "stop", "force": True, "timeout": 5})
        fake.query("DELETE", f"/1.0/instances/svc-b{IN_PROJECT}")
        fake.dies("svc-a", "unsandbox")
        loop.process.send_signal(signal.SIGCONT)
        loop.until(lambda: loop.told("note", "journal-lost"))
        loop.until(lambda: settled(estate, a=RUNNING))
        loop.until(lambda: any(line["code"] == "F10" for line in loop.told("refusal", "came")))
        time.sleep(WHILE)
        assert settled(estate, a=RUNNING)
        assert loop.health() == 200
        accepted = loop.command("accept", "F10", "Service/b", "--yes")
        assert accepted.returncode == 0, accepted.stderr
        loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))


@pytest.fixture
def small(estate: Estate) -> Iterator[Path]:
    """The state folder is a small file system of its own."""
    folder = estate.settings.state_dir
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "surviving", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_nothing_is_done_that_cannot_be_written_down_first(estate: Estate, small: Path) -> None:
    fake = estate.fakes[0]
    with Loop(estate) as loop:
        loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING))
        subprocess.run(["dd", "if=/dev/zero", f"of={small / 'filler'}", "bs=4k"], check=False, capture_output=True)
        before = len(fake.writes)
        estate.services["c"] = ""
        estate.write()
        loop.until(lambda: loop.health() == 503)
        time.sleep(WHILE)
        assert set(statuses(estate)) == {"svc-a", "svc-b"}
        assert [asked for asked in fake.writes[before:] if asked.path.startswith("/1.0/instances")] == []
        (small / "filler").unlink()
        loop.until(lambda: settled(estate, a=RUNNING, b=RUNNING, c=RUNNING))
        loop.until(lambda: loop.health() == 200)
