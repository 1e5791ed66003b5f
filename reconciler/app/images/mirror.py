"""The mirror of Debian packages that this machine's apt is set up with, and how it is reached. Nothing of it goes into an image."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import BuildFailed, OutOfReach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIELDS = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(SOURCESENTRY)"
KEY = re.compile(r"signed-by\s*[:=]\s*(/[^\s\],]+)", re.IGNORECASE)
TRUSTED = Path("/etc/apt/trusted.gpg.d")
REACHING = re.compile(r'^Acquire::(?:https?|ftp|Check-|Retries|ForceIPv|Max-|Queue)[^ ]* ".*";$')
"""Settings that say how to reach a mirror: proxies, certificates, clocks, tries."""
OPTIONS = (
    'APT::Install-Recommends "false";',
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Dpkg::Use-Pty "false";',
    'Dir::Etc::Main "/dev/null";',
    'Dir::Etc::Parts "/dev/null";',
    'Dir::Etc::SourceParts "/dev/null";',
    'Dir::Etc::Preferences "/dev/null";',
    'Dir::Etc::PreferencesParts "/dev/null";',
    'Dir::Log "/dev/null";',
    'Dir::Log::Terminal "";',
    'Dir::Log::History "";',
    'Dir::Log::Planner "";',
)
LEFT_OUT = (
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/doc/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
    "/usr/share/linda/*",
)
TAKEN = ("/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias")
DPKG = (
    "--force-unsafe-io",
    "--force-confdef",
    "--force-confold",
    *(f"--path-exclude={glob}" for glob in LEFT_OUT),
    *(f"--path-include={glob}" for glob in TAKEN),
)
"""Options of every dpkg: no documentation but the licences, no translations, and no question."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """One suite with its updates. ``sources`` are lines of a sources.list, ``reaching`` lines of an apt.conf."""

    sources: tuple[str, ...]
    reaching: tuple[str, ...]
    keys: tuple[Path, ...] = ()
    """Files with the keys that this machine trusts for it."""


def mirror_of(suite: str) -> Mirror:
    """The mirror for a suite. Raises ``OutOfReach`` where this machine has no apt, or its apt knows no such suite."""
    targets = [line.split() for line in _ask("apt-get", "indextargets", "--format", FIELDS, "Created-By: Packages")]
    sources: dict[tuple[str, str], list[str]] = {}
    entries: set[str] = set()
    for uri, release, component, entry in (target for target in targets if len(target) == 4):  # noqa: PLR2004 - the fields asked for
        if release == suite or release in {f"{suite}-updates", f"{suite}-security"}:
            components = sources.setdefault((uri, release), [])
            components += [component] if component not in components else []
            entries.add(entry.rpartition(":")[0])
    if not any(release == suite for _, release in sources):
        raise OutOfReach(f"this machine's apt knows no mirror of {suite}", hint="apt-get indextargets --format '$(REPO_URI) $(RELEASE)'")
    lines = tuple(f"deb {uri} {release} {' '.join(components)}" for (uri, release), components in sources.items())
    reaching = tuple(line for line in _ask("apt-config", "dump") if REACHING.match(line))
    return Mirror(lines, reaching, tuple(_keys(sorted(entries))))


def _keys(entries: Sequence[str]) -> Iterator[Path]:
    """Those that apt trusts everywhere, and those that the entries of the mirror name."""
    yield from sorted(TRUSTED.glob("*"))
    for entry in entries:
        with suppress(OSError):
            yield from (Path(name) for name in dict.fromkeys(KEY.findall(Path(entry).read_text(encoding="utf-8", errors="replace"))))


def _ask(*command: str) -> list[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    except FileNotFoundError as error:
        raise OutOfReach(f"{command[0]} is not on this machine, so no mirror of Debian packages is known", hint="") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildFailed(f"{command[0]} {command[1]} failed: {error}", hint=" ".join(command[:2])) from error


def write_apt_config(mirror: Mirror, folder: Path, root: Path) -> Path:
    """An apt.conf in ``folder`` by which apt of this machine works on the packages of ``root``. Raises ``OSError``."""
    trust = folder / "keys"
    for part in (folder / "state/lists/partial", trust):
        part.mkdir(parents=True, exist_ok=True)
    for key in mirror.keys:
        if key.is_file():
            shutil.copyfile(key, trust / key.name)
    (folder / "sources.list").write_text("".join(f"{line}\n" for line in mirror.sources), encoding="utf-8")
    ours = {
        "Dir::State": folder / "state",
        "Dir::State::status": root / "var/lib/dpkg/status",
        "Dir::State::extended_states": root / "var/lib/apt/extended_states",
        "Dir::Cache": folder / "state",
        "Dir::Cache::archives": root / "run/debs",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::TrustedParts": trust,
        "DPkg::Chroot-Directory": root,
    }
    lines = [*mirror.reaching, *OPTIONS, *(f'{key} "{value}";' for key, value in ours.items())]
    lines += [f'DPkg::Options:: "{option}";' for option in DPKG]
    path = folder / "apt.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
