"""Trying an image on a real daemon: what runs in it, what is made of broken answers, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.settings import Settings
from reconciler.app.spread.bench import Subject, bench, sweep
from reconciler.app.spread.trial import try_image
from reconciler.app.spread.writes import Writes
from reconciler.errors import HostError, Malformed
from reconciler.lxd.workbench import Order, read_file, work
from reconciler.model.images import TRIAL
from reconciler.model.language import Check, Language, TimeClass
from reconciler.model.plan import CreateInstance
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.lxd.connect import Door
    from reconciler.model.trial import Tried
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

SHELL = Language("sh", "Shell", source="main.sh", run=("sh", "main.sh"), version=("busybox", "--help"), time=TimeClass.QUICK)
PROBE = r"""
echo hello
printf 'stdin='; tr '\n' '|' | sed 's/|$//'; echo
echo "file=$(cat /tmp/input/input.txt)"
echo "args=$1|$2"
echo "env=$UNSANDBOX_PROBE"
echo "utf8=Grüße 世界 🚀"
echo 'to stderr' >&2
echo artifact >/tmp/artifacts/probe.txt
exit 7
"""
REAL = r"""
awk 'BEGIN {
  x = 42; for (i = 1; i <= 5000; i++) { x = (x * 3877 + 29573) % 139968; print x }
}' | sort -n | awk '{
  a[NR - 1] = $1; k = $1 % 1000; if (!(k in c)) d++; c[k]++
} END {
  for (k in c) if (c[k] > c[b] || (c[k] == c[b] && k + 0 < b + 0)) b = k
  for (i = 0; i < NR; i++) s = (s + a[i] * (i % 7)) % 1000003
  for (i = 1; i <= 200000; i++) l += ((i % 7) * (i % 7)) % 7
  printf "sorted %d %d %d\ndistinct %d\nmost %d %d\nchecksum %d\nloop %d\n", a[0], a[2500], a[NR - 1], d, b, c[b], s, l
}'
"""
BROKEN = "if then fi (\n"
PROGRAMS = {("sh", "probe"): PROBE, ("sh", "real"): REAL, ("sh", "broken"): BROKEN}


@pytest.fixture
def writes(tmp_path: Path) -> Iterator[Writes]:
    settings = Settings(tmp_path, tmp_path / "state", tmp_path / "config", actor="tester@lab")
    settings.state_dir.mkdir()
    with Journal(settings.state_dir / FILE_NAME) as journal:
        yield Writes(settings, journal, "starter", "")


def subject(starter: Starter) -> Subject:
    return Subject("starter", starter.fingerprint, (SHELL,), PROGRAMS, smoke=("sh", "-c", "test -d /tmp/work"))


def trials(lxd: Daemon) -> list[str]:
    return [row["name"] for row in lxd.query("GET", "/1.0/instances?recursion=1&project=unsandbox") if TRIAL in row["config"]]


def test_a_language_that_keeps_the_contract(door: Door, lxd: Daemon, writes: Writes, starter: Starter) -> None:
    heard: list[Tried | str] = []
    trial = try_image(door, writes, subject(starter), lambda _host, what: heard.append(what))
    (tried,) = trial.languages
    assert [(str(found.check), found.why) for found in tried.judgements if not found.passed] == []
    assert tried.counts
    assert trial.passed
    assert tried.version.startswith("BusyBox")
    assert 0 <= tried.cold < 10
    assert tried.peak is None
    assert heard == [tried]
    assert trials(lxd) == []


FAULTS: tuple[tuple[str, str, list[Check], str], ...] = (
    ("probe", PROBE.replace("exit 7", "exit 3"), [Check.EXIT], "it ended with 3, not 7"),
    ("probe", PROBE.replace("echo artifact >", "mkfifo "), [Check.ARTIFACT], "there is no"),
    ("probe", "while :; do :; done", list(Check)[:9], "took longer than 2 s"),
    ("real", "yes | head -c 900000; " + REAL, [Check.REAL], "line 1 is 'y'"),
    ("broken", "echo hello", [Check.BROKEN], "taken for a program that holds"),
    ("probe", "rm -rf /tmp/.trial; mkdir /tmp/.trial; ln -s /proc/kmsg /tmp/.trial/told; exit 7", list(Check)[:9], "not what was asked"),
)
"""Which program is another, what it is, which checks it fails, and why by their first word."""


@pytest.mark.slow
def test_what_does_not_keep_the_contract(door: Door, writes: Writes, starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimeClass, "seconds", 2)
    languages = tuple(replace(SHELL, name=f"sh{number}") for number in range(len(FAULTS)))
    programs = {(language.name, name): text for language in languages for (_, name), text in PROGRAMS.items()}
    programs |= {(language.name, fault[0]): fault[1] for language, fault in zip(languages, FAULTS, strict=True)}
    trial = try_image(door, writes, Subject("starter", starter.fingerprint, languages, programs), lambda _host, _what: None)
    for tried, (_, _, failed, why) in zip(trial.languages, FAULTS, strict=True):
        assert [found.check for found in tried.failed] == failed
        assert why in tried.failed[0].why
        assert not tried.counts
    assert not trial.passed
    assert "sh0: exit: it ended with 3" in trial.why
    assert "and 3 languages more" in trial.why


def test_the_container_has_no_network_and_an_unprivileged_user(door: Door, writes: Writes, starter: Starter) -> None:
    with bench(door, writes, subject(starter), lambda _text: None) as (name, ready):
        stage, _ = work(door, name, 1000, Order(("sh", "-c", "id -u; ls /sys/class/net; cat /tmp/input/input.txt"), 5, fresh=True))
        assert stage.stdout.decode().split() == ["1000", "lo", "file", "line"]
        assert 0 < ready < 20
        with pytest.raises(Malformed, match="longer than 10"):
            read_file(door, name, "/bin/busybox", 10)
        with pytest.raises(Malformed, match="no file"):
            read_file(door, name, "/etc", 10)
        work(door, name, 1000, Order(("sh", "-c", "sleep 100 & echo $$"), 5))
        stage, _ = work(door, name, 1000, Order(("sh", "-c", "ps -o user,args | grep -c '[s]leep 100'"), 5, fresh=True))
        assert stage.stdout == b"0\n"


@pytest.mark.slow
def test_a_smoke_test_that_fails_is_the_end(door: Door, lxd: Daemon, writes: Writes, starter: Starter) -> None:
    asked = Subject("starter", starter.fingerprint, (SHELL,), PROGRAMS, smoke=("sh", "-c", "echo no such thing >&2; exit 4"))
    trial = try_image(door, writes, asked, lambda _host, _what: None)
    assert trial.smoke == "it ended with 4: no such thing"
    assert not trial.passed
    assert trial.languages == ()
    assert trials(lxd) == []


def test_what_a_killed_test_left_is_thrown_away_and_nothing_else(door: Door, lxd: Daemon, writes: Writes, starter: Starter) -> None:
    root = {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}}
    for name, config in (
        ("trial-1", {TRIAL: "starter"}),
        ("trial-2", {TRIAL: "starter", "user.unsandbox.kind": "Service", "user.unsandbox.name": "web"}),
        ("trial-3", {}),
    ):
        writes.make(door, CreateInstance(name, starter.fingerprint, {"user.unsandbox.intent": "x", **config}, root))
    told: list[str] = []
    sweep(door, writes, told.append)
    left = {row["name"] for row in lxd.query("GET", "/1.0/instances?recursion=1&project=unsandbox")}
    assert left >= {"trial-2", "trial-3"}
    assert "trial-1" not in left
    assert any("E08" in line and "trial-2" in line for line in told)
    for name in ("trial-2", "trial-3"):
        lxd.query("DELETE", f"/1.0/instances/{name}?project=unsandbox")


def test_it_is_removed_when_the_test_breaks(door: Door, lxd: Daemon, writes: Writes, starter: Starter) -> None:
    def stop() -> None:
        with bench(door, writes, subject(starter), lambda _text: None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert trials(lxd) == []
    with pytest.raises(HostError):
        try_image(door, writes, Subject("starter", "0" * 64, (), {}), lambda _host, _what: None)
    assert trials(lxd) == []
