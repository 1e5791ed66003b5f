"""What one run may leave to the next of the same owner: nothing. Each thing is found by the same program within the run that left it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.runner.cell import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemon import Daemon

pytestmark = [pytest.mark.lxd, pytest.mark.slow]
LEFT = {
    "a file in any folder that can be written": (
        """
import os
for folder in ('/tmp', '/var/tmp', '/dev/shm', os.environ['HOME'], '/tmp/work', '/tmp/input', '/tmp/artifacts'):
    open(folder + '/left', 'w').close()""",
        """
import os
folders = ('/tmp', '/var/tmp', '/dev/shm', os.environ['HOME'], '/tmp/work', '/tmp/input', '/tmp/artifacts')
found = sum(os.path.exists(folder + '/left') for folder in folders)
if found: print('FOUND', found)""",
    ),
    "a daemon that forked twice and left the session": (
        """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3); time.sleep(60)
    os._exit(0)
time.sleep(0.3)""",
        """
import os
if len([one for one in os.listdir('/proc') if one.isdecimal() and int(one) not in (1, os.getpid())]): print('FOUND')""",
    ),
    "a process that holds an abstract socket": (
        """
import os, socket, time
if os.fork() == 0:
    one = socket.socket(socket.AF_UNIX); one.bind('\\0left'); one.listen(); time.sleep(60)
time.sleep(0.3)""",
        """
import socket
try: socket.socket(socket.AF_UNIX).connect('\\0left'); print('FOUND')
except ConnectionRefusedError: pass""",
    ),
    "a port of the loopback interface that answers": (
        """
import os, socket, time
if os.fork() == 0:
    one = socket.create_server(('127.0.0.1', 7777)); time.sleep(60)
time.sleep(0.3)""",
        """
import socket
try: socket.create_connection(('127.0.0.1', 7777)); print('FOUND')
except ConnectionRefusedError: pass""",
    ),
    "a semaphore and a queue by key": (
        "import ctypes; l = ctypes.CDLL(None); l.semget(4712, 1, 0o1666); l.msgget(4713, 0o1666)",
        "import ctypes; l = ctypes.CDLL(None)\nif l.semget(4712, 1, 0o666) >= 0 or l.msgget(4713, 0o666) >= 0: print('FOUND')",
    ),
    "the history of a shell": (
        "import os; open(os.environ['HOME'] + '/.sh_history', 'w').write('secret'); os.environ['HISTFILE'] = '/tmp/history'",
        "import os\nif os.path.exists(os.environ['HOME'] + '/.sh_history') or 'HISTFILE' in os.environ: print('FOUND')",
    ),
    "start-up files of Python and of the shell": (
        """
import os, site
for name in ('.profile', '.pythonrc.py', '.bashrc'): open(os.environ['HOME'] + '/' + name, 'w').write('x')
os.makedirs(site.getusersitepackages(), exist_ok=True)
open(site.getusersitepackages() + '/usercustomize.py', 'w').write('print(1)')""",
        """
import os, site
if [name for name in os.listdir(os.environ['HOME']) if name[0] == '.']: print('FOUND')""",
    ),
    "the processors it may use, its mask of files, its niceness": (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.umask(0); os.nice(7)",
        "import os\nif len(os.sched_getaffinity(0)) == 1 or os.umask(0) == 0 or os.nice(0) == 7: print('FOUND')",
    ),
    "an entry for later of cron or at": (
        """
import os
for folder in ('/var/spool/cron', '/var/spool/at', '/etc/cron.d', '/tmp/cron'):
    try: os.makedirs(folder, exist_ok=True); open(folder + '/left', 'w').close()
    except PermissionError: pass""",
        """
import os
folders = ('/var/spool/cron', '/var/spool/at', '/etc/cron.d', '/tmp/cron')
if any(os.path.exists(folder + '/left') for folder in folders): print('FOUND')""",
    ),
}


@pytest.fixture(scope="module")
def shared(lxd: Daemon, container: str) -> Iterator[Cell]:
    made = Cell(lxd, container, "python")
    yield made
    made.close()


@pytest.mark.attack(
    "leaving to the next run of the same owner: files, daemons, abstract sockets, ports, semaphores, history, start-up files, "
    "processors, entries of cron",
    held="everything is made anew for each run, and the pid namespace ends with it",
    control="within the run that left it, each is found",
)
@pytest.mark.parametrize(("leave", "look"), LEFT.values(), ids=LEFT.keys())
@pytest.mark.parametrize("zygote", ["", "python"])
def test_nothing_is_left(shared: Cell, leave: str, look: str, zygote: str) -> None:
    left = shared.python(leave, zygote=zygote)
    assert (left.end["code"], left.end["doubts"], left.err) == (0, [], b"")
    assert shared.python(look, zygote=zygote).out == b""
    assert b"FOUND" in shared.python(f"{leave}\n{look}", zygote=zygote).out


@pytest.mark.attack(
    "finding what the run before was given: its environment, arguments, input and descriptors",
    held="an empty environment but for the request's, a root of its own, close_range",
    control="within the run that was given it, it is found",
)
def test_nothing_that_was_given_is_left(shared: Cell) -> None:
    look = """
import os
places = [open(f'/proc/{one}/{file}', 'rb').read() for one in ('1', 'self') for file in ('cmdline', 'status')]
places += [repr(dict(os.environ)).encode(), repr(os.listdir('/tmp/input')).encode(), repr(os.listdir('/proc/self/fd')).encode()]
print('FOUND' if any(b'secret' in place for place in places) else 'nothing')
"""
    given = {"environment": {"KEY": "secret"}, "inputs": {"secret": b"secret"}}
    for zygote in ("", "python"):
        assert shared.run("python3", "main.py", "secret", code=look, source="main.py", zygote=zygote, **given).out == b"FOUND\n"
        assert shared.python(look, zygote=zygote).out == b"nothing\n"


RANDOMS = (
    "import random; print(random.random())",
    "import os; print(os.urandom(8))",
    "import uuid; print(uuid.uuid4())",
    "import tempfile; print(tempfile.mktemp())",
    "import secrets; print(secrets.token_hex(8))",
)


@pytest.mark.attack(
    "drawing the same random numbers as another copy of one zygote",
    held="each copy is seeded anew",
    control="copies that set one seed draw the same",
)
def test_no_two_copies_of_a_zygote_draw_the_same(shared: Cell) -> None:
    warm = "import sys; print('csv' in sys.modules)"
    deadline = time.monotonic() + 10
    while shared.python(warm, zygote="python").out != b"True\n":
        assert time.monotonic() < deadline, "the zygote never served"
    for code in RANDOMS:
        drawn = [shared.python(code, zygote="python").out for _ in range(6)]
        assert len(set(drawn)) == len(drawn), code
    seeded = {shared.python("import random; random.seed(1); print(random.random())", zygote="python").out for _ in range(3)}
    assert len(seeded) == 1


@pytest.mark.attack(
    "changing the process that copies are made of: modules, builtins, its own functions",
    held="a copy never runs in the zygote",
    control="within the run that changed it, it is changed",
)
def test_a_copy_changes_nothing_of_its_zygote(shared: Cell) -> None:
    change = "import builtins, json; json.left = 1; builtins.left = 1; json.dumps = None"
    look = "import builtins, json\nif hasattr(json, 'left') or hasattr(builtins, 'left') or json.dumps is None: print('FOUND')"
    shared.python(change, zygote="python")
    assert shared.python(look, zygote="python").out == b""
    assert shared.python(f"{change}\n{look}", zygote="python").out == b"FOUND\n"
