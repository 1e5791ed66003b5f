"""Orders are followed the same by our machine code and, where a machine has none, by a copy that reads them in Python."""

from __future__ import annotations

import ast
import errno
import subprocess
import sys

import pytest

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
