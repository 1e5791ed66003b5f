"""What a program may not use up, and that with more allowed it uses more. After each the cell serves the next run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.runner.cell import MIB, Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemon import Daemon
    from tests.runner.cell import Ended

pytestmark = [pytest.mark.lxd, pytest.mark.slow]


@pytest.fixture(scope="module")
def shared(lxd: Daemon, container: str) -> Iterator[Cell]:
    made = Cell(lxd, container)
    yield made
    made.close()


def greedy(cell: Cell, code: str, **other: Any) -> Ended:
    """A run that leaves the cell as it was."""
    ended = cell.python(code, **other)
    assert ended.end["doubts"] == []
    assert cell.shell("echo well").out == b"well\n"
    return ended


CHILDREN = """
import os, time
made = 0
try:
    while made < 150:
        if os.fork() == 0: time.sleep(30); os._exit(0)
        made += 1
except OSError: pass
print(made, flush=True)
"""
THREADS = """
import threading, time, os
made = 0
try:
    while made < 150:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        made += 1
except RuntimeError: pass
print(made, flush=True)
os._exit(0)
"""


@pytest.mark.attack(
    "bombs of processes and of threads",
    held="pids cgroup, limit of processes",
    control="with more allowed the same program goes further",
)
@pytest.mark.parametrize("code", [CHILDREN, THREADS], ids=["children", "threads"])
def test_processes(shared: Cell, code: str) -> None:
    assert int(greedy(shared, code, processes=20).out) < 20
    assert int(greedy(shared, code, processes=300).out) == 150


@pytest.mark.attack(
    "a fork bomb that never ends",
    held="pids cgroup, the clock, the end of the pid namespace",
    control="the same run has forked until its time was over",
)
def test_a_fork_bomb_ends_with_its_time(shared: Cell) -> None:
    begun = time.monotonic()
    ended = greedy(shared, "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", seconds=1)
    assert ended.end["how"] == "timeout"
    assert time.monotonic() - begun < 8


@pytest.mark.attack(
    "zombies: orphans that nobody waits for",
    held="the first process buries them",
    control="those that their living parent does not wait for stay and count",
)
def test_the_dead_are_buried_while_a_program_runs(shared: Cell) -> None:
    orphans = """
import os
for n in range(200):
    if os.fork() == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.wait()
print('DID')
"""
    assert greedy(shared, orphans, processes=12).out == b"DID\n"
    kept = "import os\nfor n in range(200):\n    if os.fork() == 0: os._exit(0)\nprint('DID')"
    assert b"DID" not in greedy(shared, kept, processes=12).out


MEMORY = {
    "anonymous": "held = []\nfor n in range(20): held.append(bytearray(b'x') * (8 << 20))",
    "shared": "import mmap\nheld = mmap.mmap(-1, 160 << 20)\nfor n in range(0, 160 << 20, 4096): held[n] = 1",
    "memfd": "import os\none = os.memfd_create('x')\nfor n in range(20): os.write(one, bytes(8 << 20))",
    "files in memory": "import os\nwith open('/dev/shm/x', 'wb', 0) as one:\n    for n in range(20): one.write(bytes(8 << 20))",
    "children": """
import os, time
for n in range(16):
    if os.fork() == 0: held = bytearray(b'x') * (10 << 20); time.sleep(20)
time.sleep(1.5)""",
    "a deleted file": """
