"""The scripts and the Makefile, as far as they can be tried on a machine that has everything already."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootstrap import kernel, local_lxd, machine
from bootstrap.made import Made, load, save
from tests.conftest import REPOSITORY

SCRIPTS = sorted([*REPOSITORY.glob("bootstrap/*.sh"), *REPOSITORY.glob("images/**/rootfs/**/rcS")])


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_plain_sh(script: Path) -> None:
    done = run("sh", "-n", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_ci_stops_at_the_first_failure_and_runs_both() -> None:
    text = (REPOSITORY / ".ci/run").read_text()
    assert "set -euo pipefail" in text
    assert text.index("make check") < text.index("make test")
    assert (REPOSITORY / ".ci/run").stat().st_mode & 0o111
    assert run("bash", "-n", ".ci/run").returncode == 0


def test_make_lists_every_target_and_is_the_default() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    listed = [line.split()[0] for line in run("make").stdout.splitlines()]
    assert sorted(listed) == sorted(phony.group(1).split())


def test_installed_packages_are_found_without_the_network() -> None:
    began = time.monotonic()
    done = run("sh", "bootstrap/packages.sh", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 5


def test_an_unknown_list_is_named() -> None:
    done = run("sh", "bootstrap/packages.sh", "nonsense")
    assert done.returncode == 1
    assert done.stderr == "packages.sh: no list 'nonsense'; there are: base image host build proxy compile test\n"


def test_a_missing_lock_is_named() -> None:
    done = run("sh", "bootstrap/venv.sh", "nonsense")
    assert done.returncode == 1
    assert done.stderr == "venv.sh: no requirements/nonsense.txt; usage: sh bootstrap/venv.sh run|dev\n"


def test_genesis_can_be_prepared_and_changes_nothing_in_a_dry_run() -> None:
    before = machine.subids()
    done = run(Path(sys.executable).parent / "pyinfra", "--dry", "@local", "bootstrap/genesis.py")
    assert done.returncode == 0, done.stderr
    assert "Wide id range in /etc/subgid" in done.stderr + done.stdout
    assert machine.subids() == before


def test_the_record_survives_being_written_and_read(tmp_path: Path) -> None:
    record = tmp_path / "run" / "made.json"
    assert load(record) == Made()
    made = Made(venv=True, packages=["lxd"], subids={"/etc/subuid": ["root:1:2"]}, how="direct", pool=True)
    save(record, made)
    assert load(record) == made
    assert [file.name for file in record.parent.iterdir()] == ["made.json"]


def test_id_ranges_are_put_back_and_others_kept(tmp_path: Path) -> None:
    file = tmp_path / "subuid"
    file.write_text("somebody:5:5\nroot:1000000:1000000000\n_lxd:7:7\nlater:9:9\n")
    machine.restore_subids({str(file): ["root:100000:65536"]})
    assert file.read_text() == "somebody:5:5\nlater:9:9\nroot:100000:65536\n"


def test_a_folder_is_emptied_but_not_across_a_mount(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("x")
    local_lxd.empty(tmp_path)
    assert list(tmp_path.iterdir()) == []
    local_lxd.empty(tmp_path / "absent")
    with pytest.raises(local_lxd.BootstrapError, match="is still in use"):
        local_lxd.empty(Path("/sys/fs"))


def test_packages_that_others_need_are_known_before_anything_goes() -> None:
    before = machine.installed()
    assert "lxd" in machine.dependents(["lxcfs", "dnsmasq-base", "liblxc1"])
    assert machine.dependents(["lxd"]) == []
    assert machine.dependents([]) == machine.purge(["no-such-package"]) == []
    assert machine.installed() == before


def test_kernel_settings_are_put_back_and_known_tables_stay(tmp_path: Path) -> None:
    changed, same = tmp_path / "changed", tmp_path / "same"
    changed.write_text("1\n")
    same.write_text("0\n")
    stamp = same.stat().st_mtime_ns
    there = kernel.tables()
    kernel.restore({str(changed): "0", str(same): "0"}, there)
    assert changed.read_text() == "0"
    assert same.stat().st_mtime_ns == stamp
    assert kernel.tables() == there
    assert set(kernel.settings().values()) <= {"0", "1"}
