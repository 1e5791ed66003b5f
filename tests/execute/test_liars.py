"""Runners that lie, in a real container over a real channel: each lie ends the link and is told, and nothing of it is believed."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.execute.link import Link
from reconciler.errors import OperationFailed
from reconciler.model.run import Ending
from tests.execute.liar import LIAR
from tests.execute.programs import SHELL, is_over, shell

if TYPE_CHECKING:
    from reconciler.model.run import RunResult
    from tests.execute.conftest import Place

pytestmark = pytest.mark.lxd

BEHIND_THE_HELLO = {
    "no frame": ('raw(b"\\xff" * 64)', "a frame of 4294967295 bytes"),
    "a type that is none": ('frame("?")', "a frame of type 63"),
    "a type of ours": ('frame("R")', "a frame of type 82"),
    "another run": ('frame("O", b"x", 2)', "it spoke of another run"),
    "no run": ('frame("O", b"x", 0)', "it spoke of another run"),
    "hello again": ("hello()", "it spoke of another run"),
    "hello in the run": ('say("H", {}, 1)', "it said what nobody asked"),
    "a pong": ('frame("Q")', "it said what nobody asked"),
    "two starts": ('say("S", {}); say("S", {})', "it started twice"),
    "a start that says more": ('say("S", {"pid": 1})', "it said other fields than there are"),
    "output of no bytes": ('frame("O")', "it gave output of no bytes"),
    "more output than the cap": ('[frame("O", b"x" * 60000) for _ in range(18)]', "it gave more output than it may"),
    "more of both than the cap": ('[frame(k, b"x" * 60000) for k in "OE" * 9]', "it gave more output than it may"),
    "two ends": ("hold(); end(); end(); go()", "it went on after the end"),
    "output after the end": ('hold(); end(); frame("O", b"x"); go()', "it went on after the end"),
    "a hash that lies": ('frame("O", b"x"); end(b"y")', "it sent other output than it says it sent"),
    "a length that lies": ('frame("O", b"x"); end(b"x", stdout=2)', "it sent other output than it says it sent"),
    "streams changed over": ('frame("O", b"x"); end(b"x", stdout=0, stderr=1)', "it sent other output than it says it sent"),
    "another field": ("end(more=1)", "it said other fields than there are"),
    "a field less": ('del END["left"]; end()', "it said other fields than there are"),
    "a field twice": ("frame('X', b'{\"how\":1,\"how\":2}')", "it said what is no JSON"),
    "no number": ('frame("X", json.dumps({**END, "peak": float("nan"), "sha256": ""}).encode())', "it said what is no JSON"),
    "a fraction": ("end(peak=1.5)", "it said what is no JSON"),
    "a number without end": ('frame("X", b\'{"peak":\' + b"9" * 60000 + b"}")', "it said what is no JSON"),
    "depth": ('frame("X", b"[" * 60000)', "it said what is no JSON"),
    "no text": ('frame("X", b"\\xff\\xfe")', "it said what is no JSON"),
    "no document": ('frame("X", b"[]")', "it said other fields than there are"),
    "a truth for a number": ("end(left=True)", "it said no sound left"),
    "less than nothing": ("end(left=-1)", "it said no sound left"),
    "more processor time than there is": ("end(user_us=10**15)", "it said no sound user_us"),
    "an ending that is none": ('end(how="won")', "it said no sound how"),
    "a stage that is none": ('end(stage="link")', "it said no sound stage"),
    "neither code nor signal": ("end(code=None)", "it told an end that cannot be"),
    "code and signal": ("end(signal=9)", "it told an end that cannot be"),
    "a signal that is none": ("end(code=None, signal=65)", "it said no sound signal"),
    "times of its own": ('end(times={"lunch": 5})', "it said no sound times"),
    "words without end": ('end(doubts=["x" * 201])', "it said no sound doubts"),
    "a list of doubts without end": ('end(doubts=[""] * 9)', "it said no sound doubts"),
    "refusals that are none": ('end(refused=[["a"]])', "it said no sound refused"),
    "a stream that is none": ('end(truncated=["other"])', "it told an end that cannot be"),
    "a cap that nothing hit": ('end(how="output")', "it told an end that cannot be"),
    "a time-out before its time": ('end(how="timeout")', "it told of an end by timeout that was none"),
    "a cancel that nobody asked": ('end(how="cancelled")', "it told of an end by cancelled that was none"),
    "an artifact that was not asked for": ('say("A", {"name": "a", "size": 0})', "it gave more artifacts than it may"),
    "bytes of no artifact": ('frame("D", b"x")', "it gave other bytes of an artifact than it said"),
}  # fmt: skip
WITH_ARTIFACTS = {
    "a name that climbs": ('say("A", {"name": "../x", "size": 0})', "under a name that leads elsewhere"),
    "a name that climbs later": ('say("A", {"name": "a/../../x", "size": 0})', "under a name that leads elsewhere"),
    "an absolute name": ('say("A", {"name": "/etc/passwd", "size": 0})', "under a name that leads elsewhere"),
    "no name": ('say("A", {"name": "", "size": 0})', "under a name that leads elsewhere"),
    "a name with a newline": ('say("A", {"name": "a\\nb", "size": 0})', "under a name that leads elsewhere"),
    "a name with half a letter": ('say("A", {"name": "\\ud800", "size": 0})', "under a name that leads elsewhere"),
    "a long name": ('say("A", {"name": "a" * 256, "size": 0})', "under a name that leads elsewhere"),
    "a deep name": ('say("A", {"name": "/".join("abcdefghi"), "size": 0})', "under a name that leads elsewhere"),
    "a name without end": ('say("A", {"name": "a" * 5000, "size": 0})', "it said no sound name"),
    "one that is too big": ('say("A", {"name": "a", "size": 10**8})', "it gave more artifacts than it may"),
    "too many": ('[say("A", {"name": str(n), "size": 0}) for n in range(101)]', "it gave more artifacts than it may"),
    "too much together": (
        'for n in "abc": say("A", {"name": n, "size": 2**24}); [frame("D", b"x" * 32768) for _ in range(512)]',
        "it gave more artifacts than it may",
    ),
    "more bytes than it said": ('say("A", {"name": "a", "size": 1}); frame("D", b"xy")', "it gave other bytes of an artifact than it said"),
    "one in another": ('say("A", {"name": "a", "size": 2}); say("A", {"name": "b", "size": 2})', "it gave more artifacts than it may"),
    "an end in the middle of one": ('say("A", {"name": "a", "size": 2}); end()', "it told an end that cannot be"),
    "bytes of nothing": ('say("A", {"name": "a", "size": 2}); frame("D")', "it gave other bytes of an artifact than it said"),
}  # fmt: skip


ALWAYS = {
    "no frame", "another run", "more output than the cap", "two ends", "a hash that lies", "another field", "no number", "depth",
    "a time-out before its time", "a name that climbs", "too many",
}  # fmt: skip
"""Tried in each run of the suite; the others, each of which takes a program in the container as well, with what is slow."""


def lies(table: dict[str, tuple[str, str]]) -> list[Any]:
    return [pytest.param(lie, marks=() if lie in ALWAYS else pytest.mark.slow) for lie in table]


@pytest.fixture
def lying(place: Place, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it with what the liar does, to have a link to one."""
    opened: list[Link] = []

    def open_link(script: str, within: float = 30) -> Link:
        words = ["python3", "-I", "-S", "-c", LIAR]
        monkeypatch.setattr("reconciler.app.execute.link.bundle.command", lambda size, *_: [*words, str(size), script])
        opened.append(Link.open(place.door, place.cell, within=within))
        return opened[-1]

    yield open_link
    for link in opened:
        link.close()


