"""Fixtures of the whole suite. Real daemons are raised when the first test asks for one and are gone when the session ends."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.clean import clean_daemon
from tests.lab.lab import Lab
from tests.runner.image import build as build_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.daemon import Daemon

# A shell that starts the suite in the background has it ignore SIGINT, and every child inherits that: nothing could be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY / "images/.build/cache"


@dataclass(frozen=True)
class Starter:
    """The starter image built for this session."""

    tarball: Path
    fingerprint: str


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The session's lab, without daemons until they are asked for."""
    with Lab() as raised:
        yield raised


@pytest.fixture(scope="session")
def lxd(lab: Lab) -> Daemon:
    """One bare daemon (h1): the pool `unsandbox`, no image, no network. Shared: clean it with `clean` before relying on that."""
    return lab.daemon("h1")


@pytest.fixture(scope="session")
def three(lab: Lab) -> list[Daemon]:
    """Three bare daemons, h1 to h3; h1 is the one of `lxd`."""
    return lab.several("h1", "h2", "h3")


@pytest.fixture
def clean() -> Callable[..., None]:
    """Call it with daemons: they are emptied, healed and running afterwards."""

    def wipe(*daemons: Daemon) -> None:
        for daemon in daemons:
            clean_daemon(daemon)

    return wipe


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    """The starter image."""
    return build_starter(tmp_path_factory.mktemp("starter"))


@pytest.fixture(scope="session")
def shared() -> Iterator[None]:
    """Nobody else of this suite builds with the shared cache meanwhile."""
    SHARED.mkdir(parents=True, exist_ok=True)
    handle = os.open(SHARED / "suite.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


@pytest.fixture(scope="session")
def python_image(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Starter:
    """The starter image with a Python in it."""
    return Starter(*build_python(starter.tarball, tmp_path_factory.mktemp("python")))


def build_starter(out: Path) -> Starter:
    """Build the starter image into ``out``, from a static busybox."""
    found = subprocess.run(["sh", REPOSITORY / "bootstrap/busybox.sh"], check=True, capture_output=True, text=True).stdout.strip()
    build = [sys.executable, str(REPOSITORY / "images/starter/build.py"), "--out", str(out), "--busybox", found]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    facts = json.loads((out / "starter.json").read_text())
    return Starter(out / facts["file"], facts["fingerprint"])
