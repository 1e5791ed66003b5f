"""Orders are followed the same by our machine code and, where a machine has none, by a copy that reads them in Python."""

from __future__ import annotations

import ast
import errno
import io
import subprocess
import sys
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from reconciler.runner import bundle
from tests.runner.cell import Cell

if TYPE_CHECKING:
    from tests.lab.daemon import Daemon

SCRIPT = """
import os, sys
from reconciler.runner import orders, syscalls as sc
assert orders._code, "this machine has none of our instructions"
if sys.argv[1] == "python": orders._code = 0
Order, n, memory, told = orders.Order, sc.NUMBERS, orders.Memory(), []
out, inner = os.pipe()
made = orders.Orders([
    Order("say", n.write, (inner, memory.hold(b"said "), 5)),
    Order("fails", n.close, (999,), "", "go on"),
    Order("skipped", n.exit_group, (3,)),
    Order("go on", n.dup3, (inner, 1, 0)),
    Order("execute", n.execve, (memory.hold(b"/bin/sh"), memory.words([b"sh", b"-c", b"echo $A"]), memory.words([b"A=b"]))),
], memory)
pid = made.start(sc.CLONE_VFORK)
told += [os.waitpid(pid, 0)[1], os.read(out, 99), made.failure(), made.failure()]
made.put("execute", memory.hold(b"/no/such/program"))
pid = made.start(sc.CLONE_VFORK)
told += [os.waitpid(pid, 0)[1] >> 8, os.read(out, 99), made.failure(), made.failure()]
last = orders.Orders([Order("say", n.write, (inner, memory.hold(b"here"), 4))], memory, returns=True)
last.follow()
told += [os.read(out, 99)]
print(told)
"""


@pytest.mark.parametrize("how", ["code", "python"])
def test_orders(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], check=True, capture_output=True, text=True)
    failed = ("fails", errno.EBADF)
    whole = [0, b"said b\n", failed, None]
    missing = [127, b"said ", failed, ("execute", errno.ENOENT), b"here"]
    assert ast.literal_eval(done.stdout) == whole + missing


def without_code() -> bytes:
    """The runner as it is on a machine for which there are no instructions."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle.archive())) as whole, zipfile.ZipFile(made, "w") as poorer:
        for name in whole.namelist():
            text = whole.read(name)
            if name.endswith("/orders.py"):
                assert b"\n_code = _load()\n" in text
                text = text.replace(b"\n_code = _load()\n", b"\n_code = 0\n")
            poorer.writestr(name, text)
    return made.getvalue()


@pytest.mark.lxd
def test_a_machine_without_our_instructions_makes_the_same_sandbox(lxd: Daemon, container: str) -> None:
    look = "grep -e ^Cap -e ^NoNew -e ^Seccomp: -e ^Groups /proc/self/status; ulimit -a; id -u; env; ls /proc/self/fd; cat; ls /; exit 3"
    told = []
    for archive in (b"", without_code()):
        cell = Cell(lxd, container, "python", archive=archive)
        try:
            run = cell.shell(look, stdin=b"in")
            made = cell.run("./made", compile=["sh", "-c", "printf '#!/bin/sh\necho made' >made; chmod +x made; sleep 9 &"])
            none = cell.run("no-such-program")
            late = cell.shell("trap '' TERM; echo part; sleep 60", seconds=1)
            deadline = time.monotonic() + 10
            while (copy := cell.python("import sys; print('csv' in sys.modules)", zygote="python")).out != b"True\n":
                assert time.monotonic() < deadline
            every = (run, made, none, late, copy)
            # Whether the shell of what was left is gone already is the scheduler's doing.
            left = [bool(one.end["left"]) for one in every]
            told.append(
                [
                    (one.out, one.err, one.end["how"], one.end["code"], one.end["doubts"], more)
                    for one, more in zip(every, left, strict=True)
                ]
            )
        finally:
            cell.close()
    assert told[0] == told[1]
    assert [row[3] for row in told[0]] == [3, 0, 127, None, 0]
