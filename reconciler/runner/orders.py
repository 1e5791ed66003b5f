"""Orders: a list of system calls that a child makes one after another, without one step of Python.

A child that shares the runner's memory costs no copy of it, and that is most of what a sandbox would cost; but such a child must not run
Python, which would change the objects under its parent's feet. So what it has to do is written into a table beforehand, and some dozen
instructions go through the table. Where this machine has none of our instructions, a copy of the runner reads the same table in Python.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from typing import NamedTuple

from reconciler.runner import syscalls as sc

_ROW = struct.Struct("9Qq")
"""The number of the call, its six arguments, the rows to go to when it succeeds and when it fails, and how it failed last."""
_WORDS, _ERROR = 8, 72
"""Where in a row its arguments begin, and where its error is."""
_END = -1
_WORD = (1 << 64) - 1
_STACK = 16 * 1024
_LAST_ERROR = 4096
FAILED = 127
"""How a child ends whose orders could not be followed."""
# One call after another from the row in the first argument. How one failed is written at the end of its row.
CODES = {
    "x86_64": bytes.fromhex(
        "53"  # push rbx
        "4889fb"  # mov rbx, rdi
        "488b03"  # next: mov rax, [rbx]
        "4885c0"  # test rax, rax
        "7832"  # js end
        "488b7b08"  # mov rdi, [rbx + 8]
        "488b7310"  # mov rsi, [rbx + 16]
        "488b5318"  # mov rdx, [rbx + 24]
        "4c8b5320"  # mov r10, [rbx + 32]
        "4c8b4328"  # mov r8, [rbx + 40]
        "4c8b4b30"  # mov r9, [rbx + 48]
        "0f05"  # syscall
        "483d01f0ffff"  # cmp rax, -4095
        "7306"  # jae failed
        "488b5b38"  # mov rbx, [rbx + 56]
        "ebd0"  # jmp next
        "48894348"  # failed: mov [rbx + 72], rax
        "488b5b40"  # mov rbx, [rbx + 64]
        "ebc6"  # jmp next
        "5b"  # end: pop rbx
        "c3"  # ret
    )
}


class Order(NamedTuple):
    """One call: a name for it, its number, its arguments, and the names of the orders that follow: by default the next, and the end."""

    name: str
    number: int
    arguments: tuple[int, ...] = ()
    well: str = ""
    badly: str = ""


class Memory:
    """Bytes that stay where they are, for arguments that are addresses."""

    def __init__(self) -> None:
        self._held: list[object] = []

    def hold(self, data: bytes) -> int:
        """The address of a copy of ``data``, with a NUL behind it."""
        buffer = ctypes.create_string_buffer(data, len(data) + 1)
        self._held.append(buffer)
        return ctypes.addressof(buffer)

    def words(self, texts: list[bytes]) -> int:
        """The address of a list of addresses of texts, as ``execve`` wants it."""
        return self.hold(struct.pack(f"{len(texts) + 1}P", *map(self.hold, texts), 0))


class Orders:
    """A table of orders, which may be followed many times; what changes between is ``put``."""

    def __init__(self, orders: list[Order], memory: Memory, *, returns: bool = False) -> None:
        """``memory`` holds what the arguments point to. ``returns``: whoever follows to the end goes on, rather than ends."""
        self._memory = memory
        count = len(orders)
        self.names = [order.name for order in orders]
        self._table = mmap.mmap(-1, _ROW.size * (count + 2))  # shared also with a child that shares nothing else
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._table))
        for at, order in enumerate(orders):
            arguments = [word & _WORD for word in order.arguments] + [0] * (6 - len(order.arguments))
            well = self._row(self.names.index(order.well) if order.well else at + 1)
            badly = self._row(self.names.index(order.badly) if order.badly else count + 1)
            _ROW.pack_into(self._table, at * _ROW.size, order.number, *arguments, well, badly, 0)
        for at, status in ((count, 0), (count + 1, FAILED)):
            _ROW.pack_into(self._table, at * _ROW.size, sc.NUMBERS.exit_group, status, *(0,) * 5, self._row(at), self._row(at), 0)
        if returns:
            struct.pack_into("q", self._table, count * _ROW.size, _END)
        self._stack = ctypes.create_string_buffer(_STACK)
        self._top = (ctypes.addressof(self._stack) + _STACK) & ~0xFF

    def _row(self, at: int) -> int:
        return self._base + at * _ROW.size

    def put(self, name: str, *arguments: int) -> None:
        """Change the arguments of an order."""
        struct.pack_into(f"{len(arguments)}Q", self._table, self.place(name), *arguments)

    def place(self, name: str) -> int:
        """Where the arguments of an order are, for ``write``."""
        return self.names.index(name) * _ROW.size + _WORDS

    def write(self, place: int, words: bytes) -> None:
        """Change arguments to what is packed already."""
        self._table[place : place + len(words)] = words

    def start(self, flags: int) -> int:
        """A child that follows; its pid. Raises ``OSError``."""
        if _code:
            return sc.clone_at(_code, self._top, flags, self._base)
        pid = sc.clone(flags)
        if pid == 0:
            self._spell()
            os._exit(FAILED)
        return pid

    def follow(self) -> None:
        """Follow in this process; where an order fails, this process ends."""
        if _code:
            _follow(self._base)
        else:
            self._spell()

    def _spell(self) -> None:
        at = 0
        while True:
            number, *arguments, well, badly, _ = _ROW.unpack_from(self._table, at)
            if number == _END & _WORD:
                return
            try:
                sc.call("", number, *arguments)
                at = well - self._base
            except OSError as error:
                struct.pack_into("q", self._table, at + _ERROR, -(error.errno or _LAST_ERROR))
                at = badly - self._base

    def failure(self) -> tuple[str, int] | None:
        """The first order that failed since the last look, and the number of its error."""
        if not any(self._table[_ERROR :: _ROW.size]):  # no error is a multiple of 256
            return None
        for at, name in enumerate(self.names):
            (answer,) = struct.unpack_from("q", self._table, at * _ROW.size + _ERROR)
            if answer:
                struct.pack_into("q", self._table, at * _ROW.size + _ERROR, 0)
                return name, -int(answer)
        return None


def _load() -> int:
    """The address of our instructions; 0 where there are none, or none may be executed."""
    code = CODES.get(sc.MACHINE)
    if code is None:
        return 0
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.write(code)
    _kept.append(page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return address if sc.executable(address, mmap.PAGESIZE) else 0


_kept: list[mmap.mmap] = []
_code = _load()
_follow = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_code)
