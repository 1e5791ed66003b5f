"""What a program in a sandbox may not do, and that the same program without one may."""

from __future__ import annotations

import ast
import errno
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.attacks.rights import ATTACKS, PRELUDE, SYSCALLS, Attack
from tests.runner.cell import Cell, outside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd
LISTENER = """
import os, socket, time
held = []
for name in ('\\0cell', '/dev/lxd/sock', '/var/lib/lxd/unix.socket'):
    if name[0] == '/': os.makedirs(os.path.dirname(name), exist_ok=True)
    one = socket.socket(socket.AF_UNIX); one.bind(name); one.listen(); held.append(one)
    if name[0] == '/': os.chmod(name, 0o777)
print(1, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def open_cell(lxd: Daemon, container: str) -> Iterator[tuple[Daemon, str]]:
    """The container with something to find in it: an abstract socket, files, a process with a name."""
    with subprocess.Popen(
        **outside(lxd, container, "python3", "-c", LISTENER), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == b"1\n"
        subprocess.run(**outside(lxd, container, "touch", "/dev/mark", "/tmp/mark"), check=True, stdin=subprocess.DEVNULL)
        yield lxd, container
        listener.kill()


@pytest.fixture(scope="module")
def shared(open_cell: tuple[Daemon, str]) -> Iterator[Cell]:
    made = Cell(*open_cell)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_program_may_not(shared: Cell, attack: Attack) -> None:
    ended = shared.python(PRELUDE + attack.code)
    assert b"DID" not in ended.out
    assert (ended.end["how"], ended.end["doubts"]) == ("finished", [])
    assert not ended.err or b"Error" in ended.err.splitlines()[-1]
    assert shared.shell("echo well").out == b"well\n"


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_without_a_sandbox_it_may(open_cell: tuple[Daemon, str], attack: Attack) -> None:
    words = ["python3", "-c", PRELUDE + attack.code]
    if attack.where == "leaky":
        words = ["sh", "-c", 'exec 5</etc/passwd 6<&5 7</; exec "$@"', "sh", *words]
    line = {"args": [sys.executable, *words[1:]]} if attack.where == "machine" else outside(*open_cell, *words)
    done = subprocess.run(**line, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert b"DID" in done.stdout, done.stderr


@pytest.mark.attack(
    "every system call of the list of refused ones, by its number", held="seccomp", control="in the cell most of them answer otherwise"
)
def test_calls_that_are_refused_by_name(shared: Cell, open_cell: tuple[Daemon, str]) -> None:
    inside = ast.literal_eval(shared.python(PRELUDE + SYSCALLS).text)
    assert {name: code for name, code in inside.items() if code != errno.EPERM} == {}
    done = subprocess.run(
        **outside(*open_cell, "python3", "-c", PRELUDE + SYSCALLS), check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    without = ast.literal_eval(done.stdout.decode())
    assert sum(code != errno.EPERM for code in without.values()) > len(inside) / 2


@pytest.mark.attack(
    "an abstract socket of the cell from a run without a network",
    held="network namespace",
    control="a run with egress, which shares the network of the cell, reaches it",
)
def test_only_a_run_with_egress_is_in_the_network_of_the_cell(shared: Cell) -> None:
    code = PRELUDE + "one = socket.socket(socket.AF_UNIX); one.connect('\\0cell'); did()"
    assert shared.python(code, network="egress").out == b"DID \n"
    assert b"ConnectionRefusedError" in shared.python(code).err
    assert shared.shell("ls -d /proc/sys/net/ipv4/conf/[!ad]*").text.split() == ["/proc/sys/net/ipv4/conf/lo"]