import os
with open('/tmp/x', 'wb', 0) as one:
    os.unlink('/tmp/x')
    for n in range(20): one.write(bytes(8 << 20))""",
}


@pytest.mark.attack(
    "memory that is anonymous, shared, in memfd, in /dev/shm, of many children, of a deleted file",
    held="memory cgroup",
    control="with more allowed the same program goes further",
)
@pytest.mark.parametrize("code", MEMORY.values(), ids=MEMORY.keys())
def test_memory(shared: Cell, code: str) -> None:
    poor = greedy(shared, code + "\nprint('DID')", memory=64 * MIB, disk=512 * MIB)
    assert poor.end["starved"] > 0
    assert poor.end["how"] == "memory" or b"DID" in poor.out
    rich = greedy(shared, code + "\nprint('DID')", memory=400 * MIB, disk=512 * MIB)
    assert (rich.out, rich.end["starved"]) == (b"DID\n", 0)
    assert 150 * MIB < rich.end["peak"] < 420 * MIB


@pytest.mark.attack(
    "memory of the kernel: buffers of sockets",
    held="memory cgroup, limit of descriptors",
    control="the program goes on until a limit is named",
)
def test_memory_of_the_kernel(shared: Cell) -> None:
    """Pipes, sockets and watches: what the kernel holds for a program counts as the program's, or has a bound of its own."""
    code = """
import os, socket, resource
held = []
try:
    while True:
        pair = socket.socketpair(); held.append(pair)
        for one in pair:
            one.setblocking(False)
            try:
                while True: one.send(bytes(65536))
            except BlockingIOError: pass
except OSError as error: print(len(held), error.errno, flush=True)
"""
    ended = greedy(shared, code, memory=64 * MIB, seconds=5)
    assert ended.end["how"] in {"memory", "finished"}
    assert ended.end["peak"] <= 80 * MIB


DISK = """
import os, sys
written = 0
try:
    with open('/%s/fill', 'wb', 0) as one:
        for n in range(64): written += one.write(bytes(1 << 20))
except OSError as error: print(error.errno)
print(written, flush=True)
"""


@pytest.mark.attack(
    "filling the disk in every folder that can be written",
    held="a tmpfs of bounded size",
    control="with more allowed the same program goes further",
)
@pytest.mark.parametrize("place", ["tmp", "var/tmp", "dev/shm", "home/runner", "tmp/work"])
def test_disk(shared: Cell, place: str) -> None:
    told = greedy(shared, DISK % place, disk=16 * MIB, memory=300 * MIB).out.split()
    assert int(told[-1]) <= 16 * MIB
    assert int(greedy(shared, DISK % place, disk=100 * MIB, memory=300 * MIB).out) == 64 * MIB


@pytest.mark.attack(
    "filling the inodes; a file with a great hole",
    held="a tmpfs of bounded inodes, limit of a file",
    control="with more allowed the same program goes further",
)
def test_many_small_files_and_one_with_a_great_hole(shared: Cell) -> None:
    files = (
        "import os\nn = 0\ntry:\n    while n < 20000: os.close(os.open(f'/tmp/{n}', os.O_CREAT)); n += 1\nexcept OSError: pass\nprint(n)"
    )
    assert int(greedy(shared, files, disk=8 * MIB).out) < 2048
    assert int(greedy(shared, files, disk=128 * MIB).out) == 20000
    hole = """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
os.truncate(os.open('x', os.O_CREAT | os.O_WRONLY), 1 << 30)
print(1)
"""
    assert greedy(shared, hole, disk=8 * MIB).out == b""
    assert greedy(shared, hole, disk=2 << 30).out == b"1\n"


@pytest.mark.attack(
    "a flood of output without the end of a line",
    held="the bound of output, counted by the runner and again by the host",
    control="with a larger bound all of it comes",
)
@pytest.mark.parametrize("stream", [1, 2])
def test_output(shared: Cell, stream: int) -> None:
    flood = f"import os\nwhile True: os.write({stream}, b'x' * 65536)"
    ended = greedy(shared, flood, output=200_000)
    assert (ended.end["how"], len(ended.out) + len(ended.err)) == ("output", 200_000)
    assert ended.end["truncated"] == ["stdout" if stream == 1 else "stderr"]
    much = greedy(shared, f"import os\nfor n in range(100): os.write({stream}, b'x' * 10000)", output=1_000_000)
    assert (much.end["how"], len(much.out) + len(much.err), much.end["truncated"]) == ("finished", 1_000_000, [])


@pytest.mark.attack(
    "turning in circles",
    held="limit of processor time",
    control="the program is killed, not finished",
)
def test_processor_time(shared: Cell) -> None:
    assert greedy(shared, "while True: pass", cpu_seconds=1, seconds=20).end["signal"] == 9


