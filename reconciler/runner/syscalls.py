"""System calls that Python has no name for. Each failure is an ``OSError`` that names the call."""

from __future__ import annotations

import ctypes
import os
from typing import NamedTuple

_libc = ctypes.PyDLL(None, use_errno=True)  # keeps the interpreter's lock: a child made by clone must never wait for it
_call = _libc.syscall
_call.restype = ctypes.c_long
_NOTHING = (None,) * 6
_call.argtypes = [ctypes.c_long, *(ctypes.c_void_p for _ in _NOTHING)]  # what takes numbers, addresses, bytes and nothing alike


class Numbers(NamedTuple):
    """What one architecture calls them."""

    audit: int
    """The name of the architecture in a seccomp filter."""
    clone: int
    mount: int
    umount2: int
    pivot_root: int
    unshare: int
    setns: int
    sethostname: int
    prctl: int
    seccomp: int
    close_range: int
    capset: int
    setgroups: int
    setresgid: int
    setresuid: int
    setsid: int
    prlimit64: int
    rt_sigaction: int
    rt_sigprocmask: int
    rt_sigtimedwait: int
    wait4: int
    dup3: int
    openat: int
    write: int
    close: int
    chdir: int
    execve: int
    exit_group: int
    kill: int


MACHINES = {
    "x86_64": Numbers(
        0xC000003E, 56, 165, 166, 155, 272, 308, 170, 157, 317, 436, 126, 116, 119, 117, 112, 302,
        13, 14, 128, 61, 292, 257, 1, 3, 80, 59, 231, 62,
    ),
    "aarch64": Numbers(
        0xC00000B7, 220, 40, 39, 41, 97, 268, 161, 167, 277, 436, 91, 159, 149, 147, 157, 261,
        134, 135, 137, 260, 24, 56, 64, 57, 49, 221, 94, 129,
    ),
}  # fmt: skip
MACHINE = os.uname().machine
KNOWN = MACHINE in MACHINES
NUMBERS = MACHINES.get(MACHINE, MACHINES["x86_64"])

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2
NEW_NS, NEW_UTS, NEW_IPC, NEW_PID, NEW_NET = 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000
CLONE_PARENT, CLONE_VM, CLONE_VFORK = 0x00008000, 0x00000100, 0x00004000
SIGCHLD = 17
_READ, _EXECUTE = 1, 4


def call(name: str, number: int, *arguments: int | bytes | None) -> int:
    """One system call."""
    done = int(_call(number, *arguments, *_NOTHING[len(arguments) :]))
    if done < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return done


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """``mount(2)``."""
    words = [text.encode() or None for text in (source, target, kind)]
    call(f"mount {target}", NUMBERS.mount, *words, flags, data.encode() or None)


def bind(source: str, target: str, *, recursive: bool = False) -> None:
    """Show ``source`` at ``target`` as well."""
    mount(source, target, flags=MS_BIND | (MS_REC if recursive else 0))


def unmount(target: str, flags: int = 0) -> None:
    """``umount2(2)``."""
    call(f"umount {target}", NUMBERS.umount2, target.encode(), flags)


def pivot_root(new: str, old: str) -> None:
    """``pivot_root(2)``."""
    call("pivot_root", NUMBERS.pivot_root, new.encode(), old.encode())


def unshare(flags: int) -> None:
    """``unshare(2)``."""
    call("unshare", NUMBERS.unshare, flags)


def clone(flags: int) -> int:
    """A copy of this process, as by fork: 0 in the child. This process must have one thread."""
    return call("clone", NUMBERS.clone, flags | SIGCHLD, 0, 0, 0, 0)


def clone_at(code: int, stack: int, flags: int, argument: int) -> int:
    """A child that shares this process's memory and begins at machine code of ours, on a stack of its own; its pid."""
    done = int(_libc.clone(ctypes.c_void_p(code), ctypes.c_void_p(stack), flags | CLONE_VM | SIGCHLD, ctypes.c_void_p(argument)))
    if done < 0:
        raise OSError(ctypes.get_errno(), f"clone: {os.strerror(ctypes.get_errno())}")
    return done


def executable(address: int, size: int) -> bool:
    """Let the processor execute whole pages of ours, which nothing can write to from then on; whether this machine allows it."""
    return int(_libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), _READ | _EXECUTE)) == 0


def prctl(option: int, *arguments: int) -> int:
    """``prctl(2)``."""
    return call(f"prctl {option}", NUMBERS.prctl, option, *arguments, *(0,) * (4 - len(arguments)))


def setns(descriptor: int, kind: int) -> None:
    """``setns(2)``."""
    call("setns", NUMBERS.setns, descriptor, kind)


def sethostname(name: str) -> None:
    """``sethostname(2)``."""
    call("sethostname", NUMBERS.sethostname, name.encode(), len(name.encode()))
