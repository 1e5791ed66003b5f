"""Runs in a real container: what a program is given, what comes back, and that nothing of it remains."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.runner import frames
from tests.runner.cell import MIB, Cell

if TYPE_CHECKING:
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


def test_what_a_program_is_given_and_what_comes_back(cell: Cell) -> None:
    code = """
pwd; ls; cat; cat /tmp/input/deep/in.txt; id -u; id -un; env | sort; echo err >&2
mkdir /tmp/artifacts/a; echo kept >/tmp/artifacts/a/b.txt; exit 7
"""
    ended = cell.shell(code, stdin=b"typed\n", inputs={"deep/in.txt": b"given\n"}, environment={"KEY": "a value"})
    assert ended.text == (
        "/tmp/work\nmain\ntyped\ngiven\n20001\nrunner\n"
        "HOME=/home/runner\nKEY=a value\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\nPWD=/tmp/work\nSHLVL=1\n"
    )
    assert (ended.err, ended.artifacts) == (b"err\n", {"a/b.txt": b"kept\n"})
    end = ended.end
    assert (end["how"], end["stage"], end["code"], end["signal"], end["left"], end["doubts"]) == ("finished", "run", 7, None, 0, [])
    assert end["stdout"] == len(ended.out)
    assert set(end["times"]) == {"sandbox", "compile", "run", "collect", "wipe", "all"}


def test_the_hash_is_that_of_all_output_in_the_order_it_was_told(cell: Cell) -> None:
    ended = cell.shell("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i + 1)); done")
    assert ended.end["sha256"] == hashlib.sha256(ended.out).hexdigest()
    assert ended.text == "".join(f"line {number}\n" for number in range(2000))


def test_stages(cell: Cell) -> None:
    good = cell.run("sh", "made", compile=["sh", "-c", "cat; sed s/a/b/ main >made"], code="echo a; cat", stdin=b"input")
    assert (good.out, good.end["stage"]) == (b"b\ninput", "run")
    bad = cell.run("sh", "made", compile=["sh", "-c", "echo wrong >&2; exit 2"])
    assert (bad.err, bad.end["stage"], bad.end["code"]) == (b"wrong\n", "compile", 2)
    none = cell.run("no-such-program")
    assert (none.end["code"], none.err) == (127, b"no-such-program: No such file or directory\n")
    assert cell.shell("kill -SEGV $$").end["signal"] == 11


@pytest.mark.attack(
    "ignoring SIGTERM and every other signal; a flood that never ends",
    held="SIGKILL of the pid namespace",
    control="what it wrote before comes back",
)
def test_partial_output_and_artifacts_come_back_when_a_run_is_ended(cell: Cell) -> None:
    code = "trap '' TERM INT HUP; echo part; echo kept >/tmp/artifacts/file; sleep 60"
    begun = time.monotonic()
    late = cell.shell(code, seconds=1)
    assert (late.end["how"], late.out, late.artifacts) == ("timeout", b"part\n", {"file": b"kept\n"})
    cell.begin("sh", "main", code=code)
    cancelled = cell.end(cancel=True)
    assert (cancelled.end["how"], cancelled.out, cancelled.artifacts) == ("cancelled", b"part\n", {"file": b"kept\n"})
    flood = cell.shell("yes", output=100_000)
    assert (flood.end["how"], len(flood.out), flood.end["truncated"]) == ("output", 100_000, ["stdout"])
    assert time.monotonic() - begun < 20
    assert cell.shell("echo well").out == b"well\n"


def test_a_run_leaves_nothing_to_the_next(cell: Cell) -> None:
    traces = """
