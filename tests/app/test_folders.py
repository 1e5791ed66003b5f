"""Watching real folders: told once after they settled, through everything that editors and git do to them."""

from __future__ import annotations

import queue
import resource
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.app.sources import folders
from reconciler.app.sources.folders import keep_watching, polling_wanted, watch
from tests.app.test_repository import git

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = 5.0
NEVER = 0.4


class Watched:
    """A watcher on ``manifests`` and ``state`` below ``root``."""

    def __init__(self, root: Path, *, polling: bool | None = None) -> None:
        self.root = root
        self.told: queue.Queue[set[str]] = queue.Queue()
        self.stop = threading.Event()
        paths = [root / "manifests", root / "state"]
        self.thread = threading.Thread(target=watch, args=(paths, self.told.put, self.stop), kwargs={"polling": polling})
        self.thread.start()
        time.sleep(0.3)

    def heard(self) -> set[str]:
        """What was told, each path from the root on."""
        return {str(Path(name).relative_to(self.root)) for name in self.told.get(timeout=SOON)}

    def quiet(self) -> bool:
        time.sleep(NEVER)
        return self.told.empty()

    def drain(self) -> None:
        time.sleep(NEVER)
        while not self.told.empty():
            self.told.get()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(SOON)
        assert not self.thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "manifests" / "files").mkdir(parents=True)
    made = Watched(tmp_path)
    yield made
    made.end()


def test_a_file_is_told_of_at_once(watched: Watched) -> None:
    began = time.monotonic()
    (watched.root / "manifests" / "files" / "a.yaml").write_text("a: 1\n")
    assert watched.heard() == {"manifests/files/a.yaml"}
    assert time.monotonic() - began < 1


def test_what_is_nobodys_manifest_is_not_told_of(watched: Watched) -> None:
    for name in (".a.yaml.swp", "a.yaml~", ".#a", "image.tar.gz"):
        (watched.root / "manifests" / name).write_text("x")
    (watched.root / "elsewhere.yaml").write_text("x")
    assert watched.quiet()


def test_a_folder_that_comes_later_and_one_that_is_made_anew(watched: Watched) -> None:
    (watched.root / "state").mkdir()
    assert "state" in watched.heard()
    watched.drain()
    (watched.root / "state" / "a.yaml").write_text("a: 1\n")
    assert watched.heard() == {"state/a.yaml"}
    shutil.rmtree(watched.root / "manifests")
    (watched.root / "manifests" / "deep" / "er").mkdir(parents=True)
    assert watched.heard()
    watched.drain()
    (watched.root / "manifests" / "deep" / "er" / "b.yaml").write_text("b: 1\n")
    assert watched.heard() == {"manifests/deep/er/b.yaml"}


def test_a_checkout_of_many_files_is_told_of_once(watched: Watched) -> None:
    git(watched.root, "init", "-q", "-b", "main")
    git(watched.root, "commit", "-q", "--allow-empty", "-m", "nothing")
    for number in range(500):
        (watched.root / "manifests" / f"{number}.yaml").write_text("a: 1\n")
    git(watched.root, "add", ".")
    git(watched.root, "commit", "-q", "-m", "many")
    git(watched.root, "checkout", "-q", "--detach", "HEAD^")
    watched.drain()
    git(watched.root, "checkout", "-q", "main")
    assert watched.heard()
    assert watched.quiet()


def test_where_nothing_notifies_it_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "POLL", 100)
    (tmp_path / "manifests").mkdir()
    polled = Watched(tmp_path, polling=True)
    (tmp_path / "manifests" / "a.yaml").write_text("a: 1\n")
    assert "manifests/a.yaml" in polled.heard()
    polled.end()
    assert polling_wanted({"WATCHFILES_FORCE_POLLING": "1"})
    assert not polling_wanted({"WATCHFILES_FORCE_POLLING": "false"})
    assert not polling_wanted({})


def test_a_watcher_that_dies_says_so_and_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST", 2)
    monkeypatch.setattr(folders, "PAUSE", 0.05)
    (tmp_path / "manifests" / "a" / "b").mkdir(parents=True)
    stop, noted, told = threading.Event(), queue.Queue[str](), queue.Queue[set[str]]()
    thread = threading.Thread(target=keep_watching, args=([tmp_path / "manifests"], told.put, stop, noted.put))
    thread.start()
    assert "more than 2 folders" in noted.get(timeout=SOON)
    assert told.get(timeout=SOON) == {str(tmp_path / "manifests")}
    stop.set()
    thread.join(SOON)
    assert not thread.is_alive()


def test_an_idle_watcher_costs_next_to_nothing(watched: Watched) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(1)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.05
    assert watched.told.empty()
