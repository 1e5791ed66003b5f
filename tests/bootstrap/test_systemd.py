"""The unit file: what systemd itself says of it, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.table import COMMANDS

UNIT = Path(__file__).parents[2] / "bootstrap" / "systemd" / "unsandbox.service"
WORST = 2.5
"""Exposure by ``systemd-analyze security``; 10 is a service without any bounds."""


def test_it_starts_a_command_that_there_is() -> None:
    (line,) = re.findall(r"^ExecStart=(.+)$", UNIT.read_text(), re.MULTILINE)
    assert line.split()[-1] in COMMANDS
    command = Path(sys.executable).with_name("unsandbox")
    done = subprocess.run([command, *line.split()[1:], "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_it_and_finds_it_bounded(tmp_path: Path) -> None:
    at_hand = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    # Only systemd 254 and later know these two; an older one leaves them out.
    (tmp_path / "unsandbox.service").write_text(re.sub(r"^Restart(Steps|MaxDelaySec)=.*\n", "", at_hand, flags=re.MULTILINE))
    run = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "unsandbox.service")]
    verified = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert (verified.returncode, verified.stderr) == (0, "")
    run = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(tmp_path / "unsandbox.service")]
    told = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).stdout
    (exposure,) = re.findall(r"Overall exposure level for unsandbox\.service: ([0-9.]+)", told)
    assert float(exposure) <= WORST