SIGNALS = {
    "everybody": ("import os, time\nif os.fork() == 0: os.kill(-1, 9)\ntime.sleep(5)", 9),
    "stopping oneself": ("import os, signal; print(1, flush=True); os.kill(os.getpid(), signal.SIGSTOP)", 9),
    "an alarm": ("import signal, time; signal.alarm(1); time.sleep(5)", 14),
}


@pytest.mark.attack(
    "killing everybody, stopping oneself",
    held="pid namespace, the clock",
    control="the program is told dead of that signal",
)
@pytest.mark.parametrize(("code", "number"), SIGNALS.values(), ids=SIGNALS.keys())
def test_signals(shared: Cell, code: str, number: int) -> None:
    assert greedy(shared, code, seconds=2).end["signal"] == number


TO_THE_FIRST = """
import os, time
try: os.kill(%s, %d); print('DID', flush=True)
except PermissionError: pass
time.sleep(0.2); print('on')
"""


@pytest.mark.attack(
    "signals to the first process",
    held="another id, pid namespace",
    control="a process of its own gets the signal",
)
@pytest.mark.parametrize("number", [9, 15, 19, 2, 1, 11])
def test_signals_to_the_first_process(shared: Cell, number: int) -> None:
    assert greedy(shared, TO_THE_FIRST % ("1", number)).out == b"on\n"
    assert greedy(shared, TO_THE_FIRST % ("os.fork() or time.sleep(1) or os._exit(0)", number)).out == b"DID\non\n"


@pytest.mark.attack(
    "artifacts that cannot be read",
    held="read with the rights of the program",
    control="they are told as refused by name",
)
def test_what_hides_its_artifacts(shared: Cell) -> None:
    ended = greedy(
        shared, "import os; open('/tmp/artifacts/a', 'w').close(); os.chmod('/tmp/artifacts/a', 0); os.chmod('/tmp/artifacts', 0)"
    )
    assert (ended.artifacts, ended.end["refused"]) == ({}, [["", "it cannot be read"]])
    one = greedy(shared, "import os; open('/tmp/artifacts/a', 'w').close(); os.chmod('/tmp/artifacts/a', 0)")
    assert (one.artifacts, one.end["refused"]) == ({}, [["a", "it cannot be read"]])


@pytest.mark.attack(
    "shared memory by key, for the next run to find",
    held="ipc namespace",
    control="in the same run it is found",
)
def test_shared_memory_by_key_ends_with_the_run(shared: Cell) -> None:
    keep = "import ctypes; l = ctypes.CDLL(None); print(l.shmget(4711, 4096, 0o1666) >= 0)"
    find = "import ctypes; l = ctypes.CDLL(None); print(l.shmget(4711, 4096, 0o666) >= 0)"
    assert greedy(shared, keep + "\n" + find).out == b"True\nTrue\n"
    assert greedy(shared, find).out == b"False\n"


LEASE = """
import fcntl, os, signal, time
with open('made', 'w') as made: made.write('#!/bin/sh\\necho made\\n')
os.chmod('made', 0o755)
if os.fork() == 0:
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fcntl.fcntl(os.open('made', os.O_RDWR), fcntl.F_SETLEASE, fcntl.F_WRLCK)
    os.close(os.open('leased', os.O_CREAT)); time.sleep(60)
while not os.path.exists('leased'): time.sleep(0.01)
"""
WAITING = """
pid = os.fork()
if pid == 0: os.execv('./made', ['made'])
time.sleep(1.5)
if os.waitpid(pid, os.WNOHANG) == (0, 0): print('DID', flush=True)
"""


@pytest.mark.attack(
    "keeping the runner at the start of a program, by a process of its compiler that has a lease on it",
    held="what a compiler leaves is killed before the program starts",
    control="while that process lives, whoever executes the program waits",
)
def test_a_lease_on_the_program(shared: Cell) -> None:
    begun = time.monotonic()
    ended = shared.run("./made", compile=["python3", "main.py"], code=LEASE, source="main.py", seconds=5)
    assert (ended.out, ended.end["how"], ended.end["left"], ended.end["doubts"]) == (b"made\n", "finished", 1, [])
    assert time.monotonic() - begun < 20
    assert greedy(shared, LEASE + WAITING).out == b"DID\n"
