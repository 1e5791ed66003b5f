"""Settings of one run: where the repository, the journal and our certificate are, and how long to wait for hosts."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_FOLDER = ".unsandbox"


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds. ``parallel`` is how many objects of one host are worked on at once."""

    root: Path
    state_dir: Path
    config_dir: Path
    connect_timeout: float = 3.0
    read_timeout: float = 30.0
    parallel: int = 8
    actor: str = ""
    signers: Path | None = None
    """Whose signatures of commits are trusted; None for the file ``signers`` in ``config_dir``."""


def settings_from(  # noqa: PLR0913 - one keyword an option
    root: Path,
    environ: Mapping[str, str],
    *,
    state_dir: Path | None = None,
    config_dir: Path | None = None,
    connect_timeout: float | None = None,
    read_timeout: float | None = None,
    parallel: int | None = None,
    actor: str | None = None,
    signers: Path | None = None,
) -> Settings:
    """Fill in what was not given from the environment and the usual places."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/root")) / ".config")
    plain = Settings(root, root, root)
    return Settings(
        root=root,
        state_dir=state_dir or root / STATE_FOLDER,
        config_dir=config_dir or home / "unsandbox",
        connect_timeout=connect_timeout or plain.connect_timeout,
        read_timeout=read_timeout or plain.read_timeout,
        parallel=parallel or plain.parallel,
        actor=actor or operator_name(environ),
        signers=signers,
    )


def operator_name(environ: Mapping[str, str]) -> str:
    """A named person at a terminal: who logged in, not only which uid runs, and on which machine."""
    try:
        user = environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return f"{_who_logged_in() if user == 'root' else user}@{socket.gethostname()}"


def _who_logged_in() -> str:
    """Whose terminal it is, where root was reached by way of a person's account; else root."""
    try:
        return os.getlogin()
    except OSError:
        return "root"
