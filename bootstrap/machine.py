"""This machine's packages, accounts and id ranges: what is there, and taking away what was added."""

from __future__ import annotations

import grp
import pwd
import shutil
import subprocess
from pathlib import Path

SUBID_FILES = (Path("/etc/subuid"), Path("/etc/subgid"))
SUBID_NAMES = ("root:", "_lxd:")
ACCOUNTS = ("user:_lxd", "group:lxd", "user:dnsmasq")
APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300")


def installed() -> set[str]:
    """Names of the Debian packages that are installed."""
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package}\t${db:Status-Status}\n"],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    rows = (line.split("\t") for line in query.stdout.splitlines())
    return {name for name, status in rows if status == "installed"}


def purge(packages: list[str]) -> list[str]:
    """Remove packages with their configuration. Where that would take others along, remove nothing and return those others."""
    ours = sorted(set(packages) & installed())
    others = dependents(ours)
    if ours and not others:
        subprocess.run([*APT, "purge", *ours], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return others


def dependents(packages: list[str]) -> list[str]:
    """Which other packages would go with these. Asks apt, changes nothing."""
    if not packages:
        return []
    trial = subprocess.run([*APT, "-s", "purge", *packages], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    going = {line.split()[1] for line in trial.stdout.splitlines() if line.startswith(("Purg ", "Remv "))}
    return sorted(going - set(packages))


def absent_accounts() -> list[str]:
    """Which accounts of LXD's and of what it brings are not on this machine."""
    users, groups = {user.pw_name for user in pwd.getpwall()}, {group.gr_name for group in grp.getgrall()}
    return [account for account in ACCOUNTS if account.removeprefix("user:").removeprefix("group:") not in users | groups]


def remove_accounts(accounts: list[str]) -> None:
    """Remove accounts that packages made and leave behind: LXD's next installation gives out id ranges only without them."""
    gone = set(absent_accounts())
    for account in accounts:
        kind, _, name = account.partition(":")
        program = shutil.which(f"{kind}del")
        if account not in gone and program:
            subprocess.run([program, name], check=False, stdin=subprocess.DEVNULL, capture_output=True)


def subids() -> dict[str, list[str]]:
    """The lines of root and LXD in the files of subordinate ids."""
    return {str(file): [line for line in _lines(file) if line.startswith(SUBID_NAMES)] for file in SUBID_FILES}


def restore_subids(before: dict[str, list[str]]) -> None:
    """Put those lines back as they were; all others stay."""
    for name, lines in before.items():
        file = Path(name)
        text = "".join(f"{line}\n" for line in [*(line for line in _lines(file) if not line.startswith(SUBID_NAMES)), *lines])
        if text != (file.read_text() if file.exists() else ""):
            file.write_text(text)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
