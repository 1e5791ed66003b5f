"""Telling systemd, at a real socket; and waking a loop from another process."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.notify import Notify
from reconciler.app.poke import poke, poke_folder
from reconciler.app.settings import settings_from
from reconciler.app.sources.folders import watch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, abstract: bool) -> None:
    name = f"@unsandbox-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.settimeout(5)
        there.bind("\0" + name[1:] if abstract else name)
        notify = Notify({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"})
        assert notify.interval == 15
        for tell in (notify.ready, notify.alive, notify.stopping):
            tell()
        notify.status("two\nlines")
        notify.reloading()
        told = [there.recv(1000).decode() for _ in range(5)]
    assert told[:4] == ["READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=two lines"]
    assert told[4].startswith("RELOADING=1\nMONOTONIC_USEC=")


@pytest.mark.parametrize("name", ["", "nonsense", "/nonexistent/notify", "@unsandbox-nobody"])
def test_nobody_to_tell_is_no_error(name: str) -> None:
    Notify({"NOTIFY_SOCKET": name} if name else {}).ready()


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_is_not_ours(more: dict[str, str]) -> None:
    assert Notify({"NOTIFY_SOCKET": "/run/notify", **more}).interval == 0


def test_a_poke_wakes_who_watches(tmp_path: Path) -> None:
    settings = settings_from(tmp_path, {})
    told, stop = queue.Queue[set[str]](), threading.Event()
    thread = threading.Thread(target=watch, args=([poke_folder(settings)], told.put, stop))
    thread.start()
    time.sleep(0.3)
    poke(settings)
    assert told.get(timeout=5)
    time.sleep(0.3)
    poke(settings)
    assert str(poke_folder(settings) / "wake") in told.get(timeout=5)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_poke_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    poke(replace(settings_from(tmp_path, {}), state_dir=tmp_path / "file"))
