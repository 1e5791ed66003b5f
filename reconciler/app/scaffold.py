"""Making a repository of one's own."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.languages import CATALOGUE
from reconciler.errors import HostError, UsageError
from reconciler.lxd.connect import local_fingerprint
from reconciler.lxd.find import local_socket
from reconciler.manifest.scaffold import scaffold

if TYPE_CHECKING:
    from reconciler.manifest.scaffold import Options


def init(directory: Path, options: Options) -> tuple[Path, ...]:
    """Write the files of a repository into ``directory``, which must be absent or empty. A local LXD is found and pinned by itself."""
    written = []
    try:
        if directory.exists() and (not directory.is_dir() or any(entry.name != ".git" for entry in directory.iterdir())):
            raise UsageError(f"{directory} is not an empty folder; nothing was written", hint="unsandbox init OTHER-DIR")
        options = replace(_with_local_host(options), environment=environment_of(directory))
        for name, text in {**scaffold(options), **_catalogue()}.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror}", hint="unsandbox init OTHER-DIR") from error
    return tuple(written)


def _catalogue() -> dict[str, str]:
    """The catalogue of languages that lies beside this program, where one does: without one no program is run."""
    path = Path(__file__).resolve().parents[2] / CATALOGUE
    return {CATALOGUE: path.read_text(encoding="utf-8")} if path.is_file() else {}


def environment_of(directory: Path) -> str:
    """A name that no other repository has: the folder's, and four digits of chance."""
    plain = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-0123456789")[:40] or "fleet"
    return f"{plain}-{secrets.token_hex(2)}"


def _with_local_host(options: Options) -> Options:
    if options.host_address:
        return options
    socket = local_socket(os.environ)
    if socket is None:
        return options
    try:
        return replace(options, host_address=f"unix:{socket}", fingerprint=local_fingerprint(socket))
    except HostError:
        # A socket without a daemon behind it: the inventory then comes as a commented example, which says how to fill it.
        return options
