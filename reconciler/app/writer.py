"""One writer at a time for one state folder, held by the kernel: a killed process holds nothing."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.errors import LeaseHeld, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.app.settings import Settings

LOCK_FILE = "writer.lock"


@contextmanager
def only_writer(settings: Settings) -> Iterator[None]:
    """Be the writer while the block runs. Raises ``LeaseHeld`` with who holds it and since when."""
    path = settings.state_dir / LOCK_FILE
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"{path} cannot be opened: {error.strerror}", hint=f"ls -ld {settings.state_dir}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(handle, 500, 0).decode(errors="replace").strip() or "another process"
        os.close(handle)
        raise LeaseHeld(
            f"{holder} is applying from {settings.state_dir}; it holds the lock until it ends", hint="try again when it ended"
        ) from error
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{settings.actor} (process {os.getpid()}, since {stamp()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