def run(lying: Any, script: str, **other: Any) -> RunResult:
    link = lying(f"hello(); await_run()\n{script}")
    result: RunResult = link.run(shell("echo hi", output=1024 * 1024, **other), SHELL)
    assert not result.receipt.doubts or is_over(link)
    return result


@pytest.mark.parametrize("lie", lies(BEHIND_THE_HELLO))
def test_a_lie_spends_the_cell(lying: Any, lie: str) -> None:
    script, doubt = BEHIND_THE_HELLO[lie]
    result = run(lying, script)
    assert result.ending is Ending.LOST
    assert doubt in result.receipt.doubts[0]
    assert (result.exit_code, result.receipt.agrees, result.artifacts) == (None, False, ())


@pytest.mark.parametrize("lie", lies(WITH_ARTIFACTS))
def test_a_lie_about_artifacts_spends_the_cell(lying: Any, lie: str) -> None:
    script, doubt = WITH_ARTIFACTS[lie]
    result = run(lying, script, artifacts=True)
    assert result.ending is Ending.LOST
    assert doubt in result.receipt.doubts[0]


def test_one_that_tells_the_truth_is_believed(lying: Any) -> None:
    """The control: the liar's words as such are those of a runner."""
    script = 'say("S", {}); frame("O", b"x"); say("A", {"name": "a/b", "size": 2}); frame("D", b"y"); frame("D", b"z"); end(b"x")'
    result = run(lying, script, artifacts=True)
    assert (result.ending, result.exit_code, result.stdout, result.receipt.doubts) == (Ending.FINISHED, 0, b"x", ())
    assert [(one.name, one.data) for one in result.artifacts] == [("a/b", b"yz")]


def test_what_it_tells_of_doubts_is_kept_and_shown_as_text(lying: Any) -> None:
    result = run(lying, 'end(doubts=["\\x1b[2J3 mounts"], refused=[["a", "\\ud800\\x1b[2J"]], left=2, mounts=1)')
    assert result.ending is Ending.FINISHED
    assert result.refused == (("a", "??[2J"),)
    assert result.receipt.doubts == ("processes that the program left: 2", "?[2J3 mounts")
    assert (result.receipt.killed, result.receipt.mounts) == (2, 1)


