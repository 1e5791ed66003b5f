"""A name server that says what a test tells it to, and writes down what it was asked."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tests.lxd.netns import Server

if TYPE_CHECKING:
    from pathlib import Path

A, PTR, AAAA = 1, 12, 28
ASKED = {1: "A", 12: "PTR", 28: "AAAA"}


class Names(Server):
    """``answers``: addresses by name; ``turns``: one list of addresses after another, the last for ever."""

    def __init__(self, namespace: Path, address: str, answers: dict[str, list[str]], turns: dict[str, list[list[str]]]) -> None:
        self.asked: list[str] = []
        """``A name`` of each question, in order."""
        self._answers, self.turns = answers, turns
        super().__init__(namespace, "udp", address, 53)

    def answer(self) -> None:
        question, peer = self._socket.recvfrom(2048)
        self._socket.sendto(self._told_of(question), peer)

    def _told_of(self, question: bytes) -> bytes:
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += question[at] + 1
        name, kind = ".".join(labels), struct.unpack_from(">H", question, at + 1)[0]
        self.asked.append(f"{ASKED.get(kind, kind)} {name}")
        records = [self._record(kind, text) for text in self._told(name) if self._fits(kind, text)]
        known = 0 if records or kind == AAAA else 3  # no such name
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | known, 1, len(records), 0, 0)
        return head + question[12 : at + 5] + b"".join(records)

    def _told(self, name: str) -> list[str]:
        turns = self.turns.get(name)
        if turns:
            return turns.pop(0) if len(turns) > 1 else turns[0]
        return self._answers.get(name, [])

    @staticmethod
    def _fits(kind: int, text: str) -> bool:
        if kind == PTR:
            return True
        return text[0].isdigit() and kind == (AAAA if ":" in text else A)

    @staticmethod
    def _record(kind: int, text: str) -> bytes:
        data = (
            b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0" if kind == PTR else ip_address(text).packed
        )
        return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
