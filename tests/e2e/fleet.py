"""A repository and the hosts it speaks of, driven through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

COMMAND = [str(Path(sys.executable).with_name("unsandbox"))]
PROJECT = "unsandbox"

HEAD = """\
apiVersion: unsandbox/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
"""

BASE = """\
apiVersion: unsandbox/v1
kind: Tier
metadata: {{name: small}}
spec: {{vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 64}}
---
apiVersion: unsandbox/v1
kind: Key
metadata: {{name: team}}
spec: {{publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: small}}
---
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: starter}}
spec: {{alias: starter, fingerprint: {fingerprint}, file: manifests/files/starter.tar.gz}}
"""

POLICY = """\
apiVersion: unsandbox/v1
kind: Policy
metadata: {name: fleet}
spec:
  environment: test
  approval: "off"
  grace: {services: 0s, sessions: 0s}
  limits:
    destroys: 20
    destroyShare: 1.0
    replaces: 20
    freezes: 50
    destroysPerHour: 200
    destroysPerHost: 200
    destroysPerOwner: 200
    replacesPerHour: 200
    flaps: 50
"""
"""Wide enough for what most tests do in one minute; those about a limit, a grace or an approval write a policy of their own."""


@dataclass
class Ran:
    """What one run of the command gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Fleet:
    """Three hosts at most, and a repository in ``root``."""

    root: Path
    daemons: list[Daemon]
    starter: Starter
    environ: dict[str, str] = field(default_factory=dict)
    storage: str = "unsandbox"

    def set_up(self) -> None:
        files = self.root / "manifests" / "files"
        files.mkdir(parents=True)
        (self.root / "inventory").mkdir()
        os.link(self.starter.tarball, files / "starter.tar.gz") if self._same_device(files) else files.joinpath(
            "starter.tar.gz"
        ).write_bytes(self.starter.tarball.read_bytes())
        self.write("manifests/base.yaml", BASE.format(fingerprint=self.starter.fingerprint))
        self.write("manifests/policy.yaml", POLICY)
        self.environ = {**os.environ, "UNSANDBOX_CONFIG_DIR": str(self.root / "config"), "UNSANDBOX_ACTOR": "tester@lab", "NO_COLOR": "1"}
        for name in ("GIT_DIR", "GIT_WORK_TREE"):
            self.environ.pop(name, None)
        for daemon in self.daemons:
            self.write(
                f"inventory/{daemon.name}.yaml",
                HEAD.format(kind="Host", name=daemon.name)
                + f"  {{address: 'unix:{daemon.socket}', fingerprint: {daemon.fingerprint}, location: {daemon.name},\n"
                + f"   capacity: {{instances: 500}}, pool: {self.storage}}}\n",
            )

    def _same_device(self, folder: Path) -> bool:
        return folder.stat().st_dev == self.starter.tarball.stat().st_dev

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def services(self, specs: dict[str, str], file: str = "manifests/services.yaml") -> None:
        """Declare services: name -> lines of the spec beyond owner and image, in flow form."""
        documents = [
            HEAD.format(kind="Service", name=name) + f"  {{owner: team, image: starter{', ' + spec if spec else ''}}}\n"
            for name, spec in specs.items()
        ]
        self.write(file, "---\n".join(documents))

    def pool(self, name: str, spec: str) -> None:
        self.write(f"manifests/pool-{name}.yaml", HEAD.format(kind="Pool", name=name) + f"  {{image: starter, tier: small, {spec}}}\n")

    def run(self, *arguments: str, expect: int | None = 0, timeout: float = 120) -> Ran:
        done = subprocess.run(
            [*COMMAND, "-C", str(self.root), *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert expect is None or ran.status == expect, f"{arguments} gave {ran.status}, not {expect}\n{ran.out}\n{ran.err}"
        assert "Traceback" not in ran.err
        return ran

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command in the background; its events can be read from standard output with ``--events -``."""
        return subprocess.Popen(
            [*COMMAND, "-C", str(self.root), *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt_after(self, count: int, number: signal.Signals) -> Ran:
        """Apply, and send a signal as soon as ``count`` actions were done."""
        events = self.root / "events.jsonl"
        events.unlink(missing_ok=True)
        process = self.start("apply", "--yes", "--events", str(events))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if events.exists() and events.read_text().count('"action-done"') >= count:
                process.send_signal(number)
                break
            time.sleep(0.005)
        out, err = process.communicate(timeout=60)
        return Ran(process.returncode, out, err)

    def instances(self, project: str = PROJECT) -> dict[str, dict[str, Any]]:
        """Every instance of a project on every host, as ``host/name``."""
        found = {}
        for daemon in self.daemons:
            if not any(row["name"] == project for row in daemon.query("GET", "/1.0/projects?recursion=1")):
                continue
            for row in daemon.query("GET", f"/1.0/instances?recursion=1&project={project}"):
                found[f"{daemon.name}/{row['name']}"] = row
        return found

    def world(self) -> dict[str, tuple[str, ...]]:
        """What matters of the world: where each object is, its power state, limits and marks that say what it should be."""
        return {
            place: (
                row["status"],
                row["config"].get("limits.memory", ""),
                row["config"].get("user.unsandbox.name", ""),
                row["config"].get("user.unsandbox.spec", ""),
                row["config"].get("security.protection.delete", ""),
            )
            for place, row in self.instances().items()
        }

    def statuses(self) -> dict[str, str]:
        """Status by instance name."""
        return {place.partition("/")[2]: row["status"] for place, row in self.instances().items()}

    def converged(self) -> None:
        """A plan is empty."""
        assert "0 to" in self.run("plan", expect=0).out or self.run("plan", "--json").json["actions"] == []


def bystander(daemon: Daemon, fingerprint_of: Path, name: str = "bystander", project: str = "default") -> str:
    """A container that is none of ours; its uuid."""
    daemon.add_image(fingerprint_of, "bystander", project)
    daemon.query(
        "POST",
        f"/1.0/instances?project={project}",
        {
            "name": name,
            "type": "container",
            "profiles": [],
            "source": {"type": "image", "alias": "bystander"},
            "devices": {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}},
        },
    )
    daemon.query("PUT", f"/1.0/instances/{name}/state?project={project}", {"action": "start", "timeout": 20})
    return str(daemon.query("GET", f"/1.0/instances/{name}?project={project}")["config"]["volatile.uuid"])
