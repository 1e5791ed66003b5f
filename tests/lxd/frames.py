"""Ethernet frames made by hand, each with a token at its end by which it is recognised wherever it arrives."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

EVERYBODY = "ff:ff:ff:ff:ff:ff"
ARP, IPV4, IPV6, VLAN, OWN = 0x0806, 0x0800, 0x86DD, 0x8100, 0x88B5
UDP = 17


@dataclass(frozen=True)
class Place:
    """A NIC: its MAC and IPv4 address."""

    mac: str
    address: str


Frame = Callable[[Place, Place, bytes], bytes]
"""A maker of frames: from, to, token."""


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(source: str, target: str, kind: int, payload: bytes) -> bytes:
    return mac(target) + mac(source) + struct.pack("!H", kind) + payload


def tagged(frame: bytes, vlan: int) -> bytes:
    """The same frame with a VLAN tag; 0 is a priority tag, which many stacks read as no tag."""
    return frame[:12] + struct.pack("!HH", VLAN, vlan) + frame[12:]


def arp(source: Place, target: Place, token: bytes) -> bytes:
    """The question who has the target's address."""
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) + mac(source.mac) + IPv4Address(source.address).packed
    return ethernet(source.mac, EVERYBODY, ARP, body + bytes(6) + IPv4Address(target.address).packed + token)


def _sum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    words: tuple[int, ...] = struct.unpack(f"!{len(data) // 2}H", data)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp4(source: Place, target: Place, port: int, token: bytes) -> bytes:
    datagram = struct.pack("!HHHH", 40000, port, 8 + len(token), 0) + token
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0, 64, UDP, 0)
    head += IPv4Address(source.address).packed + IPv4Address(target.address).packed
    head = head[:10] + struct.pack("!H", _sum(head)) + head[12:]
    return ethernet(source.mac, target.mac, IPV4, head + datagram)


def udp6(source: Place, target: Place, token: bytes, port: int = 40001, address: str = "fe80::1234") -> bytes:
    """To the target's link-local address; the multicast form where its MAC is everybody's."""
    ours, theirs = IPv6Address(address), IPv6Address("ff02::1") if target.mac == EVERYBODY else link_local(target.mac)
    length = 8 + len(token)
    pseudo = ours.packed + theirs.packed + struct.pack("!II", length, UDP)
    datagram = struct.pack("!HHH", 40000, port, length)
    check = _sum(pseudo + datagram + bytes(2) + token) or 0xFFFF
    head = struct.pack("!IHBB", 6 << 28, length, UDP, 64) + ours.packed + theirs.packed
    destination = "33:33:00:00:00:01" if target.mac == EVERYBODY else target.mac
    return ethernet(source.mac, destination, IPV6, head + datagram + struct.pack("!H", check) + token)


def link_local(text: str) -> IPv6Address:
    """The address that an interface gives itself from its MAC."""
    raw = mac(text)
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:])
