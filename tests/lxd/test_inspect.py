"""Facts of a real host, and of the machine behind its socket."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import Unreachable
from reconciler.lxd.connect import Door
from reconciler.lxd.inspect import NEEDED, facts
from reconciler.lxd.local import id_count, listeners, local_facts
from tests.lxd.netns import Listener

if TYPE_CHECKING:
    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a skew is measured against the real clock


def test_what_a_host_tells(door: Door, lxd: Daemon) -> None:
    told = facts(door, now)
    server = lxd.query("GET", "/1.0")["environment"]
    assert (told.version, told.kernel, told.firewall) == (server["server_version"], server["kernel_version"], server["firewall"])
    assert told.missing == ()
    assert told.pools is not None
    pool = next(pool for pool in told.pools if pool.name == "unsandbox")
    assert pool.driver == "btrfs"
    assert pool.total == 6 << 30
    assert pool.used is not None
    assert pool.used < pool.total
    assert told.password is True
    assert told.clients == len(lxd.query("GET", "/1.0/certificates"))
    assert told.clock_skew is not None
    assert abs(told.clock_skew) < 3


def test_warnings_and_apparmor_agree_with_the_kernel(door: Door, lxd: Daemon) -> None:
    told = facts(door, now)
    kernel = Path("/sys/module/apparmor/parameters/enabled")
    assert told.apparmor is (kernel.exists() and kernel.read_text().startswith("Y"))
    rows = lxd.query("GET", "/1.0/warnings?recursion=1")
    assert told.warnings is not None
    assert len(told.warnings) == len({(row["type"], row["last_message"]) for row in rows if row["status"] != "resolved"})


def test_a_clock_that_is_wrong_is_seen(door: Door) -> None:
    told = facts(door, lambda: now() - timedelta(minutes=5))
    assert told.clock_skew is not None
    assert 296 < told.clock_skew < 304


def test_what_is_missing_is_named(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    extensions = [name for name in door.metadata["api_extensions"] if name != NEEDED[0]]
    monkeypatch.setattr(Door, "metadata", {**door.metadata, "api_extensions": extensions})
    assert facts(door, now).missing == (NEEDED[0],)


def test_what_lxd_will_not_tell_is_unknown_and_not_no(door: Door) -> None:
    class Shy(Door):
        def get(self, path: str) -> object:
            return super().get(path.replace("/1.0/", "/1.0/no-such-noun/"))

    told = facts(Shy.open(door.host, None), now)
    assert (told.pools, told.apparmor, told.warnings, told.clients) == (None,) * 4


def test_a_host_that_is_lost_on_the_way_is_not_a_host_of_unknowns(door: Door, lxd: Daemon) -> None:
    lxd.kill()
    try:
        with pytest.raises(Unreachable):
            facts(door, now)
    finally:
        lxd.start()


def test_what_the_machine_shows(host: Host) -> None:
    told = local_facts(host)
    assert told is not None
    assert told.cgroup in {"v1", "v2", "hybrid"}
    assert told.controllers is not None
    assert {"memory", "pids", "cpu"} <= told.controllers
    assert told.uids == id_count(Path("/etc/subuid").read_text())
    assert told.gids == id_count(Path("/etc/subgid").read_text())
    assert told.keys == int(Path("/proc/sys/kernel/keys/maxkeys").read_text())
    assert told.apparmor is Path("/sys/module/apparmor").exists()
    assert told.resolvers == ()


def test_listeners_are_those_of_the_hosts_namespace(host: Host, lxd: Daemon) -> None:
    inside, here = Path(f"/proc/{lxd.pid}/ns/net"), Path("/proc/self/ns/net")
    with Listener(here, "tcp", "127.0.0.53", 53), Listener(inside, "tcp", "127.0.0.1", 53), Listener(inside, "udp", "::", 53):
        told = local_facts(host)
        assert told is not None
        assert told.resolvers == ("udp [::]:53",)


def test_of_a_remote_or_silent_host_nothing_is_known(remote: Host, host: Host, tmp_path: Path) -> None:
    assert local_facts(remote) is None
    assert local_facts(replace(host, address=f"unix:{tmp_path}/absent")) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("root:100000:65536\n", 65536),
        ("_lxd:100000:10000001\nroot:100000:10000001\n", 10000001),
        ("root:100000:65536\n0:1000000:65536\nsomebody:2000000:65536\n", 131072),
        ("# a comment\nroot:100000\nroot:1:many\n\n", 0),
    ],
)
def test_id_ranges(text: str, count: int) -> None:
    assert id_count(text) == count


def hexed(words: tuple[int, ...]) -> str:
    """An address as this machine's kernel writes it."""
    return "".join(int.from_bytes(word.to_bytes(4, "big"), sys.byteorder).to_bytes(4, "big").hex().upper() for word in words)


@pytest.mark.parametrize(
    ("table", "words", "port", "state", "shown"),
    [
        ("tcp", (0,), 53, "0A", ["tcp 0.0.0.0:53"]),
        ("udp", (0x0AE70001,), 53, "07", ["udp 10.231.0.1:53"]),
        ("tcp", (0x0AE70001,), 53, "01", []),
        ("tcp", (0x0AE70001,), 5353, "0A", []),
        ("udp", (0x7F000035,), 53, "07", []),
        ("udp6", (0, 0, 0, 0), 53, "07", ["udp [::]:53"]),
        ("tcp6", (0, 0, 0, 1), 53, "0A", []),
        ("tcp6", (0xFD000000, 0, 0, 0x53), 53, "0A", ["tcp [fd00::53]:53"]),
    ],
)
def test_tables_of_the_kernel(table: str, words: tuple[int, ...], port: int, state: str, shown: list[str]) -> None:
    line = (
        f"   0: {hexed(words)}:{port:04X} {hexed((0,) * len(words))}:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 1 2"
    )
    assert listeners(table, [line]) == shown
