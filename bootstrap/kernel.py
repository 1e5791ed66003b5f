"""What LXD changes in the kernel and leaves behind when it stops: forwarding, and its empty nftables tables."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SETTINGS = (Path("/proc/sys/net/ipv4/ip_forward"), Path("/proc/sys/net/ipv6/conf/all/forwarding"))
TABLE = " lxd"


def settings() -> dict[str, str]:
    """The value of each setting, by its file."""
    return {str(file): file.read_text().strip() for file in SETTINGS if file.exists()}


def tables() -> list[str]:
    """LXD's nftables tables, as `inet lxd`."""
    if not shutil.which("nft"):
        return []
    listed = subprocess.run(["nft", "list", "tables"], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return [line.removeprefix("table ") for line in listed.splitlines() if line.endswith(TABLE)]


def restore(before: dict[str, str], tables_before: list[str]) -> None:
    """Put settings back and drop the tables that were not there. Only once the LXD that made them has stopped."""
    for name, value in before.items():
        file = Path(name)
        if file.read_text().strip() != value:
            file.write_text(value)
    for table in tables():
        if table not in tables_before:
            subprocess.run(["nft", "delete", "table", *table.split()], check=True, stdin=subprocess.DEVNULL)