def test_names_that_a_program_may_choose_are_refused_and_no_doubt(lying: Any) -> None:
    heads = "; ".join(f'say("A", {{"name": {name!r}, "size": 0}})' for name in ("~x", "c:x", "ok", "a\\..\\b", "Ok"))
    result = run(lying, f"{heads}; end()", artifacts=True)
    assert [one.name for one in result.artifacts] == ["ok"]
    assert [name for name, _ in result.refused] == ["~x", "c:x", "a\\..\\b", "Ok"]
    assert result.receipt.doubts == ()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("hello(protocol=2)", "it said no sound protocol"),
        ("hello(more=1)", "it said other fields than there are"),
        ('frame("O", b"x")', "it did not begin with its hello"),
        ("hold(); hello(); hello(); go()", "it did not begin with its hello"),
        ('raw(b"#!" * 9)', "a frame of 589374241 bytes"),
        ('say("Z", {"why": "no room\\n"}, 0)', "did not begin well: no room?"),
        ('sys.exit("no python")', "ended: no python"),
        ("time.sleep(9)", "said nothing in time"),
    ],
)
def test_one_that_does_not_begin_well(lying: Any, script: str, why: str) -> None:
    with pytest.raises(OperationFailed) as caught:
        lying(script, within=3 if "sleep" in script else 30)
    assert why in str(caught.value)


def test_one_that_gives_up_is_lost(lying: Any) -> None:
    result = run(lying, 'frame("O", b"part"); say("Z", {"why": "no memory"}, 0); sys.exit(1)')
    assert (result.ending, result.stdout) == (Ending.LOST, b"part")
    assert result.receipt.doubts == ("the runner gave up: no memory",)


def test_one_that_speaks_between_runs_is_not_run_in_again(lying: Any) -> None:
    link = lying('hello(); await_run(); frame("O", b"x"); end(b"x"); time.sleep(0.2); frame("O", b"y", 2)')
    assert link.run(shell("echo hi"), SHELL).receipt.doubts == ()
    time.sleep(0.6)
    again = link.run(shell("echo hi"), SHELL)
    assert (again.ending, again.stdout) == (Ending.LOST, b"")
    assert again.receipt.doubts == ("the run did not begin: the runner spoke unasked",)


@pytest.mark.parametrize("script", ["pass", 'exec("while 1:\\n time.sleep(0.05)\\n frame(\\"O\\", b\\"x\\")")'])
def test_one_that_never_ends_a_run_is_ended_by_our_clock(lying: Any, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 0.5)
    begun = time.monotonic()
    result = run(lying, f'frame("O", b"part"); {script}', seconds=1)
    assert 1.4 < time.monotonic() - begun < 4
    assert result.ending is Ending.TIMEOUT
    assert result.stdout.startswith(b"part")
    assert result.receipt.doubts == ("the runner did not end the run in time", "a limit was hit: timeout")


def test_one_that_drips_is_ended_by_our_clock_though_there_is_always_more(lying: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 0.5)
    begun = time.monotonic()
    drips = 'd = struct.pack("!IBI", 6, ord("O"), 1) + b"x"; exec("while 1: raw(d * 6000)")'
    link = lying(f"hello(); await_run()\n{drips}")
    result = link.run(shell("echo hi", output=64 * 1024 * 1024, seconds=1), SHELL)
    assert time.monotonic() - begun < 20
    assert (result.ending, result.exit_code) == (Ending.TIMEOUT, None)
    assert result.receipt.doubts[0] == "the runner did not end the run in time"


def test_who_hears_slowly_loses_nothing_of_what_was_said_in_time(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 0.5)
    pauses: list[bytes] = []

    def hear(_stream: str, data: bytes) -> None:
        if len(pauses) < 2:
            pauses.append(data)
            time.sleep(1.5)

    result = link.run(shell("i=0; while [ $i -lt 40 ]; do head -c 16384 /dev/zero; i=$((i + 1)); done", seconds=1), SHELL, hear)
    assert (result.ending, len(result.stdout), len(pauses)) == (Ending.FINISHED, 40 * 16384, 2)


def test_one_that_does_not_read_is_ended_by_our_clock(lying: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 0.5)
    monkeypatch.setattr("reconciler.app.execute.link.PACE", 1 << 30)
    result = run(lying, "pass", seconds=1, stdin=bytes(32 * 1024 * 1024))
    assert result.ending is Ending.TIMEOUT
    told_too_early = run(lying, "end()", stdin=bytes(32 * 1024 * 1024))
    assert told_too_early.receipt.doubts == ("the runner does not take what it is told",)


def test_what_floods_us_while_it_should_read_is_not_kept(lying: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 3.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run(lying, "end(); time.sleep(0.3); exec('while 1: os.write(1, bytes(1 << 16))')", stdin=bytes(16 * 1024 * 1024))
    assert result.receipt.doubts == ("the runner does not take what it is told",)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_one_that_ignores_a_cancel_is_ended_by_our_clock(lying: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.app.execute.link.GRACE", 0.5)
    link = lying('hello(); await_run(); frame("O", b"part")')
    begun = time.monotonic()
    result = link.run(shell("echo hi"), SHELL, cancelled=lambda: time.monotonic() > begun + 0.3)
    assert (result.ending, result.stdout) == (Ending.CANCELLED, b"part")
    assert time.monotonic() - begun < 4
    assert is_over(link)
