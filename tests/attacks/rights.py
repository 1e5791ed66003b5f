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
    held: str
    """What holds it."""
    code: str
    where: str = "cell"


def _opens(path: str, mode: str = "O_RDONLY") -> str:
    return f"os.close(os.open({path!r}, os.{mode})); did()"


ATTACKS = (
    Attack("mount a file system", "seccomp, capabilities",
           'must(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)); did(); libc.umount(b"/mnt")'),
    Attack("bind the root elsewhere", "seccomp, capabilities",
           'must(libc.mount(b"/", b"/mnt", None, 4096, None)); did(); libc.umount(b"/mnt")'),
    Attack("mount the cgroups, where release agents are", "seccomp, capabilities",
           'must(libc.mount(b"none", b"/mnt", b"cgroup", 0, b"pids")); did(); libc.umount(b"/mnt")'),
    Attack("make a user namespace", "seccomp", "must(libc.unshare(0x10000000)); did()"),
    Attack("make a network namespace", "seccomp", "must(libc.unshare(0x40000000)); did()"),
    Attack("clone into a user namespace", "seccomp on the flags of clone, clone3 does not exist", f"""
pid = must(libc.syscall({56 if platform.machine() == "x86_64" else 220}, 0x10000000 | 17, 0, 0, 0, 0))
if pid == 0: os._exit(0)
os.waitpid(pid, 0); did()"""),
    Attack("trace a child", "seccomp", """
pid = os.fork()
if pid == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)
if os.waitpid(pid, 0)[1] == 0: did()"""),
    Attack("read the memory of the first process", "another id, not dumpable", _opens("/proc/1/mem")),
    Attack("read the environment of the first process", "another id, not dumpable", "open('/proc/1/environ').read(); did()"),
    Attack("see the descriptors of the first process", "another id, not dumpable", "os.listdir('/proc/1/fd'); did()"),
    Attack("go to the root of the first process", "another id, not dumpable", "os.listdir('/proc/1/root/'); did()"),
    Attack("write into a file of the image", "ids of files, overlay", "open(os.__file__, 'r+b').close(); did()"),
    Attack("put another file in the place of the interpreter", "ids of files, overlay", """
path = os.path.realpath('/proc/self/exe')
with open(path, 'rb') as old, open(path + '.new', 'wb') as new: new.write(old.read())
os.chmod(path + '.new', 0o755); os.rename(path + '.new', path); did()"""),
    Attack("write where the kernel is told what to do", "/dev/null over it, no capability", """
for path in ('sysrq-trigger', 'sys/kernel/core_pattern', 'sys/kernel/modprobe', 'sys/vm/drop_caches'):
    try: os.close(os.open('/proc/' + path, os.O_WRONLY)); did(path)
    except FileNotFoundError: pass""", "machine"),
    Attack("make a block device", "capabilities, user namespace of the cell", """
import tempfile
place = tempfile.mkdtemp(dir='/var/tmp') + '/disk'
os.mknod(place, 0o600 | stat.S_IFBLK, os.makedev(8, 0)); os.unlink(place); did()""", "machine"),
    Attack("find a device beyond the five", "a /dev of its own", """
if set(os.listdir('/dev')) - {'null', 'zero', 'full', 'random', 'urandom', 'fd', 'stdin', 'stdout', 'stderr', 'shm'}: did()"""),
    Attack("see /dev/fuse", "a /dev of its own", "os.stat('/dev/fuse'); did()"),
    Attack("keep a key in a keyring", "seccomp", f"must(libc.syscall({CALLS['add_key']}, b'user', b'name', b'secret', 6, -3)); did()"),
    Attack("speak to the links of a network", "seccomp on the families of sockets",
           "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); did()"),
    Attack("speak to the hypervisor", "seccomp on the families of sockets", "socket.socket(40, socket.SOCK_STREAM); did()"),
    Attack("reach an abstract socket of the cell", "network namespace",
           "one = socket.socket(socket.AF_UNIX); one.connect('\\0cell'); did()"),
    Attack("see a file that lies in the cell's /dev", "a /dev of its own", "os.stat('/dev/mark'); did()"),
    Attack("see a file that lies in the cell's /tmp", "a /tmp of its own", "os.stat('/tmp/mark'); did()"),
    Attack("see what is mounted in the cell", "mount namespace, pivot_root", "open('/proc/self/mountinfo').read().index('/sys '); did()"),
    Attack("read the cell's own /sys", "an empty /sys", "os.stat('/sys/kernel'); did()"),
    Attack("be root", "ids and capabilities given up", "os.setuid(0); did()"),
    Attack("join a group", "capabilities", "os.setgroups([0]); did()"),
    Attack("rename the machine", "seccomp, capabilities",
           "must(libc.sethostname(b'mine', 4)); did(); libc.sethostname(b'runner-cell', 11)"),
    Attack("change the root folder", "seccomp, capabilities", "os.chroot('/tmp'); did()"),
    Attack("limit the first process", "seccomp on the process of prlimit",
           "import resource; resource.prlimit(1, resource.RLIMIT_CORE, (0, 0)); did()"),
    Attack("raise a limit", "hard limits, capabilities",
           "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)); did()"),
    Attack("have a capability", "bounding set emptied",
           "if int([l for l in open('/proc/self/status') if l.startswith('CapBnd')][0].split()[1], 16): did()"),
    Attack("have a descriptor too many", "close_range", "if set(os.listdir('/proc/self/fd')) - set('0123'): did()", "leaky"),
    Attack("see a process of the cell", "pid namespace, a /proc of its own", """
if any(b'sleep' in open(f'/proc/{one}/cmdline', 'rb').read() for one in os.listdir('/proc') if one.isdecimal()): did()"""),
    Attack("find a way out by a descriptor of a folder", "close_range", """
for number in range(3, 256):
    try: os.stat(f'/proc/self/fd/{number}/etc/../..'); did(number)
    except (FileNotFoundError, NotADirectoryError): pass""", "leaky"),
    Attack("speak to LXD by /dev/lxd", "a /dev of its own", "one = socket.socket(socket.AF_UNIX); one.connect('/dev/lxd/sock'); did()"),
    Attack("speak to a socket that listens in a file of the cell", "overlay: another file than the one that listens",
           "one = socket.socket(socket.AF_UNIX); one.connect('/var/lib/lxd/unix.socket'); did()"),
    Attack("set the clock", "seccomp, capabilities", "import time; time.clock_settime(time.CLOCK_REALTIME, time.time()); did()", "machine"),
    Attack("read the log of the kernel", "seccomp, no /dev/kmsg",
           "must(libc.klogctl(3, ctypes.create_string_buffer(64), 64)); did()", "machine"),
    Attack("learn addresses of the kernel", "/dev/null over it",
           "if int(open('/proc/kallsyms').readline().split()[0], 16): did()", "machine"),
    Attack("learn from the mount table where the cell lies", "mount namespace, pivot_root", """
if any('/containers/' in line.split()[3] or 'rootfs' in line for line in open('/proc/self/mountinfo')): did()"""),
    Attack("learn the name of the cell", "uts namespace", "if os.uname().nodename != 'cell': did()"),
    Attack("read the program that makes the sandboxes", "pid namespace, memory that is no file, not dumpable", """
for one in os.listdir('/proc'):
    if one.isdecimal() and b'/proc/self/fd/' in open(f'/proc/{one}/cmdline', 'rb').read():
        if any(b'PK' == open(f'/proc/{one}/fd/{fd}', 'rb').read(2) for fd in os.listdir(f'/proc/{one}/fd')
               if 'memfd' in os.readlink(f'/proc/{one}/fd/{fd}')): did()"""),
    Attack("signal every process that there is", "pid namespace, ids", """
import time
pid = os.fork() or (os.setsid(), time.sleep(5), os._exit(0))
seen = [int(one) for one in os.listdir('/proc') if one.isdecimal() and int(one) not in (pid, os.getpid())]
for one in seen:
    try: os.kill(one, 0); did(one)
    except PermissionError: pass
os.kill(pid, 9)"""),
    Attack("go before other programs", "hard limit on nice, capabilities", "os.nice(-5); did()", "machine"),
    Attack("run as a real-time program", "hard limit, capabilities",
           "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); did()", "machine"),
    Attack("lock much memory", "hard limit", "import mmap; one = mmap.mmap(-1, 1 << 20); held = ctypes.c_char.from_buffer(one)\n"
           "must(libc.mlock(ctypes.c_void_p(ctypes.addressof(held)), ctypes.c_size_t(1 << 20))); did()", "machine"),
    Attack("keep a message queue", "hard limit",
           "must(libc.mq_open(b'/queue', 0o102, 0o600, None)); did(); libc.mq_unlink(b'/queue')", "machine"),
    Attack("reach an address outside", "network namespace with loopback alone", """
names = {name for _, name in socket.if_nameindex()} - {'lo'}
if names: did(names)""", "machine"),
    Attack("send by hand what no kernel would send", "seccomp, capabilities", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); did()"),
    Attack("make a program that becomes root", "no_new_privs, mounts without set-user-id", """
import shutil, subprocess
place = os.environ.get('HOME', '/root') + '/id'
shutil.copy('/bin/busybox', place); os.chown(place, 0, -1); os.chmod(place, 0o4755); did(); os.unlink(place)"""),
    Attack("make two thousand timers", "limit of pending signals", """
ident = ctypes.c_void_p()
for number in range(2000): must(libc.timer_create(1, None, ctypes.byref(ident)))
did()"""),
    Attack("write a setting of the network", "ids of files", _opens("/proc/sys/net/ipv4/ip_forward", "O_WRONLY")),
)  # fmt: skip
SYSCALLS = f"""
told = {{}}
for name, number in sorted({CALLS!r}.items()):
    libc.syscall(number, 0, 0, 0, 0, 0)
    told[name] = ctypes.get_errno()
    ctypes.set_errno(0)
print(told)
"""
