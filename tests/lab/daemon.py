"""One LXD daemon of a lab."""

from __future__ import annotations

import hashlib
import os
import signal
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tests.lab import rest
from tests.lab.space import PATH, LabError, Space, open_space, run, wait_child

if TYPE_CHECKING:
    from pathlib import Path

POOL = "unsandbox"
POOL_SIZE = "6GiB"
PORT = 8443


class Daemon:
    """An LXD with its own directory, network, processes and btrfs pool `unsandbox`. Made by `Lab`; `name` is such as h1."""

    def __init__(self, run_dir: Path, name: str, hub: Space, address: str, gateway: str) -> None:
        self.name = name
        self.directory = run_dir / name
        self.log = run_dir / f"{name}.log"
        self.address = address
        self.trust_password = f"lab-{run_dir.name}"
        self._client = run_dir / f"{name}.client"
        self._hub = hub
        self._gateway = gateway
        self.preload: Path | None = None
        """A library that LXD is started with."""
        self._process: subprocess.Popen[bytes] | None = None
        self._space = open_space(run_dir, name, "daemon")

    @property
    def socket(self) -> Path:
        """The unix socket."""
        return self.directory / "unix.socket"

    @property
    def url(self) -> str:
        """The HTTPS address, reachable from the root network namespace."""
        return f"https://{self.address}:{PORT}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server certificate, in lower case hex: what an inventory pins."""
        pem = (self.directory / "server.crt").read_text()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    @property
    def pid(self) -> int:
        """The daemon's process, as seen from outside."""
        if self._process is None:
            raise LabError(f"{self.name} is not running")
        return wait_child(self._process)

    def set_up(self) -> None:
        """Connect to the bridge, start, open the HTTPS door and make the pool. Once in a daemon's life."""
        self.directory.mkdir(mode=0o711)
        self._connect()
        self.start()
        config = {"core.https_address": f"{self.address}:{PORT}", "core.trust_password": self.trust_password}
        self.query("PATCH", "/1.0", {"config": config})
        self.query("POST", "/1.0/storage-pools", {"name": POOL, "driver": "btrfs", "config": {"size": POOL_SIZE}})

    def _connect(self) -> None:
        hub, inside = f"--target={self._hub.pid}", self._space
        # Not through Space.run: the pid that names the far namespace is one of the outer PID namespace.
        run("nsenter", hub, "--net", "ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(inside.pid))
        run("nsenter", hub, "--net", "ip", "link", "set", self.name, "master", "lab", "up")
        inside.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        inside.run("ip", "link", "set", "eth0", "up")
        inside.run("ip", "route", "add", "default", "via", self._gateway)

    def start(self, patience: float = 30) -> None:
        """Start the daemon and wait until it answers. Does nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        environment = {"LXD_DIR": str(self.directory)}
        # Only LXD is given the library, not nsenter before it.
        words = ("env", f"LD_PRELOAD={self.preload}", "lxd") if self.preload else ("lxd",)
        with self.log.open("ab") as log:
            self._process = self._space.spawn(*words, "--group", "root", "--logfile", f"{self.log}.lxd", env=environment, log=log)
        deadline = time.monotonic() + patience
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"{self.name} did not come up; the end of {self.log}:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return rest.raw(self.socket, "GET", "/internal/ready", timeout=30)[0] == 200
        except OSError:
            return False

    def stop(self, timeout: int = 20) -> None:
        """Shut down as an operator would (`lxd shutdown`: containers are stopped); after the time-out kill the daemon."""
        if self._process is None:
            return
        try:
            self.inside("env", f"LXD_DIR={self.directory}", "lxd", "shutdown", f"--timeout={timeout}", timeout=timeout + 5)
            self._process.wait(timeout)
        except (LabError, subprocess.TimeoutExpired):
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL the daemon alone: its containers go on."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Kill and start."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Take down everything of this daemon at once: processes, containers, mounts, interfaces. Its files stay for `Lab.close`."""
        self._space.close()
        if self._process is not None:
            self._process.wait()
        self._process = None

    def cut(self) -> None:
        """Partition the host: its link goes down, the daemon and the unix socket live on."""
        run("nsenter", f"--target={self._hub.pid}", "--net", "ip", "link", "set", self.name, "down")

    def heal(self) -> None:
        """End a partition."""
        run("nsenter", f"--target={self._hub.pid}", "--net", "ip", "link", "set", self.name, "up")

    def inside(self, *command: str, timeout: float = 30) -> str:
        """Run a program in the host's namespaces, such as `ip addr` or `nft list ruleset`; return what it printed."""
        return self._space.run(*command, timeout=timeout)

    def lxc(self, *arguments: str, timeout: float = 60) -> str:
        """Run the `lxc` client against this daemon with a configuration of its own; return what it printed."""
        environment = {"PATH": PATH, "HOME": "/root", "LXD_DIR": str(self.directory), "LXD_CONF": str(self._client)}
        done = subprocess.run(
            ["lxc", *arguments], check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )
        if done.returncode:
            raise LabError(f"lxc {' '.join(arguments)} on {self.name}: {done.stderr.strip()}")
        return done.stdout

    def trust_token(self, name: str) -> str:
        """A token with which one client may enrol its certificate."""
        return self.lxc("config", "trust", "add", "--name", name).split()[-1]

    def query(self, method: str, target: str, body: object = None) -> Any:
        """One REST request over the unix socket carried to its end (operations are waited for): the metadata. See `rest.query`."""
        return rest.query(self.socket, method, target, body)

    def add_image(self, tarball: Path, alias: str, project: str = "default") -> str:
        """Import an image and name it; return its fingerprint. Both are left as they are when they are there."""
        fingerprint = hashlib.sha256(tarball.read_bytes()).hexdigest()
        known = self.query("GET", f"/1.0/images?project={project}")
        if f"/1.0/images/{fingerprint}" not in {item.partition("?")[0] for item in known}:
            self.query("POST", f"/1.0/images?project={project}", tarball.read_bytes())
        if not any(item.partition("?")[0].endswith(f"/{alias}") for item in self.query("GET", f"/1.0/images/aliases?project={project}")):
            self.query("POST", f"/1.0/images/aliases?project={project}", {"name": alias, "target": fingerprint})
        return fingerprint
