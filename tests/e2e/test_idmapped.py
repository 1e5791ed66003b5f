"""A host whose LXD was mended by bootstrap/idmap.sh: containers start without a file being rewritten, and the walls are as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.policy.idmap import finds_idmapped
from tests.e2e.fleet import PROJECT, Fleet
from tests.lab.daemon import POOL
from tests.lab.idmap import build
from tests.runner.cell import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon
    from tests.lab.lab import Lab

pytestmark = pytest.mark.lxd

LAST = "volatile.last_state.idmap"
BASE = "volatile.idmap.base"


@pytest.fixture
def mended(lab: Lab, tmp_path: Path) -> Iterator[Daemon]:
    """A host of its own, for its LXD is another one than that of the others."""
    daemon = lab.daemon("h4")
    daemon.preload = build(tmp_path)
    daemon.restart()
    yield daemon
    daemon.preload = None
    daemon.restart()


def first_start(fleet: Fleet) -> dict[str, str]:
    (check,) = (check for check in fleet.run("doctor", "--json").json["checks"] if check["name"] == "first start")
    return dict(check)


def test_two_services_on_a_mended_host(mended: Daemon, starter: Starter, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "fleet", [mended], starter)
    fleet.set_up()
    told = mended.query("GET", "/1.0")["environment"]
    before = first_start(fleet)
    # Nothing runs yet, so only the versions can be judged.
    assert before["verdict"] == ("ok" if finds_idmapped(told["server_version"], told["kernel_version"]) else "warn")
    fleet.services({"one": "", "two": ""})
    fleet.run("apply", "--yes")
    after = first_start(fleet)
    assert (after["verdict"], after["mend"]) == ("ok", "")
    fleet.converged()

    rows = [fleet.instances()[f"h4/svc-{name}"]["config"] for name in ("one", "two")]
    assert [row[LAST] for row in rows] == ["[]", "[]"]
    bases = {int(row[BASE]) for row in rows}
    assert len(bases) == 2
    assert min(bases) >= 65_536
    for name, row in zip(("one", "two"), rows, strict=True):
        base = int(row[BASE])
        mended.lxc("exec", "--project", PROJECT, f"svc-{name}", "--", "sh", "-c", "echo x >/made; chown 5:6 /made")
        inside = mended.lxc("exec", "--project", PROJECT, f"svc-{name}", "--", "stat", "-c", "%u:%g", "/made", "/bin").split()
        assert inside == ["5:6", "0:0"]
        state = mended.query("GET", f"/1.0/instances/svc-{name}/state?project={PROJECT}")
        status = mended.inside("cat", f"/proc/{state['pid']}/status")
        assert f"\nUid:\t{base}\t{base}\t{base}\t{base}\n" in status
    folder = f"{mended.directory}/storage-pools/{POOL}/containers/{PROJECT}_svc-one"
    owner = mended.inside("stat", "-c", "%a %u", folder).split()
    assert owner == ["100", rows[0][BASE]], "others than root and the container's own root come to files with the ids of the image"
    # A file of the host's root's, by its number: what it would give is nothing that a process with the container's ids can get.
    mended.inside("sh", "-c", f"cp /usr/bin/id {folder}/rootfs/id && chmod 4755 {folder}/rootfs/id")
    pid = mended.query("GET", f"/1.0/instances/svc-one/state?project={PROJECT}")["pid"]
    assert mended.inside("nsenter", f"--target={pid}", "--user", "--setuid=0", "--setgid=0", f"{folder}/rootfs/id", "-u").strip() == "0"

    found = mended.inside("stat", "-c", "%u:%g", f"{folder}/rootfs/made")
    assert found.strip() == "5:6"

    having = mended.inside("sh", "-c", "grep -l LD_PRELOAD= /proc/[0-9]*/environ | cut -d/ -f3 | xargs -n1 -I{} cat /proc/{}/comm")
    assert having.split() == ["lxd"], "a process of LXD's or of a container inherited the library"

    # Back to LXD as it is: what runs goes on, and the next start gives the files away as ever.
    mended.preload = None
    mended.restart()
    mended.query("PUT", f"/1.0/instances/svc-one/state?project={PROJECT}", {"action": "restart", "force": True})
    assert mended.lxc("exec", "--project", PROJECT, "svc-one", "--", "stat", "-c", "%u:%g", "/made").strip() == "5:6"


@pytest.mark.slow
def test_a_sandbox_in_a_cell_on_a_mended_host(mended: Daemon, python_image: Starter) -> None:
    mended.add_image(python_image.tarball, "python")
    body = {
        "name": "cell",
        "source": {"type": "image", "alias": "python"},
        "config": {"security.idmap.isolated": "true", "security.devlxd": "false", "limits.memory": "1GiB", "limits.processes": "400"},
        "devices": {"root": {"type": "disk", "path": "/", "pool": POOL}},
    }
    mended.query("POST", "/1.0/instances", body)
    mended.query("PUT", "/1.0/instances/cell/state", {"action": "start"})
    assert mended.query("GET", "/1.0/instances/cell")["config"][LAST] == "[]"
    cell = Cell(mended, "cell")
    try:
        ended = cell.shell("id -u; echo x >/root-of-mine 2>/dev/null; stat -c %u /bin; echo done >/tmp/file; cat /tmp/file")
        assert (ended.end["code"], ended.text.split()[1:]) == (0, ["0", "done"]), ended
        assert ended.text.split()[0] != "0"
    finally:
        cell.close()
        mended.query("PUT", "/1.0/instances/cell/state", {"action": "stop", "force": True})
        mended.query("DELETE", "/1.0/instances/cell")