for d in /tmp /var/tmp /dev/shm /tmp/work "$HOME" /run /etc /; do echo a >$d/left-$$ ; done 2>/dev/null
( sleep 300 & ) ; sleep 300 &
exit 0
"""
    first = cell.shell(traces)
    assert (first.end["left"], first.end["doubts"]) == (2, [])
    second = cell.shell("find / -xdev -name 'left-*'; find /tmp /dev -name 'left-*'; ps; exit 0")
    assert "left-" not in second.text
    assert "sleep" not in second.text


def test_processes_are_as_they_are_at_that_moment(cell: Cell) -> None:
    cell.shell("true")
    cell.python("", zygote="python")  # a zygote begins with it
    time.sleep(1.5)  # as long as the kernel may keep a list of processes
    assert cell.shell("true").end["doubts"] == []


def test_what_is_no_frame_ends_the_runner(cell: Cell) -> None:
    cell.say(b"\xff" * 16)
    frame = cell.hear()
    assert (frame.kind, json.loads(frame.payload)) == (frames.GIVEN_UP, {"why": "Broken: a frame of 4294967295 bytes"})
    with pytest.raises(AssertionError, match="gone"):
        cell.hear()


def test_who_cannot_make_a_whole_sandbox_makes_none(lxd: Daemon, container: str) -> None:
    with pytest.raises(AssertionError, match="Operation not permitted"):
        Cell(lxd, container, prefix=("python3", "-c", "import os, sys; os.setuid(1000); os.execvp(sys.argv[1], sys.argv[1:])"))


@pytest.mark.attack(
    "links, pipes, second names and great files as artifacts; a link in the place of the folder",
    held="only plain files with one name, opened without following",
    control="a plain file beside them is given",
)
def test_links_and_other_things_are_no_artifacts(cell: Cell) -> None:
    code = """
cd /tmp/artifacts; ln -s /etc/passwd link; mkfifo pipe; echo a >one; ln one two; mkdir -p d; ln -s / d/root;
dd if=/dev/zero of=big bs=1M count=2 2>/dev/null
echo good >good; printf x >"$(printf 'bad\\nname')"
"""
    ended = cell.shell(code)
    assert ended.artifacts == {"good": b"good\n"}
    assert dict(ended.end["refused"]) == {
        "link": "it is a link", "d/root": "it is a link", "pipe": "it is no plain file", "one": "it has a second name",
        "two": "it has a second name", "big": "2097152 bytes are too many", "'bad\\nname'": "its name is not one that can be told",
    }  # fmt: skip
    swapped = cell.shell("cd /tmp; mv artifacts other; ln -s /etc artifacts")
    assert swapped.artifacts == {}
    assert swapped.end["refused"] == [["", "the artifacts folder is no folder any more"]]


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("cd /tmp/artifacts; mkdir d; echo a >d/f; chmod 444 d", [["d/f", "it cannot be read"]]),
        ("echo a >/tmp/artifacts/f; chmod 444 /tmp/artifacts", [["f", "it cannot be read"]]),
        ("echo a >/tmp/artifacts/f; chmod 0 /tmp/artifacts", [["", "it cannot be read"]]),
        ("rm -rf /tmp/artifacts", []),
    ],
)
@pytest.mark.attack(
    "artifacts that can be listed and not opened; no folder for them any more",
    held="told as refused, and the run is what it was",
    control="a plain file beside links is given",
)
def test_what_is_done_to_the_folder_of_artifacts_costs_no_run(cell: Cell, code: str, refused: list[list[str]]) -> None:
    ended = cell.shell(f"{code}; echo done")
    assert (ended.out, ended.artifacts, ended.end["how"], ended.end["refused"]) == (b"done\n", {}, "finished", refused)
    assert cell.shell("echo well").end["doubts"] == []


def test_standard_streams_have_names(cell: Cell) -> None:
    code = "cat /dev/stdin; echo out >/dev/stdout; echo err >/dev/stderr; echo again >>/proc/self/fd/2"
    ended = cell.run("sh", "made", compile=["sh", "-c", "cp main made; echo compiled >/dev/stderr"], code=code, stdin=b"in\n")
    assert (ended.out, ended.err) == (b"in\nout\n", b"compiled\nerr\nagain\n")
    named = "print(open('/dev/stdin').read(), file=open('/dev/stderr', 'w'))"
    assert cell.python(named, stdin=b"in", zygote="python").err == b"in\n"


@pytest.mark.attack(
    "never reading four megabytes of standard input",
    held="bounded, never waited for",
    control="a program that reads gets every byte",
)
def test_standard_input_that_nobody_reads_and_much_of_it(cell: Cell) -> None:
    data = bytes(range(256)) * 16384
    assert cell.shell("sleep 0.1; echo done", stdin=data).out == b"done\n"
    whole = cell.shell("cat", stdin=data, output=8 * MIB)
    assert whole.out == data


STREAMS = """
import sys
print(sys.argv, sys.dont_write_bytecode)
for stream in (sys.stdout, sys.stderr):
    print(stream.errors, stream.line_buffering, stream.write_through, type(stream.buffer), stream.encoding)
