"""What comes of programs, through a link to a real runner in a real container."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.execute.link import Link
from reconciler.errors import UsageError
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.connect import Door
from reconciler.lxd.enrol import enrol
from reconciler.model.run import Ending, InputFile, RunRequest, Stage
from tests.execute.conftest import STILL
from tests.execute.programs import COMPILED, PYTHON, SHELL, is_over, shell
from tests.lab.permit import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.execute.conftest import Place

pytestmark = pytest.mark.lxd
MIB = 1024 * 1024


@pytest.fixture(params=["unix", "tls"])
def either(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[Link]:
    """A link over the unix socket, and one over the network."""
    place.settle()
    if request.param == "unix":
        with_link = Link.open(place.door, place.cell)
        yield with_link
        with_link.close()
        return
    certificate = load_or_make(tmp_path / "client")
    enrol(place.daemon.url, place.daemon.fingerprint, certificate, place.daemon.trust_password)
    with Door.open(replace(place.door.host, address=place.daemon.url), certificate) as door:
        opened = Link.open(door.under(ALONE), place.cell)
        yield opened
        opened.close()


def test_everything_reaches_the_program_and_comes_back(either: Link) -> None:
    code = """
cat; cat /tmp/input/deep/in.bin >&2; echo "$1|$2|$GIVEN|$HOME|$LANG|$(pwd)"; printf made > /tmp/artifacts/a.txt
mkdir /tmp/artifacts/d; printf more > /tmp/artifacts/d/b; ln -s /etc/passwd /tmp/artifacts/link; printf x > /tmp/artifacts/~x; exit 7
"""
    binary = bytes(range(256)) * 700
    files = (InputFile("deep/in.bin", binary),)
    asked = shell(
        code, args=("one", "two words"), stdin=b"in\0\xff\n", environment=(("GIVEN", "a=b"),), files=files, artifacts=True
    )  # fmt: skip
    heard: list[tuple[str, bytes]] = []
    result = either.run(asked, SHELL, lambda stream, data: heard.append((stream, data)))
    assert (result.ending, result.exit_code, result.signal, result.stage) == (Ending.FINISHED, 7, None, Stage.RUN), result
    assert result.stdout == b"in\0\xff\none|two words|a=b|/home/runner|C.UTF-8|/tmp/work\n"
    assert result.stderr == binary
    assert [b"".join(data for name, data in heard if name == one) for one in ("stdout", "stderr")] == [result.stdout, result.stderr]
    assert {one.name: one.data for one in result.artifacts} == {"a.txt": b"made", "d/b": b"more"}
    assert sorted(result.refused) == [("link", "it is a link"), ("~x", "its name is absolute")]
    receipt = result.receipt
    assert receipt.code_sha256 == hashlib.sha256(asked.code).hexdigest()
    assert receipt.output_sha256 == hashlib.sha256(b"".join(data for _, data in heard)).hexdigest()
    assert (receipt.agrees, receipt.doubts, receipt.processes, receipt.mounts) == (True, (), 0, 0)
    assert receipt.output == len(result.stdout) + len(result.stderr)
    assert 0 < result.cpu < 5
    assert result.peak > 0
    assert all(value >= 0 for value in (result.times.start, result.times.run, result.times.wipe))


def test_output_is_exact_however_much_it_is(either: Link) -> None:
    count = 40_000
    program = f"import os, sys\nfor n in range({count}): os.write(1 + n % 2, b'%064d' % n)"
    result = either.run(RunRequest("a" * 16, program.encode(), output=16 * MIB), PYTHON)
    assert result.stdout == b"".join(b"%064d" % n for n in range(0, count, 2))
    assert result.stderr == b"".join(b"%064d" % n for n in range(1, count, 2))
    assert result.receipt.agrees
    for size in (0, 1, 65_531, 65_532, 3 * MIB):
        data = os.urandom(size)
        result = either.run(shell("cat", stdin=data), SHELL)
        assert result.stdout == data, result


def test_output_is_heard_while_the_program_runs(link: Link) -> None:
    heard: list[tuple[float, bytes]] = []
    link.run(shell("echo a; sleep 0.5; echo b"), SHELL, lambda _, data: heard.append((time.monotonic(), data)))
    assert [data for _, data in heard] == [b"a\n", b"b\n"]
    assert heard[1][0] - heard[0][0] > 0.3


def test_each_run_finds_nothing_of_the_one_before(link: Link) -> None:
    code = "ls -A /tmp/work /tmp/artifacts; cat /tmp/x 2>/dev/null; echo left > /tmp/x"
    for _ in range(5):
        result = link.run(shell(code), SHELL)
        assert result.stdout == b"/tmp/artifacts:\n\n/tmp/work:\nmain.sh\n"
        assert result.receipt.doubts == ()


def test_a_process_that_a_program_leaves_is_killed_and_a_doubt(link: Link) -> None:
    result = link.run(shell("sleep 60 >/dev/null 2>&1 </dev/null & echo $!"), SHELL)
    assert (result.ending, result.exit_code) == (Ending.FINISHED, 0)
    assert (result.receipt.killed, result.receipt.processes) == (1, 0)
    assert result.receipt.doubts == ("processes that the program left: 1",)
    assert is_over(link)


def test_a_compiler_that_fails_is_told_from_a_program_that_does(link: Link) -> None:
    good = link.run(shell("echo 'echo made' > out.sh"), COMPILED)
    assert (good.stage, good.exit_code, good.stdout) == (Stage.RUN, 0, b"made\n")
    assert good.times.compile > 0
    bad = link.run(shell("echo no >&2; exit 3"), COMPILED)
    assert (bad.stage, bad.exit_code, bad.stdout, bad.stderr) == (Stage.COMPILE, 3, b"", b"no\n")
    assert bad.receipt.doubts == ()


def test_a_signal_is_told_as_one(link: Link) -> None:
    result = link.run(shell("kill -SEGV $$"), SHELL)
    assert (result.ending, result.exit_code, result.signal) == (Ending.FINISHED, None, signal.SIGSEGV)
    missing = link.run(shell(""), replace(SHELL, run=("no-such-program",)))
    assert (missing.exit_code, missing.stderr) == (127, b"no-such-program: No such file or directory\n")


def test_a_run_ends_with_its_time_and_what_it_said_is_there(link: Link) -> None:
    begun = time.monotonic()
    result = link.run(shell("trap '' TERM; echo before; sleep 60; echo after", seconds=1), SHELL)
    assert time.monotonic() - begun < 6
    assert (result.ending, result.stdout) == (Ending.TIMEOUT, b"before\n")
    assert result.receipt.doubts == ("a limit was hit: timeout",)
    assert result.receipt.agrees
    assert is_over(link)


def test_a_run_ends_when_somebody_cancels_it(link: Link) -> None:
    heard: list[bytes] = []
    result = link.run(shell("echo before; sleep 60"), SHELL, lambda _, data: heard.append(data), lambda: bool(heard))
    assert (result.ending, result.stdout) == (Ending.CANCELLED, b"before\n")
    assert result.receipt.doubts == ()
    assert link.run(shell("echo again"), SHELL).stdout == b"again\n"


def test_a_flood_ends_at_the_cap_and_says_so(link: Link) -> None:
    result = link.run(shell("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", output=100_000), SHELL)
    assert (result.ending, len(result.stdout), result.truncated) == (Ending.OUTPUT, 100_000, ("stdout",))
    assert result.receipt.doubts == ("a limit was hit: output",)


def test_memory_without_end_ends_the_program_and_not_the_runner(link: Link) -> None:
    result = link.run(RunRequest("a" * 16, b"x = []\nwhile 1: x.append(bytearray(1 << 24))", seconds=60), PYTHON)
    assert (result.ending, result.signal) == (Ending.MEMORY, signal.SIGKILL), result
    assert result.peak > 512 * MIB
    assert result.receipt.doubts == ("a limit was hit: memory",)


def test_what_no_runner_would_take_is_not_sent(link: Link) -> None:
    wrong: list[dict[str, Any]] = [
        {"args": ("a\0b",)},
        {"args": ("x" * 70_000,)},
        {"environment": (("A=B", "c"),)},
        {"files": (InputFile("../x", b""),)},
        {"files": (InputFile("x", bytes(64 * MIB)),)},
        {"seconds": 901},
        {"stdin": bytes(64 * MIB + 1)},
    ]
    for other in wrong:
        with pytest.raises(UsageError, match="a runner"):
            link.run(shell("echo hi", **other), SHELL)
    assert link.run(shell("echo hi"), SHELL).stdout == b"hi\n"


def test_a_listener_that_fails_ends_the_link(link: Link) -> None:
    def broken(_stream: str, _data: bytes) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        link.run(shell("echo hi; sleep 60"), SHELL, broken)
    assert is_over(link)


def test_a_cell_that_dies_in_the_middle_is_lost(place: Place) -> None:
    place.settle()
    link = Link.open(place.door, place.cell)
    path = f"/1.0/instances/{place.cell.instance}/state"
    stopped: list[bytes] = []

    def stop(_stream: str, data: bytes) -> None:
        if not stopped:
            stopped.append(data)
            place.daemon.query("PUT", path, {"action": "stop", "force": True})

    try:
        result = link.run(shell("echo before; sleep 60"), SHELL, stop)
    finally:
        place.daemon.query("PUT", path, {"action": "start"})
    assert (result.ending, result.stdout, result.exit_code) == (Ending.LOST, b"before\n", None)
    assert result.receipt.doubts == ("the runner ended, or the connection to it did",)
    assert (result.receipt.processes, result.receipt.mounts, result.receipt.agrees) == (-1, -1, False)
    again = link.run(shell("echo hi"), SHELL)
    assert again.ending is Ending.LOST
    link.close()


def test_a_cut_channel_ends_by_our_clock(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 1.0)
    certificate = load_or_make(tmp_path / "client")
    enrol(place.daemon.url, place.daemon.fingerprint, certificate, place.daemon.trust_password)
    with Door.open(replace(place.door.host, address=place.daemon.url), certificate) as door:
        link = Link.open(door.under(ALONE), place.cell)
        begun = time.monotonic()
        try:
            result = link.run(shell("echo before; sleep 60", seconds=2), SHELL, lambda *_: place.daemon.cut())
        finally:
            place.daemon.heal()
        assert time.monotonic() - begun < 6
        assert (result.ending, result.stdout) == (Ending.TIMEOUT, b"before\n")
        assert result.receipt.doubts == ("the runner did not end the run in time", "a limit was hit: timeout")
        link.close()


def test_closing_a_link_leaves_nothing_in_the_cell(place: Place) -> None:
    place.settle()
    link = Link.open(place.door, place.cell, language="python")
    link.run(shell("echo hi"), SHELL)
    there = place.daemon.query("GET", f"/1.0/instances/{place.cell.instance}/state")["processes"]
    assert there >= STILL + 2
    link.close()
    place.settle()
