"""Attempts of one program to get what it has no right to. Each says DID where it got it."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from reconciler.runner.seccomp import COMMON, DENIED

CALLS = {**DENIED[platform.machine()], **COMMON}
PRELUDE = """
import ctypes, os, signal, socket, stat, sys
libc = ctypes.CDLL(None, use_errno=True)
def did(what=""): print("DID", what, flush=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""


@dataclass(frozen=True)
class Attack:
    """``where`` the control is tried: as root of the cell without a sandbox, or as root of the machine."""

    name: str
    code: str
    where: str = "cell"


def _opens(path: str, mode: str = "O_RDONLY") -> str:
    return f"os.close(os.open({path!r}, os.{mode})); did()"


ATTACKS = (
    Attack("mount a file system", 'must(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)); did(); libc.umount(b"/mnt")'),
    Attack("bind the root elsewhere", 'must(libc.mount(b"/", b"/mnt", None, 4096, None)); did(); libc.umount(b"/mnt")'),
    Attack("mount the cgroups, where release agents are",
           'must(libc.mount(b"none", b"/mnt", b"cgroup", 0, b"pids")); did(); libc.umount(b"/mnt")'),
    Attack("make a user namespace", "must(libc.unshare(0x10000000)); did()"),
    Attack("make a network namespace", "must(libc.unshare(0x40000000)); did()"),
    Attack("clone into a user namespace", f"""
pid = must(libc.syscall({56 if platform.machine() == "x86_64" else 220}, 0x10000000 | 17, 0, 0, 0, 0))
if pid == 0: os._exit(0)
os.waitpid(pid, 0); did()"""),
    Attack("trace a child", """
pid = os.fork()
if pid == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)
if os.waitpid(pid, 0)[1] == 0: did()"""),
    Attack("read the memory of the first process", _opens("/proc/1/mem")),
    Attack("read the environment of the first process", "open('/proc/1/environ').read(); did()"),
    Attack("see the descriptors of the first process", "os.listdir('/proc/1/fd'); did()"),
    Attack("go to the root of the first process", "os.listdir('/proc/1/root/'); did()"),
    Attack("write into a file of the image", "open(os.__file__, 'r+b').close(); did()"),
    Attack("write into the interpreter", "open('/usr/local/bin/python3', 'ab').close(); did()", "none"),
    Attack("write where the kernel is told what to do", """
for path in ('sysrq-trigger', 'sys/kernel/core_pattern', 'sys/kernel/modprobe', 'sys/vm/drop_caches'):
    try: os.close(os.open('/proc/' + path, os.O_WRONLY)); did(path)
    except FileNotFoundError: pass""", "machine"),
    Attack("make a block device", """
import tempfile
place = tempfile.mkdtemp(dir='/var/tmp') + '/disk'
os.mknod(place, 0o600 | stat.S_IFBLK, os.makedev(8, 0)); os.unlink(place); did()""", "machine"),
    Attack("find a device beyond the five", """
if set(os.listdir('/dev')) - {'null', 'zero', 'full', 'random', 'urandom', 'fd', 'stdin', 'stdout', 'stderr', 'shm'}: did()"""),
    Attack("see /dev/fuse", "os.stat('/dev/fuse'); did()"),
    Attack("keep a key in a keyring", f"must(libc.syscall({CALLS['add_key']}, b'user', b'name', b'secret', 6, -3)); did()"),
    Attack("speak to the links of a network", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); did()"),
    Attack("speak to the hypervisor", "socket.socket(40, socket.SOCK_STREAM); did()"),
    Attack("reach an abstract socket of the cell", "one = socket.socket(socket.AF_UNIX); one.connect('\\0cell'); did()"),
    Attack("see a file that lies in the cell's /dev", "os.stat('/dev/mark'); did()"),
    Attack("see a file that lies in the cell's /tmp", "os.stat('/tmp/mark'); did()"),
    Attack("see what is mounted in the cell", "open('/proc/self/mountinfo').read().index('/sys '); did()"),
    Attack("read the cell's own /sys", "os.stat('/sys/kernel'); did()"),
    Attack("be root", "os.setuid(0); did()"),
    Attack("join a group", "os.setgroups([0]); did()"),
    Attack("rename the machine", "must(libc.sethostname(b'mine', 4)); did(); libc.sethostname(b'runner-cell', 11)"),
    Attack("change the root folder", "os.chroot('/tmp'); did()"),
    Attack("limit the first process", "import resource; resource.prlimit(1, resource.RLIMIT_CORE, (0, 0)); did()"),
    Attack("raise a limit", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)); did()"),
    Attack("have a capability", "if int([l for l in open('/proc/self/status') if l.startswith('CapBnd')][0].split()[1], 16): did()"),
    Attack("have a descriptor too many", "if set(os.listdir('/proc/self/fd')) - set('0123'): did()", "leaky"),
    Attack("see a process of the cell", """
if any(b'sleep' in open(f'/proc/{one}/cmdline', 'rb').read() for one in os.listdir('/proc') if one.isdecimal()): did()"""),
)  # fmt: skip
SYSCALLS = f"""
told = {{}}
for name, number in sorted({CALLS!r}.items()):
    libc.syscall(number, 0, 0, 0, 0, 0)
    told[name] = ctypes.get_errno()
    ctypes.set_errno(0)
print(told)
"""