print('csv' in sys.modules, file=sys.stderr)
"""


def warm_up(cell: Cell) -> None:
    """Wait until runs are copies of the zygote, which is seen by the modules that nobody imported."""
    for _ in range(100):
        if cell.python("import sys; print('csv' in sys.modules)", zygote="python").out == b"True\n":
            return
        time.sleep(0.05)
    pytest.fail("the zygote never served")


def test_a_copy_of_the_zygote_is_as_a_python_of_its_own(lxd: Daemon, container: str) -> None:
    code = """
import sys, os, atexit, random, __main__
atexit.register(print, 'at exit')
print(sys.argv, sys.path, sys.stdin.read(), __name__, __main__.__file__, __file__, sys.flags.isolated, 'reconciler' in sys.modules)
print(sorted(os.environ), os.getcwd(), os.listdir('/proc/self/fd'), exit)
class Late:
    def __del__(self): print('deleted')
late = Late()
print('to stderr', file=sys.stderr)
raise SystemExit(5)
"""
    cell = Cell(lxd, container, "python")
    try:
        cold = cell.run("python3", "main.py", "a", "b c", code=code, source="main.py", stdin=b"in")
        warm_up(cell)
        warm = cell.run("python3", "main.py", "a", "b c", code=code, source="main.py", stdin=b"in", zygote="python")
        assert (warm.out, warm.err, warm.end["code"]) == (cold.out, cold.err, cold.end["code"])
        assert warm.end["doubts"] == []
        asked = {"code": STREAMS, "source": "main.py", "environment": {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}}
        pair = [cell.run("python3", "-u", "main.py", "-u", zygote=kind, **asked) for kind in ("", "python")]
        assert [one.err for one in pair] == [b"False\n", b"True\n"]
        assert pair[0].out == pair[1].out
        assert b"FileIO" in pair[0].out
        zone = {"code": "import time; print(time.tzname, time.localtime(0).tm_hour)", "source": "main.py", "environment": {"TZ": "ABC-5"}}
        pair = [cell.run("python3", "main.py", zygote=kind, **zone) for kind in ("", "python")]
        assert pair[0].out == pair[1].out == b"('ABC', 'ABC') 5\n"
        randoms = "import random, uuid, os, tempfile; print(random.random(), uuid.uuid4(), os.urandom(4), tempfile.mktemp())"
        told = [cell.run("python3", "main.py", code=randoms, source="main.py", zygote="python").out for _ in range(8)]
        assert len(set(told)) == len(told)
        for bad in (
            "print(1",
            "import nothing_such",
            "def f(): raise ValueError(3)\nf()",
            "raise SystemExit('bye')",
            "import os; os.abort()",
        ):
            pair = [cell.run("python3", "main.py", code=bad, source="main.py", zygote=kind) for kind in ("", "python")]
            assert pair[0].err == pair[1].err
            assert [pair[0].end[key] for key in ("code", "signal")] == [pair[1].end[key] for key in ("code", "signal")]
    finally:
        cell.close()


SEARCH = r"""
import re, sys
secret, found = re.compile(rb'told-[0-9a-f]{16}'), set()
with open('/proc/self/mem', 'rb', 0) as memory:
    for line in open('/proc/self/maps'):
        place, rights, *_ = line.split()
        if rights[0] == 'r' and '[v' not in line:
            first, last = (int(word, 16) for word in place.split('-'))
            memory.seek(first)
            found.update(secret.findall(memory.read(last - first)))
print(len(found))
"""


@pytest.mark.attack(
    "looking for arguments and variables of earlier runs of the same owner in the memory of a copy of the zygote",
    held="the zygote is told of no program; each copy reads what to be from a file in memory of its own",
    control="its own are found",
)
def test_a_copy_of_the_zygote_holds_nothing_of_the_copies_before(lxd: Daemon, container: str) -> None:
    cell = Cell(lxd, container, "python")
    try:
        warm_up(cell)
        for number in range(3):
            secret = f"told-{number:016x}"
            told = cell.run(
                "python3", "main.py", secret, code="pass", source="main.py", zygote="python", environment={"KEY": f"told-{number + 8:016x}"}
            )
            assert told.end["code"] == 0
        assert cell.python(SEARCH, zygote="python").out == b"0\n"
        own = cell.run(
            "python3",
            "main.py",
            "told-" + "a" * 16,
            code=SEARCH,
            source="main.py",
            zygote="python",
            environment={"KEY": "told-" + "b" * 16},
        )
        assert own.out == b"2\n"
    finally:
        cell.close()
