"""The system calls that a program may not make: a filter of the kernel's own small language, written here and never read from anywhere.

A call on the list answers EPERM, as a call without the right does, so that programs which only try go on. Calls of another architecture
kill. Of clone only the making of namespaces is refused; clone3 hides its flags in memory, so it does not exist, and libraries use clone.
"""

from __future__ import annotations

import ctypes
import struct

from reconciler.runner import syscalls as sc
from reconciler.runner.orders import Order

DENIED = {
    "x86_64": {
        "ptrace": 101, "syslog": 103, "pivot_root": 155, "acct": 163, "settimeofday": 164, "mount": 165,
        "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173,
        "create_module": 174, "init_module": 175, "delete_module": 176, "quotactl": 179, "nfsservctl": 180, "lookup_dcookie": 212,
        "clock_settime": 227, "vserver": 236, "mbind": 237, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
        "migrate_pages": 256, "unshare": 272, "move_pages": 279, "vmsplice": 278, "perf_event_open": 298, "fanotify_init": 300,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
        "chroot": 161, "modify_ldt": 154,
    },
    "aarch64": {
        "ptrace": 117, "syslog": 116, "pivot_root": 41, "acct": 89, "settimeofday": 170, "mount": 40,
        "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142, "sethostname": 161, "setdomainname": 162,
        "init_module": 105, "delete_module": 106, "quotactl": 60, "lookup_dcookie": 18,
        "clock_settime": 112, "mbind": 235, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219,
        "migrate_pages": 238, "unshare": 97, "move_pages": 239, "vmsplice": 75, "perf_event_open": 241, "fanotify_init": 262,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "kexec_file_load": 294, "bpf": 280, "userfaultfd": 282,
        "chroot": 51,
    },
}  # fmt: skip
COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "quotactl_fd": 443, "memfd_secret": 447, "process_mrelease": 448, "set_mempolicy_home_node": 450, "statmount": 457, "listmount": 458,
    "open_tree_attr": 467,
}  # fmt: skip
"""From number 424 on every architecture has the same."""
CLONE3 = 435
FORGED = {
    "x86_64": {"prlimit64": 302, "socket": 41, "socketpair": 53},
    "aarch64": {"prlimit64": 261, "socket": 198, "socketpair": 199},
}
NAMESPACES = 0x7E020080
"""The flags of clone that make a namespace: mount, cgroup, uts, ipc, user, pid, net, and time."""
FAMILIES = (1, 2, 10, 16)
"""Sockets that may be made: unix, IPv4, IPv6, netlink (which tells a program its own interfaces)."""
_X32 = 0x40000000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _GREATER, _ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _AUDIT, _FIRST = 0, 4, 16
_MODE_FILTER = 1
_LEAF = 3
_INSTRUCTION = struct.Struct("HBBI")


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, yes, no, value)


def _refuse(code: int) -> bytes:
    return _step(_RETURN, _ERRNO | code)


def program(machine: str) -> bytes:
    """The filter of an architecture, as the kernel reads it."""
    forged = FORGED[machine]
    audit, clone = sc.MACHINES[machine].audit, sc.MACHINES[machine].clone
    head = [_step(_LOAD, _AUDIT), _step(_EQUAL, audit, yes=1), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER)]
    head += [_step(_GREATER, _X32, no=1), _step(_RETURN, _KILL)] if machine == "x86_64" else []
    body = [
        *_when(clone, [_step(_LOAD, _FIRST), _step(_ANY, NAMESPACES, no=1), _refuse(_EPERM), _step(_RETURN, _ALLOW)]),
        *_when(CLONE3, [_refuse(_ENOSYS)]),
        *_when(forged["prlimit64"], [_step(_LOAD, _FIRST), _step(_EQUAL, 0, yes=1), _refuse(_EPERM), _step(_RETURN, _ALLOW)]),
        *_when(forged["socket"], _only(FAMILIES)),
        *_when(forged["socketpair"], _only(FAMILIES)),  # it makes two before it says that the family has no pairs
    ]
    return b"".join(head + body + _denied(sorted({**DENIED[machine], **COMMON}.values())))


def _when(number: int, steps: list[bytes]) -> list[bytes]:
    """The steps for one call, which all end."""
    return [_step(_EQUAL, number, no=len(steps)), *steps]


def _only(values: tuple[int, ...]) -> list[bytes]:
    """Allow where the first argument is one of the values."""
    tests = [_step(_EQUAL, value, yes=len(values) - at) for at, value in enumerate(values)]
    return [_step(_LOAD, _FIRST), *tests, _refuse(_EAFNOSUPPORT), _step(_RETURN, _ALLOW)]


def _denied(ordered: list[int]) -> list[bytes]:
    """A tree of halves, for the kernel goes through it for every call it knows each time the filter is set."""
    if len(ordered) <= _LEAF:
        tests = [_step(_EQUAL, number, yes=len(ordered) - at) for at, number in enumerate(ordered)]
        return [*tests, _step(_RETURN, _ALLOW), _refuse(_EPERM)]
    middle = len(ordered) // 2
    lower, upper = _denied(ordered[:middle]), _denied(ordered[middle:])
    return [_step(_GREATER, ordered[middle], yes=len(lower)), *lower, *upper]


class Filter:
    """A filter ready to be set."""

    def __init__(self, machine: str = sc.MACHINE) -> None:
        steps = program(machine)
        self._steps = ctypes.create_string_buffer(steps, len(steps))
        self._head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps) // _INSTRUCTION.size, ctypes.addressof(self._steps)))

    def order(self) -> Order:
        """The order to filter a process and its children, for ever."""
        return Order("filter", sc.NUMBERS.seccomp, (_MODE_FILTER, 0, ctypes.addressof(self._head)))
