"""What a job's own process tells the command that began it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.cli.background import tell

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_told_is_not_told_into_another_file(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    told = os.fdopen(writing, "w")
    tell(told, {"id": "x"})
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    try:
        assert other == writing
        tell(told, {"code": "state"})
        assert os.pread(other, 10, 0) == b""
        assert os.read(reading, 100) == b'{"id": "x"}'
    finally:
        os.close(other)
        os.close(reading)
